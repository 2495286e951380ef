"""The roofline. This module draws the ceilings of a machine and measured kernels under them.

Source: Williams, Waterman, Patterson (2009), "Roofline: an insightful visual performance model".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.report.pages import marks
from hwperf.report.pages import rows as made
from hwperf.report.pages.parts import Block, Chart
from hwperf.report.pages.points import Points, amount, number, size
from hwperf.report.roofline import Ceiling, ceilings
from hwperf.units import format_quantity

__all__ = ["blocks"]

_LEAST, _MOST = 1 / 32, 1024.0  # FLOP/B, the width of the chart.


def blocks(points: Points) -> Iterator[Block]:
    """Yield the roofline of double precision, where there is a ceiling of each kind."""
    found = ceilings(points.run)
    if not found.bandwidths or not found.throughputs:
        return
    rows: list[dict[str, Any]] = []
    for slope in found.bandwidths:
        ridge = found.ridge(slope)
        if ridge is not None:
            rows += [_end("slope", slope, x) for x in (_LEAST, max(ridge, _LEAST))]
    steepest = max(slope.value for slope in found.bandwidths)
    for top in found.throughputs:
        left = min(max(top.value / steepest, _LEAST), _MOST)
        rows += [_end("top", top, left), {**_end("top", top, _MOST), "label": _named(top)}]
    rows += _measured(points)
    yield Chart(
        "cpu-roofline", "Roofline, f64",
        marks.roofline("FLOP per byte moved", "GFLOP/s"), rows,
        {"kind": "kind", "series": "ceiling", "x": "FLOP_per_byte", "y": "GFLOP/s", "at": "kernel",
         "verdict": "verdict"},
        caption="Lines: what this machine was measured to do; slopes are bandwidths, levels are "
        "arithmetic. Points: measured kernels; those left of a corner wait for memory.",
        alt=f"Roofline. {'; '.join(_named(each) for each in found.all)}.",
    )  # fmt: skip


def _named(ceiling: Ceiling) -> str:
    return f"{ceiling.name}: {format_quantity(ceiling.value, ceiling.unit)}"


def _end(kind: str, ceiling: Ceiling, x: float) -> dict[str, Any]:
    return {"kind": kind, "x": x, "y": ceiling.rate(x) / 1e9, "series": _named(ceiling), "at": "",
            "verdict": ceiling.verdict}  # fmt: skip


def _measured(points: Points) -> Iterator[dict[str, Any]]:
    """Yield measured kernels of double precision, where FLOP and nominal bytes are known."""
    for m in points.of("memory.triad", stores="regular", pages="huge"):
        yield from _kernel(m, "triad", size(m.params.get("nbytes")))
    for name in ("axpy", "dot"):
        for m in points.of(f"simd.{name}", library="numpy"):
            yield from _kernel(m, f"{name}, numpy", size(m.params.get("nbytes")))
    for m in points.of("simd.gemm", dtype="f64"):
        n = number(m.params.get("n"))
        if n and n > 0 and m.value:
            # Each of three matrices is moved at least once: 2 n^3 FLOP over 3 n^2 times 8 B.
            which = f"n = {n:.0f}, {m.params.get('threads')} threads"
            yield _point(m, "matrix product", which, n / 12, m.value)


def _kernel(m: Measurement, name: str, which: str) -> Iterator[dict[str, Any]]:
    nbytes, flops = (amount(m, each) for each in ("bytes", "flops"))
    if nbytes and flops and m.value:
        yield _point(m, name, which, flops / nbytes, m.value * flops / nbytes)


def _point(m: Measurement, name: str, which: str, x: float, flops: float) -> dict[str, Any]:
    row = made.mark(m, at=f"{name}, {which}", x=min(max(x, _LEAST), _MOST), shape=name)
    told = f"{format_quantity(flops, 'FLOP/s')} at {x:.3g} FLOP/B"
    del row["of"]  # That it lies under a roof says little of it: it is drawn elsewhere, too.
    return {**row, "y": flops / 1e9, "lo": None, "hi": None, "told": told}
