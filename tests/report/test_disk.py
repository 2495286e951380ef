"""The summary's lines about storage."""

from __future__ import annotations

from typing import Any

from hwperf.report import disk
from hwperf.report.readings import Reading, Readings
from hwperf.units import KiB, MiB


def sequential(word: str, value: float, **params: Any) -> Reading:
    chosen = {"block_bytes": MiB, "io": "direct", "queue_depth": 1, "pages": "small", **params}
    return Reading(f"storage.sequential_{word}", chosen, value)


def at_random(depth: int, value: float) -> Reading:
    params = {"block_bytes": 4 * KiB, "queue_depth": depth}
    return Reading("storage.random_read", params, value)


def cached(cache: str, value: float) -> Reading:
    return Reading(
        "storage.cached_read", {"how": "read", "cache": cache, "read_ahead": "on"}, value
    )


def test_the_best_of_large_transfers_and_small_ones_alone_and_at_once() -> None:
    readings = [
        sequential("read", 1e9), sequential("read", 3e9, pages="huge", queue_depth=8),
        sequential("read", 9e9, io="buffered"), sequential("write", 2e9),
        at_random(1, 15e3), at_random(32, 60e3), at_random(64, 99e3),
    ]  # fmt: skip
    assert disk.transfers(Readings(readings)) == [
        "read 3.00 GB/s", "write 2.00 GB/s", "4 KiB at random 15.0 kop/s", "32 at once 60.0 kop/s",
    ]  # fmt: skip


def test_what_is_durable_and_what_the_page_cache_saves() -> None:
    fsync = Reading("storage.fsync", {"how": "fdatasync"}, 120e-6)
    assert disk.durable(Readings([fsync, cached("cold", 1e9), cached("warm", 5e9)])) == [
        "4 KiB 120 µs", "a file cold 1.00 GB/s, warm 5.00 GB/s",
    ]  # fmt: skip


def test_what_was_not_measured_is_left_out() -> None:
    assert disk.transfers(Readings([])) == []
    assert disk.durable(Readings([cached("cold", 1e9)])) == []
