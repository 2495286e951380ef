"""The block at the end of a run. This module says in a few lines what a machine can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hwperf.report import disk, messages, processor
from hwperf.report.hierarchy import Level, levels
from hwperf.report.readings import Readings
from hwperf.units import KiB, MiB, format_bytes, format_quantity

__all__ = ["MOST_LINES", "summary"]

MOST_LINES = 19
_LABEL = 12  # Width of the first column.
_MOST_CACHES = 3  # Where the system reports none.


def summary(
    readings: Readings, *, machine: str, reported: Mapping[int, int] | None = None
) -> list[str]:
    """Return at most :data:`MOST_LINES` lines with this machine in numbers.

    Args:
        readings: the points of one run.
        machine: one line that names the machine.
        reported: cache sizes in bytes by level, as the system reports them.
    """
    clock = readings.value("core.clock")
    found = _levels(readings)
    verdicts = Counter(r.verdict for r in readings.all)
    counts = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
    lines = [machine, _line("points", [counts])]
    lines.append(_line("clock", [] if clock is None else [format_quantity(clock, "Hz")]))
    lines += _hierarchy(found, clock, reported or {})
    lines.append(_line("DRAM", _dram(readings)))
    for kernel in ("read", "copy", "triad"):
        lines.append(_line(kernel, _bandwidths(readings, kernel)))
    lines.append(_line("random 8 B", _random(readings)))
    lines.append(_line("16 chains", _parallel(readings)))
    lines.append(_line("FMA", processor.multiply_adds(readings, clock)))
    lines.append(_line("all threads", processor.many_cores(readings)))
    lines.append(_line("disk", disk.transfers(readings)))
    lines.append(_line("durable", disk.durable(readings)))
    lines.append(_line("round trip", messages.network(readings)))
    lines.append(_line("device", messages.device(readings)))
    return [line for line in lines if line][:MOST_LINES]


def _levels(readings: Readings) -> tuple[Level, ...]:
    for pages in ("huge", "small"):
        curve = readings.curve("memory.latency", "nbytes", pages=pages, order="whole")
        if len(curve) > 8:
            return levels(*map(list, zip(*curve, strict=True)))
    return ()


def _hierarchy(
    found: tuple[Level, ...], clock: float | None, reported: Mapping[int, int]
) -> list[str]:
    lines = []
    # Beyond the caches that the system reports, only translation makes memory look like levels.
    for number, level in enumerate(found[: max(reported, default=_MOST_CACHES)], start=1):
        if level.capacity_bytes is None:
            break
        parts = [format_quantity(level.latency_s, "s")]
        if clock:
            parts.append(f"{level.latency_s * clock:.1f} cycles")
        size = f"holds {format_bytes(level.capacity_bytes)} as measured"
        told = reported.get(number)
        if told:
            size += f", the system reports {format_bytes(told)}"
            if not told / 2 <= level.capacity_bytes <= told * 2:
                size += ": a share of it, or it is shared"
        lines.append(_line(f"L{number} latency", [*parts, size]))
    return lines


def _dram(readings: Readings) -> list[str]:
    """The three honest latencies of memory: translation left out, with huge pages, with small."""
    size = 256 * MiB
    shown = []
    for words, pages, order in (
        ("within 256 KiB windows", "huge", "local"),
        ("huge pages", "huge", "whole"),
        ("small pages", "small", "whole"),
    ):
        value = readings.value("memory.latency", nbytes=size, pages=pages, order=order)
        if value is not None:
            shown.append(f"{format_quantity(value, 's')} {words}")
    return shown


def _bandwidths(readings: Readings, kernel: str) -> list[str]:
    shown = []
    for level, nbytes in (("L1", 8 * KiB), ("L2", 64 * KiB), ("L3", 2 * MiB), ("DRAM", 256 * MiB)):
        stores = {} if kernel == "read" else {"stores": "regular"}
        best = _on_best_pages(readings, f"memory.{kernel}", nbytes=nbytes, **stores)
        if best is not None:
            shown.append(f"{level} {format_quantity(best, 'B/s')}")
    if kernel != "read":
        best = _on_best_pages(readings, f"memory.{kernel}", nbytes=256 * MiB, stores="streaming")
        if best is not None:
            shown.append(f"DRAM streaming {format_quantity(best, 'B/s')}")
    return shown


def _on_best_pages(readings: Readings, workload_id: str, **params: Any) -> float | None:
    for pages in ("huge", "small"):
        value = readings.value(workload_id, pages=pages, **params)
        if value is not None:
            return value
    return None


def _random(readings: Readings) -> list[str]:
    shown = []
    for burst in (8, 4096):
        cost = _on_best_pages(readings, "memory.random_read", burst_bytes=burst)
        if cost is not None:
            shown.append(
                f"{format_bytes(burst)} at random {format_quantity(cost, 's')} each"
                f" = {format_quantity(burst / cost, 'B/s')}"
            )
    return shown


def _parallel(readings: Readings) -> list[str]:
    one = _on_best_pages(readings, "memory.parallel_latency", chains=1)
    many = _on_best_pages(readings, "memory.parallel_latency", chains=16)
    if one is None or many is None:
        return []
    return [
        f"{format_quantity(many, 's')} per load against {format_quantity(one, 's')} for one:"
        f" {one / many:.1f} at once"
    ]


def _line(label: str, parts: list[str]) -> str:
    return f"{label:<{_LABEL}} {', '.join(parts)}" if parts else ""
