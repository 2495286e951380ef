"""The card as Markdown. This module writes a table that chats, wikis and READMEs render."""

from __future__ import annotations

import html
import re

from hwperf.report.card.block import block
from hwperf.report.card.content import Source, card_of
from hwperf.report.card.text import by_reason
from hwperf.report.card.words import NOISY, against, here, plain, ratio, textbook
from hwperf.report.claims import NOT_MEASURABLE, Judged

__all__ = ["markdown"]

_MARKS = re.compile(r"([\\`*_{}\[\]()#+!|~])")


def markdown(source: Source) -> str:
    """Return the card: the block as preformatted text, a table of claims, what is missing."""
    card = card_of(source)
    # Names may hold fences, so theirs is longer than any run of backticks in it.
    lines = block(card)
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    parts = [f"{fence}text", *lines, fence]
    measured = [each for each in card.judged if each.verdict != NOT_MEASURABLE]
    if measured:
        parts += ["", "| claim | textbook | this machine | ratio | verdict | measured by |"]
        parts.append("|---|--:|--:|--:|---|---|")
        parts += [_row(each) for each in measured]
        if any(each.is_noisy for each in measured):
            parts += ["", f"\\{NOISY} rests on a noisy point."]
    missed = by_reason(card)
    if missed:
        parts += ["", f"Not measurable here ({card.counts.get(NOT_MEASURABLE, 0)} claims):", ""]
        for reason, ids in missed.items():
            named = ", ".join(f"`{id}`" for id in ids)
            parts.append(f"- {named}: {_escaped(reason)}")
    return "\n".join(parts) + "\n"


def _row(each: Judged) -> str:
    assert each.quantity is not None
    notes = "; ".join(part for part in (against(each), plain(each.reason, 240)) if part)
    by = ", ".join(f"`{id}`" for id in each.workloads)
    cells = [
        f"`{each.claim.id}`",
        _escaped(textbook(each.claim)),
        _escaped(here(each.quantity)),
        ratio(each),
        each.verdict + (f" \\{NOISY}" if each.is_noisy else ""),
        by + (f": {_escaped(notes)}" if notes else ""),
    ]
    return f"| {' | '.join(cells)} |"


def _escaped(words: str) -> str:
    return _MARKS.sub(r"\\\1", html.escape(words, quote=False))
