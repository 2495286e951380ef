"""A comparison for a terminal. This module writes it in lines of a given width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from hwperf.report.comparison import wording
from hwperf.report.comparison.judged import ASSUMED_RUN_SD, Comparison
from hwperf.report.comparison.naming import described
from hwperf.report.comparison.pairs import Compared, Kind

__all__ = ["SPOKEN", "counts", "lines", "noise", "not_compared"]

SPOKEN: Mapping[Kind, str] = {
    "worse": "worse",
    "better": "better",
    "untrusted": "different but not trusted",
    "same": "within the noise",
    "unclear": "unclear",
    "other_version": "of another version",
    "lost": "measured in A only",
    "gained": "measured in B only",
    "only_a": "in A only",
    "only_b": "in B only",
    "neither": "measured in neither",
}
"""Each kind as people read it."""

_SHOWN: tuple[Kind, ...] = ("worse", "better")
_COMPARED: tuple[Kind, ...] = ("worse", "better", "untrusted", "same", "unclear")
_INDENT = 4
_MOST_COLUMNS = 24  # Of what differs; a longer name moves its values.


def lines(comparison: Comparison, *, width: int = 80, every: bool = False) -> Iterator[str]:
    """Yield the comparison: the two runs, what differs, each domain's changes, what is left out.

    Args:
        comparison: what to write.
        width: columns.
        every: also the points that are within the noise and those that cannot be compared.
    """
    yield from textwrap.wrap(f"A  {described(comparison.a)}", width, subsequent_indent="   ")
    yield from textwrap.wrap(f"B  {described(comparison.b)}", width, subsequent_indent="   ")
    yield from _differences(comparison, width)
    yield ""
    yield from textwrap.wrap(f"{counts(comparison.points)}.", width)
    yield from textwrap.wrap(noise(comparison), width)
    for group, points in comparison.groups.items():
        shown = [p for kind in _COMPARED for p in comparison.of(kind) if p in points]
        if not every:
            shown = [point for point in shown if point.kind in _SHOWN]
        if shown:
            yield ""
            yield from textwrap.wrap(f"{wording.plain(group)}: {counts(points)}", width)
            for point in shown:
                yield from _point(point, width)
    yield from _left_out(comparison, width, every)


def counts(points: Sequence[Compared]) -> str:
    """Return how many points there are of each kind, in words."""
    found = [(spoken, sum(p.kind == kind for p in points)) for kind, spoken in SPOKEN.items()]
    return ", ".join(f"{number} {spoken}" for spoken, number in found if number)


def noise(comparison: Comparison) -> str:
    """Return in one or two sentences what two runs were taken to differ by."""
    known, compared = comparison.n_measured_noise, len(comparison.compared)
    least, most = min(ASSUMED_RUN_SD.values()), max(ASSUMED_RUN_SD.values())
    assumed = f"taken as {100 * least:g} to {100 * most:g} %, by domain ('hwperf aa' measures it)"
    if known == compared and known:
        return "What two runs differ by without a cause was measured for each of these points."
    if known == 0:
        return f"What two runs differ by without a cause is {assumed}."
    return (
        "What two runs differ by without a cause was measured for"
        f" {known} of {compared} points, and is else {assumed}."
    )


def not_compared(
    comparison: Comparison, *, every: bool = False
) -> Iterator[tuple[str, tuple[Compared, ...]]]:
    """Yield each reason why points are not compared or not judged, with the points.

    Of what neither run could measure the reasons are left out unless *every* is set.
    """
    for kind, spoken in SPOKEN.items():
        if kind in ("worse", "better", "same"):
            continue
        by_reason: dict[str, list[Compared]] = {}
        for point in comparison.of(kind):
            reason = "its code differs" if point.why.startswith("its code differs") else point.why
            if kind == "neither" and not every:
                reason = "'--all' says why"
            by_reason.setdefault(reason, []).append(point)
        for reason, points in by_reason.items():
            yield f"{spoken}: {reason}", tuple(points)


def _differences(comparison: Comparison, width: int) -> Iterator[str]:
    if not comparison.differences:
        return
    column = min(max(len(each.what) for each in comparison.differences), _MOST_COLUMNS)
    yield "what differs"
    for each in comparison.differences:
        sides = " -> ".join(wording.plain(side) or "not known" for side in (each.a, each.b))
        words = f"  {wording.plain(each.what):<{column}}  {sides}"
        yield from textwrap.wrap(
            words, width, subsequent_indent=" " * (column + 4), break_long_words=True,
            drop_whitespace=True,
        )  # fmt: skip


def _point(point: Compared, width: int) -> Iterator[str]:
    name = wording.named(point)
    spoken = "differs" if point.kind == "untrusted" else point.kind
    yield from textwrap.wrap(
        f"  {spoken:<7} {name}", width, subsequent_indent=" " * (10 + _INDENT),
        break_on_hyphens=False,
    )  # fmt: skip
    parts = [wording.values(point), wording.change(point)]
    parts += [f"q {point.q:.2g}" if point.q is not None and point.kind in _SHOWN else ""]
    parts += [wording.plain(point.why)] if point.kind == "untrusted" else []
    yield from textwrap.wrap(
        "  ".join(part for part in parts if part), width,
        initial_indent=" " * 10, subsequent_indent=" " * (10 + _INDENT), break_on_hyphens=False,
    )  # fmt: skip


def _left_out(comparison: Comparison, width: int, every: bool) -> Iterator[str]:
    reasons = list(not_compared(comparison, every=every))
    if not reasons:
        return
    yield ""
    yield "not compared, or not trusted"
    for reason, points in reasons:
        shown = points if every else points[:1]
        example = "" if every else f"  e.g. {wording.named(shown[0])}"
        yield from textwrap.wrap(
            f"  {len(points)} {wording.plain(reason)}", width, subsequent_indent=" " * _INDENT,
        )  # fmt: skip
        if example:
            yield from textwrap.wrap(
                f"  {example}", width, subsequent_indent=" " * (_INDENT + 2), break_on_hyphens=False
            )
        elif every:
            for point in shown:
                yield from textwrap.wrap(
                    f"    {wording.named(point)}", width, subsequent_indent=" " * (_INDENT + 2),
                    break_on_hyphens=False,
                )  # fmt: skip
