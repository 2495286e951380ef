"""The card for a terminal. This module lays it out in lines that fit."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator

from hwperf.report.card.block import block
from hwperf.report.card.content import Card, Source, card_of
from hwperf.report.card.words import NOISY, against, here, missing, plain, ratio, textbook
from hwperf.report.claims import NOT_MEASURABLE, Judged

__all__ = ["by_reason", "text"]

Paint = Callable[[str, str], str]

_INDENT = 8  # Of the second line of a row: under the claim.


def text(
    source: Source, columns: int = 80, *, paint: Paint = lambda words, verdict: words
) -> list[str]:
    """Return the card: the block, a row of two lines for each claim, and what is not measurable.

    Args:
        source: a run, its measurements, or a card.
        columns: of the longest line, 40 or more.
        paint: colours the word of a verdict; it is given the verdict.
    """
    card = card_of(source)
    lines = [*block(card, columns), ""]
    measured = [each for each in card.judged if each.verdict != NOT_MEASURABLE]
    if measured:
        heads = _columns("", "claim", "textbook", "this machine", "ratio")
        lines += [heads] if len(heads) <= columns else []
        for each in measured:
            lines += _row(each, columns, paint)
        if any(each.is_noisy for each in measured):
            note = f"{NOISY} rests on a noisy point: 'hwperf run --full' measures it longer"
            lines += _wrapped(note, columns, indent=0)
    missed = list(_missed(card, columns))
    if missed:
        count = card.counts.get(NOT_MEASURABLE, 0)
        lines += [""] if measured else []
        lines += [f"{NOT_MEASURABLE} ({count} claims)", *missed]
    return lines


def _row(each: Judged, columns: int, paint: Paint) -> Iterator[str]:
    assert each.quantity is not None
    verdict = f"{each.verdict}{NOISY if each.is_noisy else ''}"
    rest = _columns("", each.claim.id, textbook(each.claim), here(each.quantity), ratio(each))
    lines = [rest] if len(rest) <= columns else _wrapped(" ".join(rest.split()), columns)
    yield f"{paint(verdict, each.verdict)}{lines[0][len(verdict) :]}"
    yield from lines[1:]
    parts = [against(each), plain(each.reason, 240), f"by {', '.join(each.workloads)}"]
    yield from _wrapped("; ".join(part for part in parts if part), columns)


def _columns(verdict: str, claim: str, book: str, machine: str, times: str) -> str:
    return f"{verdict:<7} {claim:<28} {book:>13}  {machine:<21} {times:>5}".rstrip()


def _missed(card: Card, columns: int) -> Iterator[str]:
    for reason, ids in by_reason(card).items():
        yield from _wrapped(f"{', '.join(ids)}: {reason}", columns, indent=2, hanging=2)


def by_reason(card: Card) -> dict[str, list[str]]:
    """Return the ids of what is not measurable by the reason, in the textbook's order."""
    found: dict[str, list[str]] = {}
    for each in card.judged:
        if each.verdict == NOT_MEASURABLE:
            found.setdefault(missing(each), []).append(each.claim.id)
    return found


def _wrapped(words: str, columns: int, indent: int = _INDENT, hanging: int = 0) -> list[str]:
    return textwrap.wrap(
        words,
        columns,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
    )
