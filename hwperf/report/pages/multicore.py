"""The section on many cores. This module draws scaling, loaded memory and what sharing costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.report.pages import marks, scaling
from hwperf.report.pages import rows as made
from hwperf.report.pages.parts import Block, Chart, Section, shortened
from hwperf.report.pages.points import Points, counted, figure, number, size
from hwperf.units import format_quantity

__all__ = ["section"]

_MOST_WRITTEN = 12  # Cells beside each other that have room for a number.
_MOST_CPUS = 32  # Of the heat map; beyond, neighbouring CPUs share a cell.
_COLUMNS = {**made.COLUMNS, "x": "threads"}


def section(points: Points) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    for draw in (_scaling, _loaded, _matrix, _sharing, _system, _workers):
        blocks += draw(points)
    return Section("multicore", "Many cores", tuple(blocks))


def _scaling(points: Points) -> Iterator[Block]:
    rows: list[dict[str, Any]] = []
    fitted = []
    for name, measurements in _series(points).items():
        one = next((m.value for m in measurements if m.params.get("threads") == 1), None)
        if not one:
            continue
        for row in made.over(
            measurements, "threads", lambda p, name=name: name, str, factor=one  # type: ignore[misc]
        ):  # fmt: skip
            rows.append({**row, "told": f"{row['y']:.3g} times one thread: {row['told']}"})
        mine = [(r["x"], r["y"]) for r in rows if r["series"] == name]
        fitted += _fit(name, [x for x, _ in mine], [y for _, y in mine], rows)
    if not rows:
        yield from points.missing("multicore.flops", "multicore.bandwidth", what="Scaling")
        return
    most = max(row["x"] for row in rows)
    rows += [{**_place("ideal", n, n), "kind": "ideal"} for n in _powers(most)]
    laws = (
        f"Dotted: fitted laws. {' '.join(fitted)}"
        if fitted
        else f"No law is fitted through fewer than {scaling.FEWEST} counts of threads."
    )
    yield Chart(
        "multicore-scaling", "Scaling",
        marks.curve("threads", "times one thread", x="count", y="linear"), rows,
        {**_COLUMNS, "y": "times_one_thread"},
        caption="Arithmetic in registers scales with the cores, memory until it is saturated. "
        f"Faint: ideal. {laws}",
        alt=made.in_words("Speed-up by number of threads", rows, "times"),
    )  # fmt: skip
    if any(m.value is None for m in points.all_of("multicore.flops")):
        yield from points.missing("multicore.flops", what="Scaling")


def _series(points: Points) -> Mapping[str, list[Measurement]]:
    found = {"multiply-adds": points.of("multicore.flops")}
    for kernel in ("read", "copy", "triad"):
        found[f"memory {kernel}"] = points.of("multicore.bandwidth", kernel=kernel)
    for m in points.of("multicore.amdahl"):
        name = f"{shortened(m.params.get('serial_percent'))} % serial"
        found.setdefault(name, []).append(m)
    return {name: measurements for name, measurements in found.items() if measurements}


def _fit(
    name: str, threads: list[float], speed_ups: list[float], rows: list[dict[str, Any]]
) -> list[str]:
    """Add the better law's curve to *rows*; return what it found, in words."""
    law = scaling.usl(threads, speed_ups)
    serial = scaling.amdahl(threads, speed_ups)
    if law is None or serial is None:
        return []
    s, k = law
    for n in _powers(max(threads)):
        rows.append(_place(name, n, n / (1 + s * (n - 1) + k * n * (n - 1))))
    words = f"{name}: Amdahl {100 * serial:.3g} % serial; USL {100 * s:.3g} % serial"
    return [f"{words}, coherence {100 * k:.3g} %."]


def _place(name: str, n: float, y: float) -> dict[str, Any]:
    return {"kind": "fit", "x": n, "y": y, "series": name, "at": name, "verdict": "ok"}


def _powers(most: float) -> list[float]:
    return [n for n in (2 ** (i / 2) for i in range(40)) if n <= most * 1.001]


def _loaded(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("multicore.loaded_latency"):
        x = number(figure(m, "drawn"))
        percent = m.params.get("load_percent")
        if x is not None or percent == 0:
            rows.append(made.mark(m, at=f"{percent} % load", x=(x or 0.0) / 1e9))
    if rows:
        rows.sort(key=lambda row: row["x"])
        yield Chart(
            "multicore-loaded", "Latency under load",
            marks.curve("GB/s that the other cores draw", "ns per load", x="linear", y="linear",
            height=220, colors=False), rows, {**made.COLUMNS, "x": "GB/s", "y": "ns"},
            caption="A chase through memory while other cores read. The knee is where queues form.",
            alt=made.in_words("Latency of memory under load", rows, "ns"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("multicore.loaded_latency", what="Latency under load")


def _matrix(points: Points) -> Iterator[Block]:
    m = next(iter(points.of("multicore.core_to_core")), None)
    cells, cpus = figure(m, "matrix"), figure(m, "cpus")
    if m is None or not isinstance(cells, list) or not cells:
        yield from points.missing("multicore.core_to_core", what="Core to core")
        return
    names = (
        [str(c) for c in cpus] if isinstance(cpus, list) else [str(i) for i in range(len(cells))]
    )
    rows = [{**row, "of": m.name} for row in _cells(cells, names)]
    if not rows:
        return
    grouped = " Cells are medians of groups of CPUs." if len(cells) > _MOST_CPUS else ""
    yield Chart(
        "multicore-matrix", "Core to core",
        marks.heat("CPU", "CPU", row_height=30 if len(cells) <= 16 else 14), made.shades(rows),
        {"row": "from_cpu", "column": "to_cpu", "value": "ns"},
        caption=f"ns that a cache line takes. Median {format_quantity(m.value, 's')}. Blocks show "
        f"which cores share a cache or a socket.{grouped}",
        alt=made.in_words("Time of a line between two cores", rows, "ns", key="value"),
        compares="beside", is_small=True,
    )  # fmt: skip


def _cells(cells: list[Any], names: list[str]) -> list[dict[str, Any]]:
    """Return the marks of the matrix; of a large one, medians of groups of CPUs."""
    step = -(-len(cells) // _MOST_CPUS)
    groups = [range(i, min(i + step, len(cells))) for i in range(0, len(cells), step)]
    rows = []
    for a, first in enumerate(groups):
        for b, second in enumerate(groups):
            known = [
                v for i in first for j in second
                if isinstance(cells[i], list) and j < len(cells[i])
                and (v := number(cells[i][j])) and v > 0
            ]  # fmt: skip
            if known:
                value = median(known) * 1e9
                one, two = (
                    names[g[0]] if g[0] < len(names) else str(g[0]) for g in (first, second)
                )
                rows.append(
                    {"kind": "mark", "x": b, "y2": a, "column": shortened(two, 12),
                     "row": shortened(one, 12), "value": value, "verdict": "ok",
                     "text": f"{value:.3g}" if len(groups) <= _MOST_WRITTEN else "",
                     "at": f"CPU {shortened(one, 12)} to {shortened(two, 12)}",
                     "told": f"{value:.3g} ns"}
                )  # fmt: skip
    return rows


def _sharing(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("multicore.false_sharing"):
        update, threads = m.params.get("update"), m.params.get("threads")
        offset = size(m.params.get("offset_bytes"))
        series = f"{update}, {threads} threads"
        rows.append(
            made.mark(m, at=f"{offset} apart, {series}", label=f"{offset} apart", series=series)
        )
    if rows:
        yield Chart(
            "multicore-sharing", "False sharing", marks.dots("ns per update"), rows,
            {"label": "offset", "series": "update", "y": "ns", "lo": "low_99", "hi": "high_99",
             "verdict": "verdict"},
            caption="Threads that count in words of their own. Below the size of a line (usually "
            "64 B) the words share one, and the cores pull it to and fro.",
            alt=made.in_words("Time per update by distance", rows, "ns"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("multicore.false_sharing", what="False sharing")


def _system(points: Points) -> Iterator[Block]:
    rows = [
        made.mark(m, at=m.params.get("what"), label=str(m.params.get("what")).replace("_", " "))
        for m in points.of("multicore.system")
    ]
    for m in points.of("multicore.mutex"):
        name = f"{m.params.get('kind')} lock, {counted(m.params.get('threads'), 'thread')}"
        rows.append(made.mark(m, at=name, label=name))
    for m in points.of("multicore.atomic"):
        name = f"atomic addition, {counted(m.params.get('threads'), 'thread')}"
        rows.append(made.mark(m, at=name, label=name))
    if rows:
        yield Chart(
            "multicore-system", "What the system and its locks cost",
            marks.dots("ns", colors=False), rows,
            {"label": "what", "y": "ns", "lo": "low_99", "hi": "high_99", "verdict": "verdict"},
            caption="One request each, by functions of the C library.",
            alt=made.in_words("Time of one request", rows, "ns"), is_small=True,
        )  # fmt: skip


def _workers(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("multicore.threads_or_processes"):
        how, workers = m.params.get("how"), m.params.get("workers")
        gain = number(figure(m, "speed_up"))
        if gain is not None:
            label = f"{how}, {workers} workers"
            row = made.mark(m, at=label, label=label, series=how)
            rows.append({**row, "y": gain, "lo": None, "hi": None, "text": f"{gain:.2f} x"})
    if rows:
        yield Chart(
            "multicore-workers", "A pure-Python loop, spread",
            marks.bars("times one worker", colors=True), rows,
            {"label": "how", "y": "times_one_worker", "verdict": "verdict"},
            caption="Threads do not help where the interpreter has one lock; compiled code "
            "that lets go of it, and processes, do.",
            alt=made.in_words("Gain of several workers", rows, "times"), is_small=True,
        )  # fmt: skip
