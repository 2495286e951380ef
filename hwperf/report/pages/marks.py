"""The kinds of charts. This module declares each with Altair; ``rows`` makes what they draw.

A chart's specification is the same for every run: fields have fixed names, and what differs between
runs (values, series, cache sizes, ceilings) are rows. ``kind`` says what a row is:

    mark   a measured point       band   a stretch of the x axis with a name
    tick   a place on the x axis  rule   a level that bounds the points
    fit    a point of a model     gap    a point that could not be measured
    ideal  a point of what would be best
    slope  an end of a bandwidth  top    an end of a level of arithmetic

The colours of text and lines are the page's own (``currentColor``): light, dark and printed alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import altair as alt

__all__ = ["Axis", "bars", "columns", "curve", "dots", "heat", "roofline", "timeline"]

PALETTE = (
    "#3f84c6", "#c9741f", "#2c9268", "#c8527c", "#8d6fc4", "#7d8a2e", "#2f93a5", "#a8705a",
)  # fmt: skip
"""At least 3:1 against white and against the dark page (WCAG 2.2, 1.4.11)."""

SHADES = ("#dbe8f3", "#8db7da", "#3f84c6", "#17497b")

_INK = "currentColor"
_X, _Y = "the x title", "the y title"  # In what is kept of a kind of chart.
_BINARY = " : ".join(
    f"datum.value >= {2**power} ? format(datum.value / {2**power}, '.4~g') + ' {unit}'"
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))
)
_PLAIN = "datum.value >= 1e4 || datum.value < 1e-3 ? format(datum.value, '~s') : datum.value"
# Of a logarithmic axis: 1, and 2 and 5 where the axis spans less than 2.5 decades.
_LEADING = "round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-6)))"
_IS_NARROW = "log(domain('{0}')[1] / domain('{0}')[0]) / LN10 < 2.5"

Axis = Literal["bytes", "count", "linear", "level", "log"]
"""What an axis shows. A level is linear without a zero: a clock, for instance."""


def curve(
    x_title: str,
    y_title: str,
    *,
    x: Axis = "bytes",
    y: Axis = "log",
    height: int = 300,
    colors: bool = True,
) -> dict[str, Any]:
    """Return lines over a working set, a number of threads or the like.

    Rows: ``mark``, ``fit`` and ``ideal`` with x, y and series; ``band`` with x, x2, shade and
    label; ``tick`` with x and label; ``rule`` with y and label. A ``mark`` whose key joined is
    false is no part of a line; one of another group is part of another line of that colour.
    """
    return _titled(_curve(x, y, height, colors), x_title, y_title)


@cache
def _curve(x: Axis, y: Axis, height: int, colors: bool) -> dict[str, Any]:
    across, up, color = _axis_of("x", _X, x), _axis_of("y", _Y, y), _color(colors)
    joined = _of("mark").transform_filter("datum.joined !== false")
    ideal = _of("ideal").mark_line(strokeWidth=1, strokeDash=[2, 4], opacity=0.6, color=_INK)
    fitted = _of("fit").mark_line(strokeWidth=1, opacity=0.8, strokeDash=[2, 2])
    layers = [
        *_bands(across),
        *_ticks(across),
        joined.mark_line(strokeWidth=1.8).encode(
            x=across, y=up, color=color, strokeDash=_dash(), detail=alt.Detail("group:N")
        ),
        fitted.encode(x=across, y=up, color=color, detail=alt.Detail("run:N")),
        ideal.encode(x=across, y=up),
        _of("mark")
        .mark_rule(strokeWidth=1.4, opacity=0.6)
        .encode(x=across, y=alt.Y("lo:Q"), y2=alt.Y2("hi:Q"), color=color),
        _of("mark")
        .mark_point(filled=True, size=34)
        .encode(x=across, y=up, color=color, opacity=_trust(), tooltip=_tips()),
        _of("rule").mark_rule(strokeDash=[6, 3], opacity=0.7, color=_INK).encode(y=up),
        _of("rule")
        .mark_text(align="left", baseline="bottom", dx=4, dy=-3)
        .encode(x=alt.value(0), y=up, text=_text("label")),
    ]
    return _spec(alt.layer(*layers), height)


def roofline(x_title: str, y_title: str, *, height: int = 380) -> dict[str, Any]:
    """Return ceilings and, under them, measured kernels.

    Rows: ``slope`` and ``top``, two for each ceiling, with x, y and series, of which one ``top``
    has a label; ``mark`` with x, y and shape.
    """
    across, up = _axis_of("x", x_title, "log"), _axis_of("y", y_title, "log")
    shape = alt.Shape("shape:N").sort(None).title(None)
    tops = _of("top").mark_line(strokeWidth=1.4, opacity=0.7, color=_INK)
    layers = [
        _of("slope")
        .mark_line(strokeWidth=1.8)
        .encode(x=across, y=up, color=_color(), strokeDash=_dash()),
        tops.encode(
            x=across, y=up, detail=[alt.Detail("series:N"), alt.Detail("run:N")], strokeDash=_dash()
        ),
        _of("top")
        .transform_filter("isValid(datum.label) && datum.run === 'now'")
        .mark_text(align="right", baseline="bottom", dx=-2, dy=-4)
        .encode(x=across, y=up, text=_text("label")),
        _of("mark")
        .mark_point(filled=True, size=55, color=_INK)
        .encode(x=across, y=up, shape=shape, opacity=_trust(), tooltip=_tips()),
    ]
    return _spec(alt.layer(*layers), height)


def dots(
    x_title: str,
    *,
    x: Axis = "log",
    shapes: bool = False,
    colors: bool = True,
    row_height: int = 24,
) -> dict[str, Any]:
    """Return one row of points for each label, on one axis.

    Rows: ``mark`` with label (the row), y (the place on the axis), series (the colour) and, with
    *shapes*, shape.
    """
    return _titled(_dots(x, shapes, colors, row_height), x_title)


@cache
def _dots(x: Axis, shapes: bool, colors: bool, row_height: int) -> dict[str, Any]:
    across, row, color = _axis_of("x", _X, x, field="y"), _row(), _color(colors)
    run = alt.YOffset("run:N")
    encoding: dict[str, Any] = {
        "x": across, "y": row, "color": color, "opacity": _trust(), "tooltip": _tips(),
        "yOffset": run,
    }  # fmt: skip
    if shapes:
        shape = alt.Shape("shape:N").sort(None).title(None)
        encoding["shape"] = shape.scale(range=["circle", "diamond"])
    layers = [
        _of("mark").mark_point(filled=True, size=70).encode(**encoding),
        _of("mark")
        .mark_rule(strokeWidth=2, opacity=0.45)
        .encode(x=alt.X("lo:Q"), x2=alt.X2("hi:Q"), y=row, color=color, yOffset=run),
    ]
    return _spec(alt.layer(*layers), _step(row_height))


def bars(x_title: str, *, colors: bool = False, row_height: int = 26) -> dict[str, Any]:
    """Return one bar for each label, from zero, with its value written at its end.

    Rows: ``mark`` with label (the row), y (the length), series (the colour) and text.
    """
    return _titled(_bars(colors, row_height), x_title)


@cache
def _bars(colors: bool, row_height: int) -> dict[str, Any]:
    across, row = _axis_of("x", _X, "linear", field="y"), _row(grid=False)
    run = alt.YOffset("run:N")
    layers = [
        _of("mark")
        .mark_bar(cornerRadiusEnd=2)
        .encode(
            x=across, y=row, color=_color(colors), yOffset=run, opacity=_trust(), tooltip=_tips()
        ),
        _of("mark")
        .mark_text(align="left", dx=5)
        .encode(x=across, y=row, yOffset=run, text=_text("text")),
    ]
    spec = _spec(alt.layer(*layers), _step(row_height))
    spec["padding"] = {"left": 5, "top": 5, "bottom": 5, "right": 70}
    return spec


def heat(x_title: str, y_title: str, *, row_height: int = 30) -> dict[str, Any]:
    """Return a table of cells, darker for more.

    Rows: ``mark`` with column and row (the cell), their places x and y2, shade (0 to 1) and text;
    ``gap`` with the same places.
    """
    return _titled(_heat(row_height), x_title, y_title)


@cache
def _heat(row_height: int) -> dict[str, Any]:
    across = alt.X("column:N").sort(field="x", op="min").title(_X)
    row = alt.Y("row:N").sort(field="y2", op="min").title(_Y)
    cell = {
        "x": across.axis(labelAngle=0, labelOverlap="greedy", ticks=False, domain=False),
        "y": row.axis(ticks=False, domain=False),
        "tooltip": _tips(),
    }
    ink = alt.condition("datum.shade > 0.5", alt.value("#ffffff"), alt.value("#10202e"))
    shade = alt.Color("shade:Q").legend(None)
    shade = shade.scale(domain=[0, 1 / 3, 2 / 3, 1], range=list(SHADES), clamp=True)
    layers = [
        _of("mark")
        .mark_rect(cornerRadius=2, stroke="transparent", strokeWidth=2)
        .encode(color=shade, **cell),
        _of("mark")
        .transform_filter("isValid(datum.text)")
        .mark_text()
        .encode(text=_text("text"), color=ink, **cell),
        _of("gap").mark_text(opacity=0.5).encode(text=_text("label"), **cell),
    ]
    return _spec(alt.layer(*layers), _step(row_height))


def columns(x_title: str, y_title: str) -> dict[str, Any]:
    """Return a histogram. Rows: ``mark`` with x, x2 (the stretch), low (zero) and y (how many)."""
    return _titled(_columns(), x_title, y_title)


@cache
def _columns() -> dict[str, Any]:
    across = alt.X("x:Q").scale(nice=False).axis(title=_X)
    up = alt.Y("y:Q").axis(title=_Y)
    then = alt.condition("datum.run === 'now'", alt.value(0.9), alt.value(0.35))
    boxes = _of("mark").mark_rect(color=PALETTE[0], stroke="transparent", strokeWidth=1)
    drawn = boxes.encode(
        x=across, x2=alt.X2("x2:Q"), y=up, y2=alt.Y2("low:Q"), opacity=then, tooltip=_tips()
    )
    return _spec(alt.layer(drawn), 200)


def timeline(x_title: str) -> dict[str, Any]:
    """Return marks over time. Rows: ``mark`` with x, label (the row), series and y (the size)."""
    across = alt.X("x:Q").scale(nice=False).axis(title=x_title)
    size = alt.Size("y:Q").scale(domain=[0, 100], range=[6, 200]).legend(None)
    circles = _of("mark").mark_point(filled=True, opacity=0.55)
    drawn = circles.encode(x=across, y=_row(), color=_color(), size=size, tooltip=_tips())
    return _spec(alt.layer(drawn), _step(26))


def _of(kind: str) -> Any:
    return alt.Chart().transform_filter(f"datum.kind === '{kind}'")


def _spec(chart: Any, height: Any) -> dict[str, Any]:
    placed = chart.properties(data=alt.NamedData("rows"), width="container", height=height)
    # Held to the schema by a test, once, and not at every drawing: it takes ten times as long.
    spec: dict[str, Any] = placed.to_dict(validate=False)
    spec.pop("config", None)
    return spec


def _titled(spec: dict[str, Any], x_title: str, y_title: str = "") -> dict[str, Any]:
    """Return a copy of a specification with the titles of its axes.

    Charts of a kind differ in nothing else, and Altair takes some 50 ms for each.
    """
    titles = {_X: x_title, _Y: y_title or None}
    return {key: _replaced(value, titles) for key, value in spec.items()}


def _replaced(value: Any, titles: Mapping[str, str | None]) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(each, titles) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, titles) for each in value]
    return titles.get(value, value) if isinstance(value, str) else value


def _step(height: int) -> Any:
    """Return the height of a row, also where an earlier run shares it."""
    return alt.Step(height, **{"for": "position"})


def _bands(across: Any) -> list[Any]:
    shade = alt.Opacity("shade:Q").scale(None).legend(None)
    return [
        _of("band").mark_rect(color=_INK).encode(x=across, x2=alt.X2("x2:Q"), opacity=shade),
        _of("band")
        .mark_text(align="left", baseline="top", dx=5, dy=5, opacity=0.75)
        .encode(x=across, y=alt.value(0), text=_text("label")),
    ]


def _ticks(across: Any) -> list[Any]:
    ticks = _of("tick").mark_rule(strokeDash=[2, 3], opacity=0.7, strokeWidth=1, color=_INK)
    words = _of("tick").mark_text(align="right", baseline="bottom", dx=-4, dy=-6)
    return [
        ticks.encode(x=across),
        words.encode(x=across, y=alt.value("height"), text=_text("label")),
    ]


def _axis_of(channel: Literal["x", "y"], title: str, kind: Axis, field: str = "") -> Any:
    encoded = (alt.X if channel == "x" else alt.Y)(f"{field or channel}:Q")
    if kind in ("linear", "level"):
        scaled = encoded.scale(zero=kind == "linear", nice=True)
        return scaled.axis(title=title, tickCount=8, format=".4~r" if kind == "level" else "~r")
    if kind == "log":
        is_narrow, one = _IS_NARROW.format(channel), f"{_LEADING} === 1"
        shown = f"{one} || ({is_narrow} && ({_LEADING} === 2 || {_LEADING} === 5))"
        words = f"({shown}) ? ({_PLAIN}) : ''"
        scale = alt.Scale(type="log", nice=channel == "y" or bool(field))
    else:
        one = "datum.value === round(datum.value)"
        words = f"{_BINARY} : format(datum.value, '~g') + ' B'"
        words = words if kind == "bytes" else f"{one} ? datum.value : ''"
        scale = alt.Scale(type="log", base=2, nice=False)
    lines = alt.condition(one, alt.value(1.0), alt.value(0.3))
    return encoded.scale(scale).axis(
        title=title, labelExpr=words, labelOverlap="greedy", gridOpacity=lines, ticks=False
    )


def _row(grid: bool = True) -> Any:
    return alt.Y("label:N").sort(None).title(None).axis(grid=grid, ticks=False, domain=False)


def _color(colors: bool = True) -> Any:
    if not colors:
        return alt.value(PALETTE[0])
    return alt.Color("series:N").sort(None).scale(range=list(PALETTE)).title(None)


def _text(field: str) -> Any:
    return alt.Text(f"{field}:N")


def _dash() -> Any:
    scale = alt.Scale(domain=["now", "then"], range=[[1, 0], [5, 4]])
    return alt.StrokeDash("run:N").scale(scale).legend(None)


def _trust() -> Any:
    """A point that is not ok is pale, and so is one of the earlier run."""
    return (
        alt.when("datum.run === 'then'")
        .then(alt.value(0.4))
        .when("datum.verdict !== 'ok'")
        .then(alt.value(0.45))
        .otherwise(alt.value(1.0))
    )


def _tips() -> list[Any]:
    return [
        alt.Tooltip("at:N", title="point"),
        alt.Tooltip("told:N", title="value"),
        alt.Tooltip("run:N", title="run"),
    ]
