"""The section on memory. This module draws latency, bandwidth and patterns of access."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hwperf.asv.recorded import Measurement
from hwperf.report.hierarchy import Level, levels
from hwperf.report.pages import marks
from hwperf.report.pages import rows as made
from hwperf.report.pages.parts import Block, Chart, Section, Words
from hwperf.report.pages.points import Points, number, size
from hwperf.units import MiB, format_bytes, format_quantity

__all__ = ["hierarchy_of", "section"]

KERNELS = ("read", "fill", "copy", "scale", "add", "triad")
_COLUMNS = {**made.COLUMNS, "y": "value"}
_WORDS = {"whole": "", "local": ", within windows of 256 KiB"}


def section(points: Points, reported: Mapping[int, int]) -> Section:
    """Return the section.

    Args:
        points: those of the run.
        reported: bytes of each level of cache, as the system tells; empty where it does not.
    """
    blocks: list[Block] = []
    found = hierarchy_of(points)
    if found:
        blocks.append(Words(_sentence(found), "lead"))
    blocks += _latency(points, reported)
    for draw in (_streams, _mountain, _stride, _bursts, _chains, _translation, _first):
        blocks += draw(points)
    return Section("memory", "Memory", tuple(blocks))


def hierarchy_of(points: Points) -> tuple[Level, ...]:
    """Return the levels that the latency curve shows, on huge pages where there are such."""
    for pages in ("huge", "small"):
        curve = sorted(
            (int(x), m.value)
            for m in points.of("memory.latency", pages=pages, order="whole")
            if (x := number(m.params.get("nbytes"))) and m.value is not None
        )
        if len(curve) > 8 and len({x for x, _ in curve}) == len(curve):
            return levels([x for x, _ in curve], [y for _, y in curve])
    return ()


def _sentence(found: tuple[Level, ...]) -> str:
    parts = []
    for level in found:
        latency = format_quantity(level.latency_s, "s")
        if level.capacity_bytes is None:
            parts.append(f"{latency} beyond")
        else:
            parts.append(f"{latency} up to {format_bytes(level.capacity_bytes)}")
    return f"A dependent load takes {', '.join(parts)}."


def _latency(points: Points, reported: Mapping[int, int]) -> Iterator[Block]:
    rows = []
    for pages in ("small", "huge"):
        for order in ("whole", "local"):
            for m in points.of("memory.latency", pages=pages, order=order):
                x = number(m.params.get("nbytes"))
                if x:
                    rows.append(
                        made.mark(m, at=f"{size(x)}, {pages} pages{_WORDS[order]}", x=x,
                                   series=f"{pages} pages{_WORDS[order]}")
                    )  # fmt: skip
    if rows:
        smallest, largest = min(r["x"] for r in rows), max(r["x"] for r in rows)
        begin = smallest
        for level, nbytes in sorted(reported.items()):
            end = min(nbytes, largest)
            if end > begin:
                rows.append(
                    {"kind": "band", "x": begin, "x2": end, "shade": 0.05 + 0.05 * (level % 2),
                     "label": f"L{level}"}
                )  # fmt: skip
                begin = end
        rows += [
            {"kind": "tick", "x": level.capacity_bytes,
             "label": f"{format_bytes(level.capacity_bytes)}"}
            for level in hierarchy_of(points) if level.capacity_bytes is not None
        ]  # fmt: skip
        told = (
            f"Shaded: the caches that this system reports ({_sizes(reported)})."
            if reported
            else "What the system reports of its caches is known only on the machine itself."
        )
        yield Chart(
            "memory-latency", "Latency against working set",
            marks.curve("working set", "ns per load"), rows, {**_COLUMNS, "x": "working_set_bytes",
            "y": "ns", "lo": "ns_low_99", "hi": "ns_high_99"},
            caption="Each load needs the one before. Dotted: up to where a level holds the set, as "
            f"measured. {told} Small pages pay for address translation beyond the TLB.",
            alt=made.in_words("Latency of a dependent load", rows, "ns"),
        )  # fmt: skip
    yield from points.missing("memory.latency", what="Latency") if not rows else ()


def _sizes(reported: Mapping[int, int]) -> str:
    return ", ".join(f"L{level} {format_bytes(nbytes)}" for level, nbytes in reported.items())


def _streams(points: Points) -> Iterator[Block]:
    rows = []
    for kernel in KERNELS:
        for m in points.of(f"memory.{kernel}"):
            nbytes = m.params.get("nbytes")
            if m.params.get("data", "varied") != "varied" or not _on_best_pages(points, m):
                continue
            stores = str(m.params.get("stores", "regular"))
            rows.append(
                made.mark(m, at=f"{kernel}, {size(nbytes)}, {m.params.get('pages')} pages, "
                           f"{stores} stores", label=kernel, series=size(nbytes),
                           shape=f"{stores} stores")
            )  # fmt: skip
    if rows:
        yield Chart(
            "memory-stream", "STREAM, level by level", marks.dots("GB/s", shapes=True,
            row_height=34), rows, {**_COLUMNS, "label": "kernel", "series": "each_array",
            "shape": "stores", "y": "GB/s"},
            caption="Nominal bytes, as STREAM counts them. The colour is the size of each array: "
            "each falls into another level. Streaming stores pass the caches by: they help in "
            "memory and hurt within a cache.",
            alt=made.in_words("Bandwidth of six kernels", rows, "GB/s"),
        )  # fmt: skip
    else:
        yield from points.missing(*(f"memory.{k}" for k in KERNELS), what="Bandwidth")


def _on_best_pages(points: Points, m: Measurement) -> bool:
    """Whether this is the point on huge pages, or there is none there."""
    if m.params.get("pages") == "huge":
        return True
    other = {**m.params, "pages": "huge"}
    return not points.of(m.name, **other)


def _mountain(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("memory.stride"):
        nbytes, stride = number(m.params.get("nbytes")), number(m.params.get("stride_bytes"))
        if nbytes and stride and m.value:
            useful = 8 / m.value / 1e9
            rows.append(
                made.mark(m, at=f"every {size(stride)} of {size(nbytes)}", x=stride, y2=nbytes,
                           column=size(stride), row=size(nbytes), value=useful,
                           text=made.cell(m, f"{useful:.2g}"))
            )  # fmt: skip
    if rows:
        yield Chart(
            "memory-mountain", "The memory mountain",
            marks.heat("bytes from one read to the next", "working set"), made.shades(rows),
            {"x": "stride_bytes", "y2": "working_set_bytes", "value": "useful_GB/s",
             "verdict": "verdict"},
            caption="Useful GB/s: 8 B divided by the time of a read. The ridge is a small set read "
            "in order; the valley is memory, where each read of 8 B moves a line of 64 B or more.",
            alt=made.in_words("Useful bandwidth by stride", rows, "GB/s", key="value"),
            compares="beside",
        )  # fmt: skip


def _stride(points: Points) -> Iterator[Block]:
    rows = made.over(points.of("memory.stride"), "stride_bytes", lambda p: size(p.get("nbytes")))
    if rows:
        yield Chart(
            "memory-stride", "Sequential against strided",
            marks.curve("bytes from one read to the next", "ns per read"), rows,
            {**_COLUMNS, "x": "stride_bytes", "series": "working_set", "y": "ns"},
            caption="The cost of a read doubles with the stride until each has a line of its own "
            "(usually 64 B); beyond a page the prefetchers end, too.",
            alt=made.in_words("Time per read by stride", rows, "ns"),
        )  # fmt: skip
    else:
        yield from points.missing("memory.stride", what="Stride")


def _bursts(points: Points) -> Iterator[Block]:
    rows = []
    for m in points.of("memory.random_read"):
        burst = number(m.params.get("burst_bytes"))
        if burst and m.value:
            low, high = m.interval or (None, None)
            row = made.mark(
                m, at=f"{size(burst)} at random, {m.params.get('pages')} pages", x=burst,
                series=f"{m.params.get('pages')} pages",
            )  # fmt: skip
            row |= {
                "y": burst / m.value / 1e9,
                "lo": None if not high else burst / high / 1e9,
                "hi": None if not low else burst / low / 1e9,
            }
            rows.append(row)
    if rows:
        read = points.best("memory.read", nbytes=256 * MiB)
        if read is not None and read.value:
            rows.append(made.rule(read.value / 1e9, "one after the other"))
        yield Chart(
            "memory-bursts", "Random places, longer bursts",
            marks.curve("bytes read at each random place", "GB/s", height=240), rows,
            {**_COLUMNS, "x": "burst_bytes", "y": "GB/s"},
            caption="Whoever must jump should read more at each place: the bandwidth of random "
            "reads nears that of a stream.",
            alt=made.in_words("Bandwidth of random reads by burst", rows, "GB/s"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("memory.random_read", what="Random reads")


def _chains(points: Points) -> Iterator[Block]:
    rows = made.over(
        points.of("memory.parallel_latency"), "chains", lambda p: f"{p.get('pages')} pages", str
    )
    if rows:
        yield Chart(
            "memory-chains", "Misses in flight",
            marks.curve("independent chases at once", "ns per load", x="count", height=240), rows,
            {**_COLUMNS, "x": "chains", "y": "ns"},
            caption="A core waits for several lines at once. Where the curve flattens, its "
            "fill buffers are full: more independent loads gain nothing.",
            alt=made.in_words("Time per load by independent chases", rows, "ns"), is_small=True,
        )  # fmt: skip
    else:
        yield from points.missing("memory.parallel_latency", what="Parallel chases")


def _translation(points: Points) -> Iterator[Block]:
    rows = made.over(points.of("memory.tlb"), "n_pages", lambda p: f"{p.get('pages')} pages", str)
    if rows:
        yield Chart(
            "memory-tlb", "Address translation",
            marks.curve("pages in turn", "ns per load", x="count", height=240), rows,
            {**_COLUMNS, "x": "pages", "y": "ns"},
            caption="Each load is on another page. The steps are the TLBs: one line of each page "
            "is touched, so that the data itself stays in the caches longer than its translation.",
            alt=made.in_words("Time per load by pages in turn", rows, "ns"), is_small=True,
        )  # fmt: skip


def _first(points: Points) -> Iterator[Block]:
    rows = [
        made.mark(m, at=f"{m.params.get('pages')} page", label=f"{m.params.get('pages')} page",
                   factor=1e-6)
        for m in points.of("memory.first_touch")
    ]  # fmt: skip
    if rows:
        yield Chart(
            "memory-first-touch", "The first write to a fresh page",
            marks.dots("µs per page", colors=False),
            rows, {"label": "pages", "y": "us", "verdict": "verdict"},
            caption="The system hands out zeroed memory page by page, on the first touch: "
            "a huge page costs more, but once for 512 small ones.",
            alt=made.in_words("Time of a first touch", rows, "µs"), is_small=True,
        )  # fmt: skip
