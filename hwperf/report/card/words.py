"""Numbers and names as people read them. This module words what a card shows."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from hwperf.report.claims import NOT_MEASURABLE, Claim, Judged, Quantity
from hwperf.units import format_bytes, format_quantity, scale_of

__all__ = [
    "NOISY", "against", "date", "here", "interval", "missing", "plain", "ratio", "shown",
    "textbook",
]  # fmt: skip

NOISY = "~"
"""Stands behind what rests on a noisy point."""

_NARROW = 0.1  # Half of an interval over the value, below which it is shown in per cent.
_MOST_REASON = 240  # Characters; a longer reason is cut.


def shown(value: float, unit: str, *, digits: int = 3) -> str:
    """Return a value with its unit; of "x" and of what is counted, the number before the unit."""
    if unit in ("x", "ones"):
        places = "" if not math.isfinite(value) else f"{value:,.0f}"
        number = places if abs(value) >= 1000 else f"{value:.{digits}g}"
        if len(number) > 12:
            number = f"{value:.{digits}g}"
        return f"{number} {unit}" if unit == "x" else number
    if unit == "B":
        return format_bytes(round(value))
    return format_quantity(value, unit, digits=digits)


def textbook(claim: Claim) -> str:
    """Return the textbook's side: ``100 ns``, ``40-100 GB/s``, ``500 x``, or ``a law``."""
    if claim.low is not None and claim.high is not None:
        factor, unit = scale_of(claim.high, claim.unit)
        if claim.low / factor < 0.1:
            return f"{shown(claim.low, claim.unit)}-{shown(claim.high, claim.unit)}"
        return f"{claim.low / factor:g}-{claim.high / factor:g} {unit}"
    if claim.value is None:
        return "a law"
    if claim.unit == "x":
        return f"{claim.value:g} x"
    # As the lecture writes it: 0.2 ns, not 200 ps.
    least = 1e-9 if claim.unit == "s" else 0.0
    factor, unit = scale_of(max(claim.value, least), claim.unit)
    return f"{float(f'{claim.value / factor:.3g}'):g} {unit}"


def here(found: Quantity) -> str:
    """Return this machine's side with its interval: ``94.2 ns ±1.6 %``, ``20.8 x (17.9-21.3)``."""
    return f"{shown(found.value, found.unit)} {interval(found)}".rstrip()


def interval(found: Quantity) -> str:
    """Return where the value lies: by half the width where that is narrow, else by both ends."""
    if found.interval is None:
        return ""
    low, high = found.interval
    if low == high:
        return ""
    half = max(high - found.value, found.value - low) / found.value
    if half < _NARROW:
        return f"±{max(100 * half, 0.1):.1f} %"
    if found.unit in ("x", "ones", "B"):
        return f"({shown(low, 'ones')}-{shown(high, 'ones')})"
    factor, unit = scale_of(found.value, found.unit)
    own = scale_of(float(f"{found.value:.2e}"), found.unit)[1]
    if own != unit or high / factor >= 1e4:
        return f"({shown(low, found.unit)}-{shown(high, found.unit)})"
    return f"({low / factor:.3g}-{high / factor:.3g})"


def ratio(judged: Judged) -> str:
    """Return this machine over the textbook, in two digits."""
    value = judged.ratio
    if value is None or not math.isfinite(value):
        return ""
    if value >= 9.5:
        return f"{value:,.0f}" if value < 99_999 else f"{value:.0e}"
    return f"{value:.2g}"


def against(judged: Judged) -> str:
    """Return what a law compared: ``sequential 24.4 GB/s against strided 1.17 GB/s``."""
    pairs = [judged.sides[i : i + 2] for i in range(0, len(judged.sides), 2)]
    words = (
        " against ".join(
            f"{side.name} {shown(side.quantity.value, side.quantity.unit)}" for side in pair
        )
        for pair in pairs
    )
    return "; ".join(words)


def missing(judged: Judged) -> str:
    """Return why a claim has no verdict, "" where it has one."""
    return plain(judged.reason, _MOST_REASON) if judged.verdict == NOT_MEASURABLE else ""


def plain(text: str, most: int = 80) -> str:
    """Return *text* in one line of at most *most* characters that print; others become ``?``."""
    kept = "".join(c if c.isprintable() else "?" for c in " ".join(text[: 8 * most].split()))
    return kept if len(kept) <= most else f"{kept[: most - 1]}…"


def date(seconds: float | None) -> str:
    """Return a time in UTC to the minute, "" where it is none."""
    if seconds is None:
        return ""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    except (OverflowError, ValueError, OSError):
        return ""
