"""The card as a picture. This module draws an SVG for a README: no script, no font, nothing linked.

It brings its own background in both colour schemes, so that it is legible wherever it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from hwperf.report.card.block import judgement, machine_line, trust_line
from hwperf.report.card.content import Card, Source, card_of
from hwperf.report.card.words import NOISY, here, ratio, shown, textbook
from hwperf.report.claims import (
    BETTER,
    BROKEN,
    HOLDS,
    NOT_MEASURABLE,
    VERDICTS,
    WORSE,
    Judged,
)

__all__ = ["svg"]

_WIDTH = 840
_MARGIN = 24
_LINE = 20  # Pixels from one line to the next.
_BAR = 14
_CHARACTER = 7.3  # Pixels of a monospaced character of 12 px, generously.
_CLASS = {HOLDS: "h", BETTER: "b", WORSE: "w", BROKEN: "x", NOT_MEASURABLE: "n"}

# Each text colour has a contrast of 4.5 or more on its background (WCAG 2.2, 1.4.3).
_STYLE = """
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; }
.t { font-weight: 700; font-size: 14px; } .s { fill: #59636e; }
.bg { fill: #ffffff; stroke: #d0d7de; } .rule { stroke: #d0d7de; }
.h { fill: #1a6b3c; } .b { fill: #0550ae; } .w { fill: #8a4b00; } .x { fill: #b00020; }
.n { fill: #6e7781; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .s { fill: #9198a1; }
.bg { fill: #0d1117; stroke: #3d444d; } .rule { stroke: #3d444d; }
.h { fill: #57c785; } .b { fill: #79b8ff; } .w { fill: #f2b35c; } .x { fill: #ff8a80; }
.n { fill: #9198a1; }
}
"""


def svg(source: Source) -> str:
    """Return the picture: machine, eight numbers, how the claims fared, the measured ones."""
    card = card_of(source)
    drawn = _Drawing()
    drawn.text(_MARGIN, machine_line(card), "t", most=90)
    drawn.text(_MARGIN, trust_line(card), "s", most=105)
    drawn.gap()
    for headline in card.headlines:
        number = shown(headline.quantity.value, headline.quantity.unit)
        mark = f" {NOISY}" if headline.quantity.is_noisy else ""
        drawn.text(140, number, "t", anchor="end", advance=False)
        drawn.text(152, f"{headline.words}{mark}", "", most=88)
    drawn.gap()
    _bar(card, drawn)
    measured = [each for each in card.judged if each.verdict != NOT_MEASURABLE]
    if measured:
        drawn.rule()
        _heads(drawn)
        for each in measured:
            _row(each, drawn)
    if any(each.is_noisy for each in measured):
        drawn.text(_MARGIN, f"{NOISY} rests on a noisy point", "s")
    height = drawn.y + 6
    title, words = escape(f"hwperf: {machine_line(card)}"), escape(judgement(card))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="t d">\n'
        f'<title id="t">{title}</title>\n<desc id="d">{words}</desc>\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect class="bg" x="0.5" y="0.5" width="{_WIDTH - 1}" height="{height - 1}" rx="8"/>\n'
        + "\n".join(drawn.parts)
        + "\n</svg>\n"
    )


class _Drawing:
    """Lines of text one below the other.

    Attributes:
        parts: the elements so far.
        y: the baseline of the next line.
    """

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.y = 32

    def text(
        self,
        x: float,
        words: str,
        kind: str,
        *,
        anchor: str = "start",
        most: int = 110,
        advance: bool = True,
    ) -> None:
        """Write *words*, cut to *most* characters."""
        cut = words if len(words) <= most else f"{words[: most - 1]}…"
        css = f' class="{kind}"' if kind else ""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self.parts.append(f'<text x="{x:g}" y="{self.y}"{css}{place}>{escape(cut)}</text>')
        if advance:
            self.y += _LINE

    def gap(self) -> None:
        """Leave half a line free."""
        self.y += _LINE // 2

    def rule(self) -> None:
        """Draw a line across."""
        y = self.y - 6
        self.parts.append(f'<path class="rule" d="M{_MARGIN} {y}H{_WIDTH - _MARGIN}" fill="none"/>')
        self.y += 12


def _bar(card: Card, drawn: _Drawing) -> None:
    """Draw how many claims came to which verdict, as a bar and in words."""
    present = [(verdict, card.counts[verdict]) for verdict in VERDICTS if card.counts.get(verdict)]
    total = sum(count for _, count in present)
    x, width = float(_MARGIN), _WIDTH - 2 * _MARGIN
    for verdict, count in present:
        part = width * count / total
        drawn.parts.append(
            f'<rect class="{_CLASS[verdict]}" x="{x:.1f}" y="{drawn.y - 12}" '
            f'width="{max(1.0, part - 2):.1f}" height="{_BAR}" rx="2"/>'
        )
        x += part
    drawn.y += _LINE
    x = _MARGIN
    for verdict, count in present:
        words = f"{count} {verdict}"
        drawn.text(x, words, _CLASS[verdict], advance=False)
        x += (len(words) + 2) * _CHARACTER
    drawn.y += _LINE


def _heads(drawn: _Drawing) -> None:
    for x, name, anchor in _columns("claim", "textbook", "this machine", "ratio", "verdict"):
        drawn.text(x, name, "s", anchor=anchor, advance=False)
    drawn.y += _LINE


def _row(each: Judged, drawn: _Drawing) -> None:
    assert each.quantity is not None
    verdict = each.verdict + (f" {NOISY}" if each.is_noisy else "")
    cells = (each.claim.id, textbook(each.claim), here(each.quantity), ratio(each), verdict)
    for place, (x, words, anchor) in enumerate(_columns(*cells)):
        kind = _CLASS[each.verdict] if place == len(cells) - 1 else ""
        drawn.text(x, words, kind, anchor=anchor, most=34, advance=False)
    drawn.y += _LINE


def _columns(*cells: str) -> Iterator[tuple[float, str, str]]:
    places = ((_MARGIN, "start"), (370, "end"), (400, "start"), (660, "end"), (690, "start"))
    for (x, anchor), words in zip(places, cells, strict=True):
        yield x, words, anchor
