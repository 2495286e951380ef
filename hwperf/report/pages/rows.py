"""The rows of charts. This module turns measured points into what ``marks`` draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.report.pages.parts import shortened
from hwperf.report.pages.points import UNITS, number, size, told

__all__ = ["COLUMNS", "cell", "gap", "in_words", "mark", "over", "rule", "shades"]

COLUMNS: Mapping[str, str] = {
    "kind": "kind", "series": "series", "x": "x", "x2": "x_to", "y": "y", "lo": "low_99",
    "hi": "high_99", "label": "label", "at": "point", "verdict": "verdict",
}  # fmt: skip
"""Every key of a row, with its heading where a chart has no better one.

What is not drawn is ``of``: the workload that a mark is of, by which ``more`` knows what is shown.
"""

_LEAST_SPAN = 1.5  # Cells that differ by less have nearly one shade.


def mark(
    m: Measurement,
    *,
    at: object,
    x: Any = None,
    series: object = "",
    label: object = "",
    factor: float | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the row of a measured point.

    Args:
        m: the point; it has a value.
        at: which point it is, in words.
        x: its place, a number, or None where the kind of chart needs none.
        series: the line, colour or row that it belongs to.
        label: text beside it.
        factor: what the value is divided by; the unit of the axis where None.
        more: other keys.
    """
    scale = UNITS[m.unit][0] if factor is None else factor
    low, high = m.interval or (None, None)
    return {
        "kind": "mark",
        "of": m.name,
        "x": x,
        "y": None if m.value is None else m.value / scale,
        "lo": None if low is None else low / scale,
        "hi": None if high is None else high / scale,
        "series": shortened(series),
        "label": shortened(label),
        "at": shortened(at),
        "told": told(m),
        "verdict": m.verdict,
        **more,
    }


def gap(m: Measurement, *, at: object, **more: Any) -> dict[str, Any]:
    """Return the row of a point without a value: it says why when pointed at."""
    reason = shortened(f"{m.verdict}: {m.reason}" if m.reason else m.verdict, 160)
    return {"kind": "gap", "label": "n/a", "at": shortened(at), "told": reason,
            "verdict": m.verdict, **more}  # fmt: skip


def cell(m: Measurement, text: str) -> str:
    """Return the text of a cell, with a mark where the point is not ok."""
    return text if m.verdict == "ok" else f"{text} *"


def rule(y: float, label: object) -> dict[str, Any]:
    """Return the row of a level that bounds the points, in the unit of the axis."""
    return {"kind": "rule", "y": y, "label": shortened(label)}


def over(
    measurements: Iterable[Measurement],
    axis: str,
    series: Callable[[Mapping[str, Any]], object],
    shown: Callable[[Any], str] = size,
    factor: float | None = None,
) -> list[dict[str, Any]]:
    """Return the marks of points over one of their parameters, which is a number above zero.

    Args:
        measurements: points with values.
        axis: name of the parameter.
        series: the line that a point belongs to, by its parameters.
        shown: the parameter in words.
        factor: as in :func:`mark`.
    """
    found = []
    for m in measurements:
        x = number(m.params.get(axis))
        if x is not None and x > 0:
            name = str(series(m.params))
            at = f"{axis.removesuffix('_bytes')} {shown(m.params[axis])}"
            at = f"{at}, {name}" if name else at
            found.append(mark(m, at=at, x=x, series=name, factor=factor))
    return found


def shades(rows: Sequence[dict[str, Any]], key: str = "value") -> list[dict[str, Any]]:
    """Add to the rows of a heat map how dark each cell is: its place between least and most.

    On a logarithmic scale, as costs and rates differ by factors.
    """
    known = [_log(r.get(key)) for r in rows if r["kind"] == "mark"]
    low = min((v for v in known if v is not None), default=0.0)
    high = max((v for v in known if v is not None), default=0.0)
    span = max(high - low, math.log(_LEAST_SPAN))
    return [{**r, "shade": ((_log(r.get(key)) or low) - low) / span} for r in rows]


def _log(value: Any) -> float | None:
    found = number(value)
    return math.log(found) if found is not None and found > 0 else None


def in_words(what: str, rows: Sequence[Mapping[str, Any]], unit: str, key: str = "y") -> str:
    """Return a chart in words: its least and its most value, and which points those are."""
    known = [r for r in rows if r["kind"] == "mark" and number(r.get(key)) is not None]
    if not known:
        return f"{what}."
    least, most = (pick(known, key=lambda r: r[key]) for pick in (min, max))
    return (
        f"{what}: from {least[key]:.3g} {unit} ({least['at']})"
        f" to {most[key]:.3g} {unit} ({most['at']})."
    )
