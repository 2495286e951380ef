"""Charts for these pages. This module draws lines with intervals on logarithmic axes, as SVG.

The pages of a run are drawn elsewhere, by a library that needs a browser; a picture in a page of
documentation should also be there in print and where scripts are off.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 150, 54, 52
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#7b3294")  # Told apart by all eyes: Wong (2011).
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.t{font-size:16px;font-weight:600}"
    ".s{fill:#666}.g{stroke:#ddd}.b{fill:#fff}"
)


@dataclass(frozen=True)
class Point:
    """One value: where, how much, and its interval."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """Points that belong together, under one name."""

    name: str
    points: Sequence[Point]


def chart(
    title: str,
    subtitle: str,
    lines: Sequence[Line],
    *,
    shown_x: Callable[[float], str],
    shown_y: Callable[[float], str],
    x_step: float,
) -> str:
    """Return an SVG of *lines*, both axes logarithmic.

    Args:
        title: what is shown, also for who cannot see it.
        subtitle: of what, and in what unit.
        lines: up to four.
        shown_x: a place on the horizontal axis, as people read it.
        shown_y: a value, as people read it.
        x_step: factor from one mark of the horizontal axis to the next.
    """
    every = [point for line in lines for point in line.points]
    across = _Scale(min(p.x for p in every), max(p.x for p in every), _LEFT, WIDTH - _RIGHT)
    low, high = min(p.low for p in every) / 1.3, max(p.high for p in every) * 1.3
    up = _Scale(low, high, HEIGHT - _BOTTOM, _TOP)
    body = [
        f'<rect class="b" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
        f'<text class="t" x="16" y="24">{escape(title)}</text>',
        f'<text class="s" x="16" y="43">{escape(subtitle)}</text>',
        *_grid(across, up, x_step, shown_x, shown_y),
    ]
    heights: list[float] = []
    for line, colour in zip(lines, _COLOURS, strict=False):
        body += _drawn(line, colour, across, up)
        heights.append(_beside(up(line.points[-1].y), heights))
        label = f'x="{WIDTH - _RIGHT + 10}" y="{heights[-1]:.0f}" style="fill:{colour}"'
        body.append(f"<text {label}>{escape(line.name)}</text>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'width="{WIDTH}" height="{HEIGHT}"><title>{escape(title)}</title>'
        f"<desc>{escape(subtitle)}</desc><style>{_STYLE}</style>{''.join(body)}</svg>\n"
    )


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.begin + part * (self.end - self.begin)


def _grid(
    across: _Scale,
    up: _Scale,
    x_step: float,
    shown_x: Callable[[float], str],
    shown_y: Callable[[float], str],
) -> Iterator[str]:
    mark = across.low
    while mark <= across.high * 1.001:
        x = across(mark)
        yield f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="{up.end}" y2="{up.begin}"/>'
        yield f'<text x="{x:.1f}" y="{up.begin + 20}" text-anchor="middle">{shown_x(mark)}</text>'
        mark *= x_step
    for value in _ticks(up.low, up.high):
        y = up(value)
        yield f'<line class="g" x1="{across.begin}" x2="{across.end}" y1="{y:.1f}" y2="{y:.1f}"/>'
        place = f'x="{across.begin - 8}" y="{y + 4:.1f}" text-anchor="end"'
        yield f"<text {place}>{shown_y(value)}</text>"


def _ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 of each decade, without those of two and five where there are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    found = [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]
    return [value for value in found if low <= value <= high]


def _drawn(line: Line, colour: str, across: _Scale, up: _Scale) -> Iterator[str]:
    places = [(across(point.x), up(point.y)) for point in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for (x, y), point in zip(places, line.points, strict=True):
        ends = f'y1="{up(point.low):.1f}" y2="{up(point.high):.1f}"'
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" {ends} stroke="{colour}" stroke-width="2"/>'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'


def _beside(wanted: float, taken: Sequence[float]) -> float:
    """Return a height for a label near *wanted* that touches none of those there."""
    height = wanted + 4
    while any(abs(height - other) < 15 for other in taken):
        height += 4
    return height
