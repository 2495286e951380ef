"""What the disk does, in words. This module writes the summary's lines about storage."""

from __future__ import annotations

from hwperf.report.readings import Readings
from hwperf.units import KiB, MiB, format_quantity

__all__ = ["durable", "transfers"]


def transfers(readings: Readings) -> list[str]:
    """Return large transfers one after the other, and small ones at random places."""
    shown = []
    for word in ("read", "write"):
        best = max(
            (
                value
                for pages in ("small", "huge")
                for _, value in readings.curve(
                    f"storage.sequential_{word}",
                    "queue_depth",
                    block_bytes=1 * MiB,
                    io="direct",
                    pages=pages,
                )
            ),
            default=None,
        )
        if best is not None:
            shown.append(f"{word} {format_quantity(best, 'B/s')}")
    for depth in (1, 32):
        rate = readings.value("storage.random_read", block_bytes=4 * KiB, queue_depth=depth)
        if rate is not None:
            words = "4 KiB at random" if depth == 1 else f"{depth} at once"
            shown.append(f"{words} {format_quantity(rate, 'op/s')}")
    return shown


def durable(readings: Readings) -> list[str]:
    """Return what a small write takes until it would survive, and what the page cache saves."""
    shown = []
    latency = readings.value("storage.fsync", how="fdatasync")
    if latency is not None:
        shown.append(f"4 KiB {format_quantity(latency, 's')}")
    cold, warm = (
        readings.value("storage.cached_read", how="read", cache=cache, read_ahead="on")
        for cache in ("cold", "warm")
    )
    if cold is not None and warm is not None:
        shown.append(
            f"a file cold {format_quantity(cold, 'B/s')}, warm {format_quantity(warm, 'B/s')}"
        )
    return shown
