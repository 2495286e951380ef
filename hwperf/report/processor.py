"""What the cores can do, in words. This module writes the summary's lines about arithmetic."""

from __future__ import annotations

from hwperf.report.readings import Reading, Readings
from hwperf.units import format_quantity

__all__ = ["many_cores", "multiply_adds"]


def multiply_adds(readings: Readings, clock_hz: float | None) -> list[str]:
    """Return the best point of each type of multiply-add, and what one chain takes.

    Args:
        readings: the points of one run.
        clock_hz: the core's clock, or None.
    """
    shown = []
    for dtype in ("f64", "f32"):
        best = max((value for _, value in _points(readings, dtype)), default=None)
        if best is None:
            continue
        words = f"{dtype} {format_quantity(best, 'FLOP/s')}"
        if clock_hz and dtype == "f64":
            words += f" = {best / clock_hz:.1f} FLOP/cycle"
        shown.append(words)
    one = readings.value("simd.fma", dtype="f64", width="scalar", chains=1)
    if one is not None and clock_hz:
        shown.append(f"one after the other {2 * clock_hz / one:.1f} cycles")
    return shown


def _points(readings: Readings, dtype: str) -> list[tuple[str, float]]:
    return [
        (str(r.params.get("width")), r.value)
        for r in readings.all
        if r.workload_id == "simd.fma" and r.value is not None and r.params.get("dtype") == dtype
    ]


def many_cores(readings: Readings) -> list[str]:
    """Return what the most threads that were measured did together."""
    scaled = readings.curve("multicore.flops", "threads")
    shown = []
    if scaled and scaled[-1][0] > 1:
        threads, rate = scaled[-1]
        shown.append(f"{threads} x FMA {format_quantity(rate, 'FLOP/s')}")
        point = readings.reading("multicore.flops", threads=threads)
        if point is not None and point.ratios:  # To one thread, in the same samples.
            shown[-1] += f" = {next(iter(point.ratios.values())):.2f} cores"
        for kernel in ("read", "copy"):
            found = readings.reading("multicore.bandwidth", threads=threads, kernel=kernel)
            shown += _placed(kernel, found, "B/s")
    return [*shown, *_placed("core to core", readings.reading("multicore.core_to_core"), "s")]


def _placed(name: str, found: Reading | None, unit: str) -> list[str]:
    """Return a point with how the CPUs lay: near and far are two machines."""
    if found is None or found.value is None:
        return []
    return [f"{name} {format_quantity(found.value, unit)} {found.placement}".rstrip()]
