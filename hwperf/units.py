"""Base units and what people read. This module is the only place that converts between the two.

Inside hwperf every quantity is in base units: s, B, FLOP, op, Hz and their rates. Rates are printed
with decimal prefixes (GB = 10^9 B), sizes with binary ones (GiB = 2^30 B).
"""

from __future__ import annotations

import math
import re

from hwperf.errors import UsageError

__all__ = [
    "UNITS",
    "GiB",
    "KiB",
    "MiB",
    "format_bytes",
    "format_duration",
    "format_quantity",
    "parse_bytes",
    "parse_seconds",
    "scale_of",
]

KiB = 2**10
MiB = 2**20
GiB = 2**30

UNITS = ("B", "B/s", "FLOP/s", "Hz", "op/s", "s")
"""Every unit that a metric or a fact may have."""

_EXACT = 64 * KiB  # Below, a size is a place or a stride, where each byte counts.
_DECIMAL = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""))
_SUBMULTIPLES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"), (1e-12, "p"))
_BINARY = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"), (1.0, "B"))
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-zµ]*)")
_SIZE_UNITS = {
    "": 1, "b": 1, "kib": KiB, "mib": MiB, "gib": GiB, "tib": 2**40,
    "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
}  # fmt: skip
_TIME_UNITS = {"": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0, "h": 3600.0}


def scale_of(value: float, unit: str) -> tuple[float, str]:
    """Return the factor and the unit in which people read *value*.

    Args:
        value: a quantity in the base unit *unit*; its magnitude chooses the prefix.
        unit: one of :data:`UNITS`.

    Returns:
        ``(factor, shown_unit)`` such that ``value / factor`` is the number before *shown_unit*.
    """
    magnitude = abs(value)
    if unit == "B":
        return next(((f, name) for f, name in _BINARY if magnitude >= f), (1.0, "B"))
    prefixes = _SUBMULTIPLES if unit == "s" else _DECIMAL
    for factor, prefix in prefixes:
        if magnitude >= factor:
            return factor, f"{prefix}{unit}"
    factor, prefix = prefixes[-1]
    if magnitude == 0 or not math.isfinite(magnitude):
        factor, prefix = 1.0, ""
    return factor, f"{prefix}{unit}"


def format_quantity(value: float | None, unit: str, *, digits: int = 3) -> str:
    """Return *value* (base unit *unit*) as people read it, e.g. ``24.7 GB/s`` or ``1.12 ns``.

    None and values that are not finite read ``n/a``: a 0 never stands for "not measured".
    """
    if value is None or not math.isfinite(value):
        return "n/a"
    # Rounded first: 999.9 ns with three digits is 1.00 µs, not 1000 ns.
    factor, shown = scale_of(_rounded(value, digits), unit)
    return f"{_significant(value / factor, digits)} {shown}"


def format_bytes(nbytes: int) -> str:
    """Return a size with a binary prefix: ``4 KiB``, ``1.5 GiB``; ``4089 B`` where one rounds."""
    factor, shown = scale_of(nbytes, "B")
    number = f"{nbytes / factor:.4g}"
    if nbytes < _EXACT and float(number) * factor != nbytes:
        return f"{nbytes} B"
    return f"{number} {shown}"


def format_duration(seconds: float) -> str:
    """Return a wall time: ``4.2 s``, ``2 min 05 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def parse_bytes(text: str) -> int:
    """Return the bytes that *text* says: ``4096``, ``16MiB``, ``1.5 GiB``, ``1GB``.

    Raises:
        UsageError: if *text* is no size.
    """
    match = _SIZE.fullmatch(text.strip())
    factor = _SIZE_UNITS.get(match["unit"].lower()) if match else None
    if match is None or factor is None or not math.isfinite(float(match["number"]) * factor):
        raise UsageError(
            f"{text!r} is no size: expected a number and a unit, e.g. 4096, 16MiB or 1GB."
        )
    return round(float(match["number"]) * factor)


def parse_seconds(text: str) -> float:
    """Return the seconds that *text* says: ``1``, ``1s``, ``250ms``, ``2min``.

    Raises:
        UsageError: if *text* is no time or not above zero.
    """
    stripped = text.strip()
    match = _SIZE.fullmatch(stripped.removeprefix("-"))
    factor = _TIME_UNITS.get(match["unit"]) if match else None
    if match is None or factor is None:
        raise UsageError(
            f"{text!r} is no time: expected a number and a unit, e.g. 1s, 250ms or 2min."
        )
    seconds = float(match["number"]) * factor
    if not math.isfinite(seconds):
        raise UsageError(f"{text!r} is too long: expected a time such as 1s or 2min.")
    if stripped.startswith("-") or seconds <= 0:
        raise UsageError(f"{text!r} is not above zero: expected a time such as 1s or 250ms.")
    return seconds


def _significant(number: float, digits: int) -> str:
    if number == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(_rounded(number, digits)))))
    return f"{number:.{places}f}"


def _rounded(number: float, digits: int) -> float:
    return float(f"{number:.{digits - 1}e}")
