"""The section on one core. This module draws arithmetic, branches, calls and matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.report.pages import marks, roofs
from hwperf.report.pages import rows as made
from hwperf.report.pages.parts import Block, Chart, Section, Words
from hwperf.report.pages.points import Points, number, tag
from hwperf.units import format_quantity

__all__ = ["section"]

WIDTHS = ("scalar", "128", "256", "512")
DTYPES = ("f64", "f32", "f16", "bf16")
_BAR = {"label": "what", "series": "group", "y": "value", "lo": "low_99", "hi": "high_99",
        "verdict": "verdict"}  # fmt: skip


def section(points: Points) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    peak = _fastest(points)
    if peak is not None:
        blocks.append(Words(_sentence(points, peak), "lead"))
    blocks += roofs.blocks(points)
    for draw in (_surface, _products, _latencies, _branches, _vectors, _calls):
        blocks += draw(points)
    return Section("cpu", "One core", tuple(blocks))


def _fastest(points: Points, dtype: str = "f64") -> Measurement | None:
    """Return the best multiply-add of one core on this type, or None."""
    return points.best("simd.fma", dtype=dtype)


def _sentence(points: Points, peak: Measurement) -> str:
    words = f"One core reaches {format_quantity(peak.value, 'FLOP/s')} (f64, "
    words += f"{peak.params.get('width')}-bit vectors)"
    clock = points.value("core.clock")
    if clock and peak.value:
        words += f": {peak.value / clock:.1f} FLOP per cycle at {format_quantity(clock, 'Hz')}"
    return f"{words}."


def _surface(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.all_of("simd.fma"):
        dtype, width, chains = (m.params.get(n) for n in ("dtype", "width", "chains"))
        if number(chains) is None:
            continue
        place = _place(DTYPES, dtype) * 10 + _place(WIDTHS, width)
        cell = {"x": chains, "column": str(chains), "y2": place, "row": f"{dtype} {width}"}
        at = f"{dtype}, width {width}, {chains} chains"
        if m.value is None:
            rows.append(made.gap(m, at=at, **cell))
        else:
            rate = m.value / 1e9
            rows.append(made.mark(m, at=at, value=rate, text=made.cell(m, f"{rate:.3g}"), **cell))  # type: ignore[arg-type]
    if any(row["kind"] == "mark" for row in rows):
        yield Chart(
            "cpu-fma", "Multiply-adds: width, chains and type",
            marks.heat("independent chains", "", row_height=24), made.shades(rows),
            {"row": "type_and_width", "x": "chains", "value": "GFLOP/s", "verdict": "verdict"},
            caption="GFLOP/s of one core, in registers. To the right: enough independent work to "
            "hide the latency of each operation. Downwards: wider vectors.",
            alt=made.in_words("Throughput of multiply-adds", rows, "GFLOP/s", key="value"),
            compares="beside",
        )  # fmt: skip
    yield from points.missing("simd.fma", what="Multiply-adds")


def _products(points: Points) -> Iterator[Block]:
    found = points.of("simd.gemm")
    rows = []
    for m in found:
        n, threads = m.params.get("n"), m.params.get("threads")
        label = f"{m.params.get('library')} {m.params.get('dtype')}, {threads} thread"
        label += "s" if threads == "all" else ""
        rows.append(
            made.mark(m, at=f"{label}, n = {n}", label=label, series=f"n = {n}", shape="product")
        )
    for label, peak in _peaks(points, found).items():
        words = f"peak {format_quantity(peak * 1e9, 'FLOP/s')}"
        rows.append({"kind": "mark", "label": label, "y": peak, "series": "peak", "shape": "peak",
                     "at": label, "told": words, "verdict": "ok"})  # fmt: skip
    if rows:
        yield Chart(
            "cpu-gemm", "Matrix products against peak",
            marks.dots("GFLOP/s", shapes=True), rows,
            {**_BAR, "series": "size", "shape": "shape", "y": "GFLOP/s"},
            caption="Peak is the best multiply-add in registers of that type (simd.fma), for all "
            "threads times what they gain together (multicore.flops). A library nears it "
            "with large matrices.",
            alt=made.in_words("Throughput of matrix products", rows, "GFLOP/s"),
        )  # fmt: skip
    if not rows:
        yield from points.missing("simd.gemm", what="Matrix products")


def _peaks(points: Points, found: list[Measurement]) -> dict[str, float]:
    """Return the peak in GFLOP/s for each row of the matrix products that has one."""
    one = points.value("multicore.flops", threads=1)
    most = points.best("multicore.flops")
    gain = most.value / one if most is not None and most.value and one else None
    peaks = {}
    for m in found:
        core = _fastest(points, str(m.params.get("dtype")))
        is_one = m.params.get("threads") == "one"
        factor = 1.0 if is_one else gain
        if core is not None and core.value and factor:
            label = f"{m.params.get('library')} {m.params.get('dtype')}, "
            label += "one thread" if is_one else "all threads"
            peaks[label] = core.value * factor / 1e9
    return peaks


def _latencies(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("simd.operation_latency"):
        clock = number(tag(m, "clock_hz")) or points.value("core.clock")
        if clock:
            rows.append(_bar(m, m.params.get("operation"), 1 / clock, "cycles"))
    if rows:
        yield Chart(
            "cpu-latency", "Latency of an operation", marks.bars("cycles"), rows,
            {**_BAR, "y": "cycles"},
            caption="In a chain in which each needs the result before: time multiplied by the "
            "clock that was measured beside it. Register operations are whole numbers of cycles.",
            alt=made.in_words("Cycles per operation", rows, "cycles"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("simd.operation_latency", what="Latency of operations")


def _branches(points: Points) -> Iterator[Block]:
    rows = [_bar(m, m.params.get("pattern"), 1e-9, "ns") for m in points.of("simd.branch")]
    if rows:
        yield Chart(
            "cpu-branch", "A branch, predicted or not", marks.bars("ns per jump"), rows,
            {**_BAR, "y": "ns"},
            caption="The same loop over the same bytes in another order: what it costs when the "
            "core guesses wrong half of the time.",
            alt=made.in_words("Time per conditional jump", rows, "ns"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("simd.branch", what="Branches")


def _vectors(points: Points) -> Iterator[Block]:
    rows = made.over(points.of("simd.vector_add"), "n", lambda p: p.get("how"), str)
    if rows:
        yield Chart(
            "cpu-vector-add", "A loop in Python, or one call",
            marks.curve("numbers in each vector", "ns per number", x="log", height=220), rows,
            {**made.COLUMNS, "x": "n", "y": "ns"},
            caption="Adding two vectors. The call costs the same however long they are: short "
            "vectors pay for it.",
            alt=made.in_words("Time per added number", rows, "ns"), is_small=True,
        )  # fmt: skip


def _calls(points: Points) -> Iterator[Block]:
    rows = [
        made.mark(m, at=m.params.get("what"), label=m.params.get("what"))
        for m in points.of("simd.call_overhead")
    ]
    if rows:
        yield Chart(
            "cpu-calls", "What a call from Python costs", marks.dots("ns per call", colors=False),
            rows, {**_BAR, "y": "ns"}, caption="A function that takes a few nanoseconds itself.",
            alt=made.in_words("Time per call", rows, "ns"), is_small=True,
        )  # fmt: skip


def _bar(m: Measurement, label: object, factor: float, unit: str) -> dict[str, Any]:
    row = made.mark(m, at=label, label=label, factor=factor)
    return {**row, "text": f"{row['y']:.3g} {unit}"}


def _place(order: tuple[str, ...], value: object) -> int:
    return order.index(str(value)) if str(value) in order else len(order)
