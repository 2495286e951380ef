"""The section on storage. This module draws queue against block, the page cache, and durability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.report.pages import marks
from hwperf.report.pages import rows as made
from hwperf.report.pages.parts import Block, Chart, Section, Words
from hwperf.report.pages.points import Points, counted, figure, number, percentile, size
from hwperf.units import MiB, format_quantity, scale_of

__all__ = ["section"]

_BAR = {"label": "what", "series": "group", "y": "value", "lo": "low_99", "hi": "high_99",
        "verdict": "verdict"}  # fmt: skip
_CELL = {"row": "block", "x": "queue_depth", "value": "value", "verdict": "verdict"}
_PERCENTILES = ("p50", "p99", "p99.9")


def section(points: Points) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    lead = _sentence(points)
    if lead:
        blocks.append(Words(lead, "lead"))
    for word in ("read", "write"):
        blocks += _random(points, word)
    for draw in (_sequential, _cached, _durable, _metadata, _checkpoints, _feed):
        blocks += draw(points)
    return Section("storage", "Storage", tuple(blocks))


def _sentence(points: Points) -> str:
    parts = []
    best = points.best("storage.sequential_read", io="direct", block_bytes=MiB)
    if best is not None:
        parts.append(f"{format_quantity(best.value, 'B/s')} in blocks of 1 MiB")
    one = points.best("storage.random_read", block_bytes=4096, queue_depth=1)
    latency = None if one is None else percentile(one, "p50")
    if one is not None and latency:
        parts.append(f"{format_quantity(latency, 's')} for a single random read of 4 KiB")
    is_a = figure(one, "counts_as")
    words = f"The disk reads {' and takes '.join(parts)}." if parts else ""
    return f"{words} It counts as: {is_a}." if words and isinstance(is_a, str) else words


def _random(points: Points, word: str) -> Iterator[Block]:
    """Yield four heat maps: the rate, and how long a transfer takes at three percentiles."""
    id = f"storage.random_{word}"
    found = points.all_of(id)
    rates = [_cell(m, m.value, "op/s") for m in found]
    if not any(row["kind"] == "mark" for row in rates):
        yield from points.missing(id, what=f"Random {word}s")
        return
    yield _map(f"storage-{word}-rate", f"Random {word}s per second", rates, "op/s")
    lacking = []
    for name in _PERCENTILES:
        rows = [_cell(m, percentile(m, name), "s") for m in found]
        if any(row["kind"] == "mark" for row in rows):
            key = name.replace(".", "-")
            yield _map(f"storage-{word}-{key}", f"Random {word}s, latency {name}", rows, "s")
        else:
            lacking.append(name)
    if lacking:
        said = (
            f"Random {word}s, latency {', '.join(lacking)}: no point made enough transfers for it, "
            "or the sidecar is lost. hwperf run --full makes more."
        )
        yield Words(said, "missing")
    yield from points.missing(id, what=f"Random {word}s") if _has_gap(found) else ()


def _map(id: str, title: str, rows: list[dict[str, Any]], unit: str) -> Chart:
    caption = (
        "One blocking thread is one transfer under way."
        if unit == "op/s"
        else "A percentile is n/a where fewer than ten transfers lie beyond it."
    )
    return Chart(
        id, title, marks.heat("transfers under way", "block"), made.shades(rows),
        {**_CELL, "value": "per_second" if unit == "op/s" else "seconds"}, caption=caption,
        alt=made.in_words(title, rows, unit, key="value"), compares="beside", is_small=True,
    )  # fmt: skip


def _cell(m: Measurement, value: float | None, unit: str) -> dict[str, Any]:
    block, depth = m.params.get("block_bytes"), m.params.get("queue_depth")
    place = {"x": number(depth) or 0, "column": str(depth), "y2": number(block) or 0,
             "row": size(block)}  # fmt: skip
    at = f"{size(block)}, {depth} under way"
    if value is None or m.value is None:
        return made.gap(m, at=at, **place)
    return {
        **made.mark(m, at=at),
        **place,
        "value": value,
        "text": made.cell(m, _compact(value, unit)),
    }


def _compact(value: float, unit: str) -> str:
    """Return a value in as few characters as a cell has room for: ``54.5k``, ``430 µs``."""
    factor, shown = scale_of(float(f"{value:.2e}"), unit)
    digits = f"{value / factor:.3g}"
    return f"{digits}{shown.removesuffix('op/s')}" if unit == "op/s" else f"{digits} {shown}"


def _has_gap(found: list[Measurement]) -> bool:
    return any(m.value is None for m in found)


def _sequential(points: Points) -> Iterator[Block]:
    rows = []
    for word in ("read", "write"):
        for m in points.of(f"storage.sequential_{word}"):
            io, depth, pages = (m.params.get(n) for n in ("io", "queue_depth", "pages"))
            if io == "direct":
                series = f"{word}, depth {depth}, {pages} pages"
            else:
                series = f"{word}, through the page cache"
            label = size(m.params.get("block_bytes"))
            rows.append(
                made.mark(m, at=f"{label}, {series}", label=label, series=f"{word}, {io}",
                          shape=word)
            )  # fmt: skip
    if rows:
        yield Chart(
            "storage-sequential", "Streams, by block",
            marks.dots("GB/s", shapes=True, row_height=40), rows,
            {**_BAR, "label": "block", "shape": "direction", "y": "GB/s"},
            caption="Few large transfers against many small ones. Several marks of a colour: "
            "queue depths 1, 8 and 32, and small and huge pages of the buffer.",
            alt=made.in_words("Bandwidth of sequential transfers", rows, "GB/s"),
        )  # fmt: skip
    else:
        yield from points.missing(
            "storage.sequential_read", "storage.sequential_write", what="Streams"
        )


def _cached(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("storage.cached_read"):
        how, cache, ahead = (m.params.get(n) for n in ("how", "cache", "read_ahead"))
        label = f"{how}, read ahead {ahead}"
        rows.append(made.mark(m, at=f"{label}, {cache}", label=label, series=cache))
    if rows:
        yield Chart(
            "storage-cache", "Cold against warm", marks.dots("GB/s"), rows,
            {**_BAR, "series": "page_cache", "y": "GB/s"},
            caption="The same file from the device (cold) and from the page cache (warm). Proved "
            "by the bytes that the storage layer moved.",
            alt=made.in_words("Bandwidth of reading a file", rows, "GB/s"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("storage.cached_read", what="Cold against warm")


def _durable(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("storage.fsync"):
        label = str(m.params.get("how"))
        rows.append(made.mark(m, at=label, label=label, series="median", factor=1e-6))
        tail = percentile(m, "p99")
        if tail:
            told = f"p99 {format_quantity(tail, 's')}"
            rows.append({**made.mark(m, at=label, label=label, series="p99"), "y": tail / 1e-6,
                         "lo": None, "hi": None, "told": told})  # fmt: skip
    if rows:
        yield Chart(
            "storage-durable", "Until it would survive a power cut", marks.dots("µs per write"),
            rows, {**_BAR, "y": "us"}, caption="A write of 4 KiB with its flush.",
            alt=made.in_words("Time of a durable write", rows, "µs"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("storage.fsync", what="Durable writes")


def _metadata(points: Points) -> Iterator[Block]:
    rows = [
        made.mark(m, at=m.params.get("what"), label=m.params.get("what"), factor=1e-6)
        for m in points.of("storage.metadata")
    ]
    if rows:
        yield Chart(
            "storage-metadata", "Small files", marks.dots("µs per file", colors=False), rows,
            {**_BAR, "y": "us"}, caption="What each file costs before a byte of it is read.",
            alt=made.in_words("Time per file", rows, "µs"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("storage.metadata", what="Small files")


def _checkpoints(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("storage.checkpoint"):
        label = f"{m.params.get('library')} {m.params.get('op')}"
        nbytes = size(m.params.get("nbytes"))
        rows.append(made.mark(m, at=f"{label}, {nbytes}", label=label, series=nbytes))
    if rows:
        yield Chart(
            "storage-checkpoint", "Checkpoints", marks.dots("GB/s"), rows,
            {**_BAR, "series": "nbytes", "y": "GB/s"},
            caption="Saved until durable, and loaded again.",
            alt=made.in_words("Bandwidth of checkpoints", rows, "GB/s"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("storage.checkpoint", what="Checkpoints")


def _feed(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("storage.feed"):
        series = f"{m.params.get('layout')}, {m.params.get('loader')}"
        workers = m.params.get("workers")
        label = counted(workers, "worker")
        rows.append(made.mark(m, at=f"{series}, {label}", label=label, series=series))
    if rows:
        yield Chart(
            "storage-feed", "Feeding a training", marks.dots("samples per second"), rows,
            {**_BAR, "series": "layout_and_loader", "y": "per_second"},
            caption="Many small files against one shard, and what loader workers gain.",
            alt=made.in_words("Samples per second", rows, "per second"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("storage.feed", what="Feeding")
