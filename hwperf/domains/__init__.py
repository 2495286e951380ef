"""The built-in workloads. This package holds one module or package per domain, found as plugins."""
