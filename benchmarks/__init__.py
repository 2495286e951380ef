"""The suite that asv runs: one module per domain, one class per workload."""

from hwperf.asv.benchmark_type import register

register()
