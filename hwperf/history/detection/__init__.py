"""The detection of steps in one series. This package holds its method, one idea per file."""
