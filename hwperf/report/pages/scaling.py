"""How work scales with threads. This module fits the two laws that are commonly drawn through it.

Amdahl: S(n) = n / (1 + s (n - 1)), s the serial part. Universal scalability law: S(n) = n / (1 +
s (n - 1) + k n (n - 1)), k the part that grows with every pair of threads (coherence).

Source: Amdahl (1967), "Validity of the single processor approach"; Gunther (2007), "Guerrilla
Capacity Planning", chapter 4, which fits the second by least squares on n / S(n) - 1.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["FEWEST", "amdahl", "usl"]

FEWEST = 3
"""Counts of threads, one included, below which a law would only repeat its points."""


def amdahl(threads: Sequence[float], speed_ups: Sequence[float]) -> float | None:
    """Return the serial part s, between 0 and 1, or None for too few points.

    Args:
        threads: numbers of threads.
        speed_ups: rate with so many over the rate with one, above zero.
    """
    if len(set(threads)) < FEWEST:
        return None
    pairs = [(n - 1, n / s - 1) for n, s in zip(threads, speed_ups, strict=True)]
    across = sum(x * x for x, _ in pairs)
    return min(1.0, max(0.0, sum(x * y for x, y in pairs) / across))


def usl(threads: Sequence[float], speed_ups: Sequence[float]) -> tuple[float, float] | None:
    """Return s and k of the universal scalability law, none below zero, or None: too few points.

    Args:
        threads: numbers of threads.
        speed_ups: rate with so many over the rate with one, above zero.
    """
    if len(set(threads)) < FEWEST:
        return None
    rows = [(n - 1, n * (n - 1), n / s - 1) for n, s in zip(threads, speed_ups, strict=True)]
    aa = sum(a * a for a, _, _ in rows)
    ab = sum(a * b for a, b, _ in rows)
    bb = sum(b * b for _, b, _ in rows)
    ay, by = sum(a * y for a, _, y in rows), sum(b * y for _, b, y in rows)
    determinant = aa * bb - ab * ab
    serial, coherence = (bb * ay - ab * by) / determinant, (aa * by - ab * ay) / determinant
    if serial < 0:  # On the border of what is allowed one of them is zero.
        serial, coherence = 0.0, by / bb
    elif coherence < 0:
        serial, coherence = ay / aa, 0.0
    return max(0.0, serial), max(0.0, coherence)
