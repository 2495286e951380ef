"""Canaries for anybody's asv suite: one line in a module of the suite adds them::

    from hwperf.canaries import *

This package gives that module eight short benchmarks of the hardware, which asv runs and keeps
beside the suite's own; ``hwperf verdict`` then tells a slower machine from slower code. Importing
it touches no hardware and loads no heavy library.
"""

from __future__ import annotations

from hwperf.canaries.classes import (
    HwperfCanaryCoreClock,
    HwperfCanaryFileSync,
    HwperfCanaryHostToDevice,
    HwperfCanaryL2Latency,
    HwperfCanaryL3Latency,
    HwperfCanaryMemoryBandwidth,
    HwperfCanaryMemoryLatency,
    HwperfCanarySystemCall,
)

# What the star brings into a suite: classes that asv collects, and nothing else.
__all__ = [
    "HwperfCanaryCoreClock",
    "HwperfCanaryFileSync",
    "HwperfCanaryHostToDevice",
    "HwperfCanaryL2Latency",
    "HwperfCanaryL3Latency",
    "HwperfCanaryMemoryBandwidth",
    "HwperfCanaryMemoryLatency",
    "HwperfCanarySystemCall",
]
