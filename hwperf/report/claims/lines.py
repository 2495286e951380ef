"""The size of a cache line. This module reads it off the cost of a read over the stride."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hwperf.report.claims.evidence import Evidence
from hwperf.report.claims.expressions import At, Named
from hwperf.report.claims.quantity import Missing, Quantity
from hwperf.report.detected import line_bytes

__all__ = ["Line"]


@dataclass(frozen=True)
class Line:
    """The stride from which each read has a line of its own.

    It is known to one step of the strides: a prefetcher that fetches lines in pairs may double it.

    Attributes:
        curve: the points by their stride in bytes.
    """

    curve: tuple[tuple[int, At], ...]

    def named(self) -> Iterator[Named]:
        for _, term in self.curve:
            yield from term.named()

    def of(self, seen: Evidence) -> Quantity:
        points = [(stride, term.of(seen)) for stride, term in self.curve]
        strides = [stride for stride, _ in points]
        found = line_bytes(strides, [point.value for _, point in points])
        if found is None:
            raise Missing(
                "the cost of a read does not stop rising with the stride: no line is seen"
            )
        place = strides.index(found)
        # What the knee was seen in: the points before, at and after it.
        near = [point for _, point in points[max(0, place - 1) : place + 2]]
        measured = tuple(each for point in near for each in point.points)
        return Quantity(found, "B", (found, found), measured)
