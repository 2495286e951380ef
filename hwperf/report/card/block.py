"""The block to paste into a chat. This module words a machine in at most twelve lines."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from itertools import accumulate

from hwperf.report.card.content import Card, Source, card_of
from hwperf.report.card.words import NOISY, date, plain, shown
from hwperf.report.claims import BETTER, BROKEN, HOLDS, NOT_MEASURABLE, WORSE
from hwperf.units import format_quantity

__all__ = ["MOST_LINES", "block", "judgement", "machine_line", "trust_line"]

MOST_LINES = 12
_NUMBER = 13  # Columns of the number.
_MOST_CLOSING = 2  # Lines of the judgement.
_NAMED = 3  # Claims that are named in a sentence; of more the number.


def block(source: Source, columns: int = 80) -> list[str]:
    """Return machine, trust, eight numbers with words, and a sentence of judgement.

    Args:
        source: a run, its measurements, or a card.
        columns: of each line, which is cut if it is longer.
    """
    card = card_of(source)
    lines = [machine_line(card), trust_line(card)]
    for each in card.headlines:
        mark = NOISY if each.quantity.is_noisy else " "
        number = shown(each.quantity.value, each.quantity.unit)
        lines.append(f"{number:>{_NUMBER}} {mark} {each.words}")
    lines += _closing(card, columns)
    return [plain_end(line, columns) for line in lines][:MOST_LINES]


def plain_end(line: str, columns: int) -> str:
    """Return *line*, cut with an ellipsis where it is longer than *columns*."""
    ends = list(accumulate(map(_cells, line)))
    if not ends or ends[-1] <= columns:
        return line
    return f"{line[: bisect_right(ends, columns - 1)].rstrip()}…"


def _cells(letter: str) -> int:
    """Return the columns that a letter takes in a terminal."""
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def machine_line(card: Card) -> str:
    """Return what the machine is, and when what was measured."""
    cpus = card.facts.get("num_cpu")
    parts = [
        plain(card.facts.get("cpu", "") or card.machine, 40),
        f"{plain(cpus, 8)} CPU{'' if cpus == '1' else 's'}" if cpus else "",
        plain(card.facts.get("ram", ""), 12),
        plain(card.facts.get("os", ""), 12),
        date(card.measured_at)[:10],
        plain(card.commit, 40)[:8],
    ]
    known = [part for part in parts if part]
    return ", ".join(known) or "a machine that is not known"


def trust_line(card: Card) -> str:
    """Return how far the numbers can be trusted."""
    trust = card.trust
    parts = []
    if trust.noise is not None:
        parts.append(f"noise floor ±{100 * trust.noise:.2g} %")
    if trust.n_points:
        parts.append(f"{100 * trust.n_noisy / trust.n_points:.0f} % of points noisy")
    if trust.disturbed is not None:
        parts.append(f"{100 * trust.disturbed:.0f} % of samples disturbed")
    if trust.clock_hz is not None:
        parts.append(format_quantity(trust.clock_hz, "Hz"))
    return ", ".join(parts) or "trust: nothing was measured"


def judgement(card: Card, most_named: int = _NAMED) -> str:
    """Return one sentence on what became of the textbook's claims.

    Args:
        card: what was measured.
        most_named: broken claims that are named; of more stands that there are.
    """
    n_measured = len(card.judged) - card.counts.get(NOT_MEASURABLE, 0)
    n_missing = card.counts.get(NOT_MEASURABLE, 0)
    if not n_measured:
        return f"None of the textbook's {len(card.judged)} claims could be measured here."
    broken = [each.claim.id for each in card.judged if each.verdict == BROKEN]
    named = ", ".join(broken[:most_named]) + (" ..." if len(broken) > most_named else "")
    words = [
        f"{card.counts.get(HOLDS, 0)} hold",
        f"{card.counts.get(BETTER, 0)} better",
        f"{card.counts.get(WORSE, 0)} worse",
        f"{len(broken)} broken" + (f" ({named})" if most_named else "")
        if broken
        else "none broken",
    ]
    return (
        f"Of {n_measured} textbook claims {', '.join(words)}; {n_missing} cannot be measured here."
    )


def _closing(card: Card, columns: int) -> list[str]:
    """Return the judgement in two lines, with as many names as they hold."""
    import textwrap

    lines: list[str] = []
    for most_named in range(_NAMED, -1, -1):
        lines = textwrap.wrap(judgement(card, most_named), columns, break_on_hyphens=False)
        if len(lines) <= _MOST_CLOSING:
            return lines
    return [*lines[: _MOST_CLOSING - 1], " ".join(lines[_MOST_CLOSING - 1 :])]  # Cut by the caller.
