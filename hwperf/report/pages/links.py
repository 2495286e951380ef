"""The sections on transfers and the network. This module draws bandwidth against size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hwperf.report.pages import marks
from hwperf.report.pages import rows as made
from hwperf.report.pages.parts import Block, Chart, Section
from hwperf.report.pages.points import Points, number, size
from hwperf.units import format_quantity

__all__ = ["network", "transfer"]

_DIRECTIONS = {"host_to_device": "to the device", "device_to_host": "from the device"}
_BAR = {"label": "what", "series": "group", "y": "value", "lo": "low_99", "hi": "high_99",
        "verdict": "verdict"}  # fmt: skip


def transfer(points: Points) -> Section:
    """Return the section on an accelerator and the link to it."""
    ids = ("transfer.host_to_device", "transfer.device_to_host")
    if not any(points.of(id) for id in ids):
        return Section("transfer", "Transfer", tuple(points.missing(*ids, what="Transfers")))
    blocks: list[Block] = []
    for draw in (_sizes, _overlap, _launches, _device_products, _memory):
        blocks += draw(points)
    blocks += [words for id in ids for words in points.missing(id) if _has_gap(points, id)]
    return Section("transfer", "Transfer", tuple(blocks))


def network(points: Points) -> Section:
    """Return the section on messages between processes and hosts."""
    blocks: list[Block] = []
    for draw in (_messages, _round_trips, _collectives, _hosts):
        blocks += draw(points)
    return Section("network", "Network", tuple(blocks))


def _has_gap(points: Points, id: str) -> bool:
    return any(m.value is None for m in points.all_of(id))


def _sizes(points: Points) -> Iterator[Block]:
    rows: list[dict[str, Any]] = []
    ceiling = 0.0
    for word, direction in _DIRECTIONS.items():
        found = points.of(f"transfer.{word}")
        rows += made.over(found, "nbytes", lambda p, d=direction: f"{d}, {p.get('memory')}")  # type: ignore[misc]
        ceiling = max([ceiling, *(number(m.record.get("limit")) or 0.0 for m in found)])
    if ceiling:
        rows.append(made.rule(ceiling / 1e9, f"the link: {format_quantity(ceiling, 'B/s')}"))
    told = "Dashed: what the link can do." if ceiling else "The system tells no limit of the link."
    yield Chart(
        "transfer-size", "Bandwidth against size", marks.curve("bytes of a copy", "GB/s"), rows,
        {**made.COLUMNS, "x": "nbytes", "y": "GB/s"},
        caption="Small copies pay for the start of each; pinned memory spares a copy on the host. "
        f"{told}",
        alt=made.in_words("Bandwidth of copies to and from the device", rows, "GB/s"),
    )  # fmt: skip


def _overlap(points: Points) -> Iterator[Block]:
    found = [*points.of("transfer.overlap"), *points.of("transfer.bidirectional")]
    rows = []
    for m in found:
        label = str(m.params.get("how", "both directions at once")).replace("_", " ")
        row = made.mark(m, at=label, label=label)
        rows.append({**row, "text": f"{row['y']:.3g} GB/s"})
    if rows:
        yield Chart(
            "transfer-overlap", "Overlap", marks.bars("GB/s"), rows, {**_BAR, "y": "GB/s"},
            caption="How much of a transfer hides behind what the device computes: in pieces it "
            "can compute on one while the next is on its way.",
            alt=made.in_words("Bandwidth with overlap", rows, "GB/s"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("transfer.overlap", what="Overlap")


def _launches(points: Points) -> Iterator[Block]:
    rows = []
    for id in ("transfer.launch", "transfer.round_trip", "transfer.latency"):
        for m in points.of(id):
            what = " ".join(str(v) for v in m.params.values()).replace("_", " ")
            label = f"{id.split('.')[1].replace('_', ' ')} {what}".strip()
            rows.append(made.mark(m, at=label, label=label, factor=1e-6))
    if rows:
        yield Chart(
            "transfer-launch", "Starting and waiting", marks.dots("µs", colors=False), rows,
            {**_BAR, "y": "us"},
            caption="What each kernel and each look at a result costs, however small.",
            alt=made.in_words("Time of a launch or a wait", rows, "µs"), is_small=True,
        )  # fmt: skip


def _device_products(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("transfer.gemm"):
        dtype, n = m.params.get("dtype"), m.params.get("n")
        rows.append(made.mark(m, at=f"{dtype}, n = {n}", label=dtype, series=f"n = {n}"))
    if rows:
        yield Chart(
            "transfer-gemm", "Matrix products on the device", marks.dots("GFLOP/s"), rows,
            {**_BAR, "label": "dtype", "series": "size", "y": "GFLOP/s"},
            caption="Smaller types, more products; small matrices do not fill the device.",
            alt=made.in_words("Throughput on the device", rows, "GFLOP/s"), is_small=True,
        )  # fmt: skip


def _memory(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("transfer.stream"):
        dtype = m.params.get("dtype")
        rows.append(made.mark(m, at=f"{m.params.get('op')} {dtype}", label=m.params.get("op"),
                              series=dtype))  # fmt: skip
    if rows:
        yield Chart(
            "transfer-stream", "The device's own memory", marks.dots("GB/s"), rows,
            {**_BAR, "label": "kernel", "series": "dtype", "y": "GB/s"},
            caption="STREAM's kernels on the device.",
            alt=made.in_words("Bandwidth of the device's memory", rows, "GB/s"), is_small=True,
        )  # fmt: skip


def _messages(points: Points) -> Iterator[Block]:
    def series(p: Any) -> str:
        return f"{p.get('transport')}{', zero copy' if p.get('zero_copy') == 'on' else ''}"

    rows = made.over(points.of("network.bandwidth"), "nbytes", series)
    if rows:
        yield Chart(
            "network-size", "Bandwidth against message size",
            marks.curve("bytes of a message", "GB/s"), rows,
            {**made.COLUMNS, "x": "nbytes", "y": "GB/s"},
            caption="On this host, between two processes: each message pays for its system call, "
            "large ones for their copies.",
            alt=made.in_words("Bandwidth by message size", rows, "GB/s"),
        )  # fmt: skip
    else:
        yield from points.missing("network.bandwidth", what="Messages")


def _round_trips(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("network.round_trip"):
        nbytes = size(m.params.get("nbytes"))
        label = str(m.params.get("transport")).replace("_", " ")
        rows.append(made.mark(m, at=f"{label}, {nbytes}", label=label, series=nbytes, factor=1e-6))
    if rows:
        yield Chart(
            "network-round-trip", "Round trip on this host", marks.dots("µs"), rows,
            {**_BAR, "label": "transport", "series": "nbytes", "y": "us"},
            caption="There and back again.",
            alt=made.in_words("Time of a round trip", rows, "µs"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("network.round_trip", what="Round trips")


def _collectives(points: Points) -> Iterator[Block]:
    rows: list[dict[str, Any]] = []
    for m in points.of("network.collective"):
        op = str(m.params.get("op")).replace("_", " ")
        group = f"{m.params.get('ranks')} ranks, {m.params.get('backend')}"
        found = made.over([m], "nbytes", lambda p, op=op: op, factor=1e6)  # type: ignore[misc]
        rows += [{**row, "group": group, "at": f"{row['at']}, {group}"} for row in found]
    if rows:
        yield Chart(
            "network-collective", "Collectives", marks.curve("bytes", "MB/s", height=220), rows,
            {**made.COLUMNS, "group": "ranks_and_backend", "x": "nbytes", "y": "MB/s"},
            caption="Processes that add up, gather or exchange data: a line for each number of "
            "ranks and each backend.",
            alt=made.in_words("Bandwidth of collectives", rows, "MB/s"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("network.collective", what="Collectives")


def _hosts(points: Points) -> Iterator[Block]:
    rows = made.over(
        points.of("network.host"), "nbytes", lambda p: f"{p.get('in_flight')} in flight",
        factor=1e-6,
    )  # fmt: skip
    if rows:
        yield Chart(
            "network-host", "To another host and back", marks.curve("bytes", "µs", height=220),
            rows, {**made.COLUMNS, "x": "nbytes", "y": "us"},
            caption="A message to another host and its answer.",
            alt=made.in_words("Time to another host and back", rows, "µs"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("network.host", what="Another host")
