"""Several cores at once: scaling, shared lines, locks, the system. One module per topic."""

from hwperf.domains.multicore.amdahl import amdahl
from hwperf.domains.multicore.bandwidth import bandwidth
from hwperf.domains.multicore.cores import core_to_core
from hwperf.domains.multicore.flops import flops
from hwperf.domains.multicore.interpreter import threads_or_processes
from hwperf.domains.multicore.loaded import loaded_latency
from hwperf.domains.multicore.locks import mutex
from hwperf.domains.multicore.regions import parallel_region
from hwperf.domains.multicore.sharing import atomic, false_sharing, shared_line
from hwperf.domains.multicore.siblings import smt
from hwperf.domains.multicore.system import system

__all__ = [
    "amdahl",
    "atomic",
    "bandwidth",
    "core_to_core",
    "false_sharing",
    "flops",
    "loaded_latency",
    "mutex",
    "parallel_region",
    "shared_line",
    "smt",
    "system",
    "threads_or_processes",
]
