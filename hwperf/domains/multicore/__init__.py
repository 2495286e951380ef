"""Several cores at once: scaling, shared lines, locks, the system. One module per topic."""

from hwperf.domains.multicore.amdahl import amdahl
from hwperf.domains.multicore.bandwidth import bandwidth
from hwperf.domains.multicore.cores import core_to_core
from hwperf.domains.multicore.flops import flops
from hwperf.domains.multicore.loaded import loaded_latency
from hwperf.domains.multicore.sharing import atomic, false_sharing, shared_line
from hwperf.domains.multicore.siblings import smt

__all__ = [
    "amdahl",
    "atomic",
    "bandwidth",
    "core_to_core",
    "false_sharing",
    "flops",
    "loaded_latency",
    "shared_line",
    "smt",
]
