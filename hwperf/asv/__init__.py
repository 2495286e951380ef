"""Everything that knows asv. This module is the only package that imports it."""
