"""Accelerators and what lies between: copies, launches, overlap, and what the device computes."""

from hwperf.domains.transfer.between import device_to_device, peer
from hwperf.domains.transfer.both_ways import bidirectional, overlap
from hwperf.domains.transfer.chunks import chunks
from hwperf.domains.transfer.copies import device_to_host, host_to_device
from hwperf.domains.transfer.feed import feed
from hwperf.domains.transfer.first_use import first_use
from hwperf.domains.transfer.fit import fit
from hwperf.domains.transfer.gemm import gemm
from hwperf.domains.transfer.latency import latency
from hwperf.domains.transfer.launch import launch
from hwperf.domains.transfer.round_trip import round_trip
from hwperf.domains.transfer.stream import stream
from hwperf.domains.transfer.threads import coalesce, diverge, ramp

__all__ = [
    "bidirectional",
    "chunks",
    "coalesce",
    "device_to_device",
    "device_to_host",
    "diverge",
    "feed",
    "first_use",
    "fit",
    "gemm",
    "host_to_device",
    "latency",
    "launch",
    "overlap",
    "peer",
    "ramp",
    "round_trip",
    "stream",
]
