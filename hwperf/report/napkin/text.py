"""A placed plan for a terminal. This module writes each step, what it stands on, and the sums."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from hwperf.report.comparison import naming, wording
from hwperf.report.napkin.estimates import Answer, Estimate
from hwperf.units import format_duration, format_quantity

__all__ = ["lines", "span"]

_INDENT = 4
_LONG_S = 1e7
_YEAR_S = 31_557_600  # 365.25 days.


def lines(placed: Answer, *, width: int = 80) -> Iterator[str]:
    """Yield the steps with their times, the total, and the best with overlap."""
    for each in placed.estimates:
        yield from textwrap.wrap(wording.plain(each.step.text), width, subsequent_indent="  ")
        for part in _parts(each):
            yield from textwrap.wrap(
                part, width, initial_indent=" " * _INDENT, subsequent_indent=" " * (_INDENT + 2),
                break_on_hyphens=False,
            )  # fmt: skip
    yield ""
    if placed.total is not None and placed.overlapped is not None:
        busy = placed.bottleneck
        for words in (
            f"one after the other  {span(placed.total)}",
            f"at best, overlapped  {span(placed.overlapped)}, bound by {busy}",
        ):
            yield from textwrap.wrap(words, width, subsequent_indent=" " * _INDENT)
    yield from textwrap.wrap(f"by {naming.described(placed.run)}", width)


def span(found: tuple[float, tuple[float, float]]) -> str:
    """Return a time with its interval: ``3.46 s  [3.42 s .. 3.50 s]``."""
    seconds, (low, high) = found
    return f"{_time(seconds)}  [{_time(low)} .. {_time(high)}]"


def _time(seconds: float) -> str:
    if seconds >= _LONG_S:
        return f"{seconds / _YEAR_S:.3g} years"
    return format_duration(seconds) if seconds >= 60 else format_quantity(seconds, "s")


def _parts(each: Estimate) -> Iterator[str]:
    if each.once is None or each.seconds is None or each.interval is None:
        why = wording.plain(each.why) if each.why else "not measured here"
        yield f"{each.need.workload}: {why}"
        return
    count = "" if each.step.count == 1 else f", {_time(each.once.seconds)} each"
    doubt = "" if each.once.verdict == "ok" else f", {each.once.verdict}"
    yield f"{span((each.seconds, each.interval))}{count}  ({each.need.resource}{doubt})"
    yield f"{wording.plain(each.once.source)}: {each.once.how}"
