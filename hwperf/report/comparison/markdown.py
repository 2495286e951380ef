"""A comparison for a pull request. This module writes it in Markdown, hostile names included."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hwperf.report.comparison import wording
from hwperf.report.comparison.judged import Comparison
from hwperf.report.comparison.naming import described
from hwperf.report.comparison.pairs import Compared
from hwperf.report.comparison.text import counts, noise, not_compared

__all__ = ["code", "escaped", "lines"]

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#!|~&@])")


def lines(comparison: Comparison, *, every: bool = False) -> Iterator[str]:
    """Yield the lines; *every* adds the points that are within the noise."""
    yield "| | run |"
    yield "|---|---|"
    yield f"| A | {code(described(comparison.a))} |"
    yield f"| B | {code(described(comparison.b))} |"
    yield ""
    yield f"**{counts(comparison.points)}.** {noise(comparison)}"
    if comparison.differences:
        yield ""
        yield "| what differs | A | B |"
        yield "|---|---|---|"
        for each in comparison.differences:
            first, second = (code(side) if side else "not known" for side in (each.a, each.b))
            yield f"| {escaped(each.what)} | {first} | {second} |"
    shown = [*comparison.worse, *comparison.better]
    if every:
        shown += [*comparison.of("same"), *comparison.of("unclear")]
    if shown:
        yield ""
        yield "| | point | A | B | change (99 % interval) | q |"
        yield "|---|---|--:|--:|--:|--:|"
        yield from map(_row, shown)
    reasons = list(not_compared(comparison, every=every))
    if reasons:
        yield ""
        yield "Not compared, or not trusted:"
        yield ""
        for reason, points in reasons:
            example = code(wording.named(points[0]))
            yield f"- {len(points)} {escaped(reason)}, e.g. {example}"


def _row(point: Compared) -> str:
    first, second = (
        wording.quantity(None if each is None else each.value, point.unit)
        for each in (point.a, point.b)
    )
    q = "" if point.q is None else f"{point.q:.2g}"
    cells = map(escaped, (first, second, wording.change(point), q))
    return f"| {point.kind} | {code(wording.named(point))} | {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """Return text that stays text: no tag, no link, no mention, no other cell."""
    return re.sub(_ACTIVE, r"\\\1", wording.plain(" ".join(text.split())))


def code(text: str) -> str:
    """Return text between backticks, where nothing is active but the bar of a table."""
    line = wording.plain(" ".join(text.replace("`", "'").split()))
    return f"`{line}`".replace("|", "\\|")
