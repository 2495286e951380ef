"""How a compared point reads. This module puts its values, its change and its verdict in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hwperf.printable import printable
from hwperf.report.comparison.pairs import Compared
from hwperf.units import UNITS, format_bytes, format_quantity, scale_of

__all__ = ["MOST_CHARACTERS", "change", "named", "plain", "point_name", "quantity", "values"]

MOST_CHARACTERS = 200
"""Of a name or parameter that text shows; JSON has all of it."""

_BASE = {"seconds": "s", "bytes": "B"}  # asv's words for the units of its own benchmarks.


def named(point: Compared) -> str:
    """Return the name and the parameters in one line: ``memory.copy nbytes=8 KiB, pages=small``."""
    return point_name(point.name, point.params, is_tail=point.is_tail)


def point_name(name: str, params: Mapping[str, Any], *, is_tail: bool = False) -> str:
    """Return one line that names a point, whatever its name and parameters hold."""
    tail = " p99" if is_tail else ""
    return f"{plain(name)}{tail} {_params(params)}".rstrip()


def quantity(value: float | None, unit: str) -> str:
    """Return a value as people read it, also in a unit that is not hwperf's."""
    base = _BASE.get(unit, unit)
    if base == "B" and value is not None and 0 <= value < math.inf:
        return format_bytes(round(value))
    if base in UNITS:
        return format_quantity(value, base)
    if value is None or not math.isfinite(value):
        return "n/a"
    return f"{value:.4g} {plain(unit)}".rstrip()


def values(point: Compared) -> str:
    """Return both values, or why one is not there: ``24.7 GB/s -> 22.1 GB/s``."""
    shown = [
        quantity(None if each is None else each.value, point.unit) for each in (point.a, point.b)
    ]
    return f"{shown[0]} -> {shown[1]}"


def change(point: Compared) -> str:
    """Return the change with its 99 % interval: ``-10.5 % [-12.1 .. -8.9]``, ``3 x [2.8 .. 3.2]``.

    In per cent where it is below a factor of two on either side.
    """
    if point.ratio is None:
        return ""
    numbers = (point.ratio, *(point.interval or ()))
    if all(0.5 <= number <= 2 for number in numbers):
        shown = [f"{100 * (number - 1):+.1f}" for number in numbers]
        unit = " %"
    else:
        shown = [f"{number:.3g}" for number in numbers]
        unit = " x"
    between = f"[{shown[1]} .. {shown[2]}]" if point.interval else "[n/a]"
    return f"{shown[0]}{unit} {between}"


def _params(params: Mapping[str, Any]) -> str:
    return ", ".join(f"{plain(name)}={_value(name, value)}" for name, value in params.items())


def _value(name: str, value: Any) -> str:
    if name.endswith("bytes") and type(value) is int and value >= 0:
        shown = format_bytes(value)
        is_exact = float(shown.split()[0]) * scale_of(value, "B")[0] == value
        return shown if is_exact else f"{value} B"
    return plain(str(value))


def plain(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return text on one line that no terminal obeys, and no longer than can be read."""
    safe = printable(text[:most])
    return safe if len(text) <= most else f"{safe}..."
