"""The ceilings for a terminal. This module writes them as a table with their ridge points."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from hwperf.report.comparison import wording
from hwperf.report.roofline.ceilings import Ceiling, Ceilings
from hwperf.units import format_quantity

__all__ = ["lines"]

_NAME = 16  # Columns of a ceiling's name.
_MARGIN = " " * (_NAME + 4)


def lines(known: Ceilings, *, width: int = 80) -> Iterator[str]:
    """Yield the machine, then each ceiling with its interval, ridge point and source."""
    clock = "" if known.clock_hz is None else f", {format_quantity(known.clock_hz, 'Hz')}"
    head = f"{wording.plain(known.machine)}: {known.dtype}{clock}, commit {known.commit[:8]}"
    yield from textwrap.wrap(head, width)
    for title, found in (("bandwidth", known.bandwidths), ("arithmetic", known.throughputs)):
        if found:
            yield ""
            yield title
            for each in found:
                yield from _ceiling(known, each, width)


def _ceiling(known: Ceilings, each: Ceiling, width: int) -> Iterator[str]:
    value = format_quantity(each.value, each.unit)
    between = ""
    if each.interval is not None:
        low, high = (format_quantity(end, each.unit) for end in each.interval)
        between = f"[{low} .. {high}]"
    doubt = "" if each.verdict == "ok" else each.verdict
    line = f"  {each.name:<{_NAME}}{value:>14}  {between}  {doubt}".rstrip()
    parts = [wording.plain(each.source)]
    if len(line) > width:
        line = f"  {each.name:<{_NAME}}{value:>14}"
        parts.insert(0, f"{between}  {doubt}".strip())
    yield line
    ridge = known.ridge(each) if each.is_bandwidth else None
    if ridge is not None:
        parts.append(f"arithmetic bounds from {ridge:.3g} FLOP/B on")
    if not each.is_bandwidth and known.clock_hz and each.n_threads == 1:
        parts.append(f"{each.value / known.clock_hz:.1f} FLOP/cycle")
    for part in parts:
        yield from textwrap.wrap(part, width, initial_indent=_MARGIN, subsequent_indent=_MARGIN)
