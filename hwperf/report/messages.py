"""What sending costs, in words. This module writes the summary's lines on devices and network."""

from __future__ import annotations

from hwperf.report.readings import Readings
from hwperf.units import MiB, format_quantity

__all__ = ["device", "network"]

_LARGE = 64 * MiB
_WORDS = {"tcp": "TCP", "unix": "Unix socket", "shared_memory": "shared memory"}
_TYPES = ("f32", "bf16")


def device(readings: Readings) -> list[str]:
    """Return the link to the chosen device, what a launch costs, and its largest rates."""
    shown = []
    for word in ("host_to_device", "device_to_host"):
        for memory in ("pinned", "pageable"):
            rate = readings.value(f"transfer.{word}", nbytes=_LARGE, memory=memory)
            if rate is not None:
                direction = "to it" if word == "host_to_device" else "from it"
                shown.append(f"{direction} {format_quantity(rate, 'B/s')} {memory}")
                break
    launch = readings.value("transfer.launch", how="queued")
    if launch is not None:
        shown.append(f"launch {format_quantity(launch, 's')}")
    memory_rate = readings.value("transfer.stream", op="triad", dtype="f32")
    if memory_rate is not None:
        shown.append(f"triad {format_quantity(memory_rate, 'B/s')}")
    for dtype in _TYPES:
        rates = [rate for _, rate in readings.curve("transfer.gemm", "n", dtype=dtype)]
        if rates:
            shown.append(f"{dtype} {format_quantity(max(rates), 'FLOP/s')}")
    return shown


def network(readings: Readings) -> list[str]:
    """Return the round trips of a byte on this host, and what a stream of large messages moves."""
    shown = []
    for transport, words in _WORDS.items():
        trip = readings.value("network.round_trip", transport=transport, nbytes=1)
        if trip is not None:
            shown.append(f"{words} {format_quantity(trip, 's')}")
    rate = readings.value("network.bandwidth", transport="tcp", nbytes=1 * MiB, zero_copy="off")
    if rate is not None:
        shown.append(f"TCP {format_quantity(rate, 'B/s')} at 1 MiB")
    return shown
