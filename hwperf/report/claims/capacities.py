"""Whether cache sizes can be read off a curve. This module judges the one claim that is a shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hwperf.report.claims.evidence import Evidence
from hwperf.report.claims.expressions import At, Named
from hwperf.report.claims.judged import BROKEN, HOLDS, NOT_MEASURABLE, Judged, Side
from hwperf.report.claims.quantity import Missing, Quantity, quotient
from hwperf.report.claims.textbook import Claim
from hwperf.report.hierarchy import Level, levels
from hwperf.units import format_bytes, format_quantity

__all__ = ["Capacities"]

_FEWEST = 9  # Points of a curve that levels are looked for in.
_MOST = 3  # Beyond the caches only address translation makes memory look like levels.
_FLAT = 1.5  # Times from the least latency to the most, below which there are no levels at all.


@dataclass(frozen=True)
class Capacities:
    """For the curve of latency over the working set.

    Attributes:
        curves: each its points by the working set in bytes, the preferred curve first.
    """

    curves: tuple[tuple[tuple[int, At], ...], ...]

    def named(self) -> Iterator[Named]:
        for curve in self.curves:
            for _, term in curve:
                yield from term.named()

    def judge(self, claim: Claim, seen: Evidence) -> Judged:
        curve = self._curve(seen)
        sizes = [size for size, _ in curve]
        values = [point.value for _, point in curve]
        found = _levels(sizes, values)
        known = [level for level in found[:_MOST] if level.capacity_bytes is not None]
        (_, fastest), (_, slowest) = curve[0], curve[-1]
        rise = quotient(slowest, fastest)
        sides = (
            Side(f"at {format_bytes(sizes[0])}", fastest),
            Side(f"at {format_bytes(sizes[-1])}", slowest),
        )
        used = tuple(dict.fromkeys(point.name for point in rise.points))
        if len(known) >= 2:
            words = ", ".join(
                f"{format_quantity(level.latency_s, 's')} up to "
                f"{format_bytes(level.capacity_bytes or 0)}"
                for level in known
            )
            return Judged(claim, HOLDS, used, rise, rise.value, f"read off: {words}", sides)
        is_sure = rise.high is not None and rise.high < _FLAT and not rise.is_noisy
        if is_sure and max(values) < _FLAT * min(values):
            words = "the latency does not rise with the working set"
            return Judged(claim, BROKEN, used, rise, rise.value, words, sides)
        words = "undecided: fewer than two levels stand out of the curve"
        return Judged(claim, NOT_MEASURABLE, used, rise, rise.value, words, sides)

    def _curve(self, seen: Evidence) -> list[tuple[int, Quantity]]:
        """Return the first curve that has enough points.

        Raises:
            Missing: if there is none.
        """
        reasons = []
        for terms in self.curves:
            curve = []
            for size, term in terms:
                try:
                    curve.append((size, term.of(seen)))
                except Missing as why:
                    reasons.append(str(why))
            if len(curve) >= _FEWEST:
                return curve
        raise Missing(reasons[0] if reasons else "the curve has too few points")


def _levels(sizes: list[int], latencies_s: list[float]) -> tuple[Level, ...]:
    try:
        return levels(sizes, latencies_s)
    except ValueError:
        return ()  # A curve so wild that no level ends before the next one.
