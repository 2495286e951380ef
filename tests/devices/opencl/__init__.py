"""The OpenCL back end: on PoCL in a process of its own, and on drivers that fail."""
