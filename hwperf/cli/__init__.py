"""The command line. This package holds one module per verb: parsing and printing only."""
