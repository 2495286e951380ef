"""The laws of the textbook with their counter-measurements. This module lists them as text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from hwperf.report.card.content import Source, card_of
from hwperf.report.card.text import Paint
from hwperf.report.card.words import NOISY, against, here, plain
from hwperf.report.claims import NOT_MEASURABLE, Judged

__all__ = ["laws"]

_INDENT = 8


def laws(
    source: Source, columns: int = 80, *, paint: Paint = lambda words, verdict: words
) -> list[str]:
    """Return each law: verdict, what it says, what was measured against what.

    Args:
        source: a run, its measurements, or a card.
        columns: of the longest line.
        paint: colours the word of a verdict; it is given the verdict.
    """
    lines: list[str] = []
    for each in card_of(source).judged:
        if each.claim.kind == "trend":
            lines += _law(each, columns, paint)
    return lines


def _law(each: Judged, columns: int, paint: Paint) -> Iterator[str]:
    verdict = "n/a" if each.verdict == NOT_MEASURABLE else each.verdict
    word = verdict + (NOISY if each.is_noisy else "")
    gap = " " * max(1, _INDENT - len(word))
    times = "" if each.quantity is None else here(each.quantity)
    beside = bool(times) and len(f"{word}{gap}{each.claim.id}  {times}") <= columns
    yield f"{paint(word, each.verdict)}{gap}{each.claim.id}" + (f"  {times}" if beside else "")
    if times and not beside:
        yield " " * _INDENT + times
    yield from _wrapped(each.claim.says, columns)
    parts = [against(each), plain(each.reason, 240)]
    if each.quantity is not None:
        parts.append(f"by {', '.join(each.workloads)}")
    yield from _wrapped("-> " + "; ".join(part for part in parts if part), columns)


def _wrapped(words: str, columns: int) -> list[str]:
    space = " " * _INDENT
    return textwrap.wrap(
        words, columns, initial_indent=space, subsequent_indent=space, break_on_hyphens=False
    )
