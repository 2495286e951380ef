"""hwperf."""
