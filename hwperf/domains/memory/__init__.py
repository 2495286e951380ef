"""Memory from L1 to DRAM: latency, bandwidth, locality, translation. One module per topic."""

from hwperf.domains.memory.access import alignment, random_read, stride
from hwperf.domains.memory.bandwidth import add, copy, fill, read, scale, triad
from hwperf.domains.memory.latency import latency, parallel_latency
from hwperf.domains.memory.locality import blocked, walk
from hwperf.domains.memory.paging import first_touch, tlb

__all__ = [
    "add",
    "alignment",
    "blocked",
    "copy",
    "fill",
    "first_touch",
    "latency",
    "parallel_latency",
    "random_read",
    "read",
    "scale",
    "stride",
    "tlb",
    "triad",
    "walk",
]
