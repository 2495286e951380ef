"""One change of a series. This module holds what is told about it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Kind", "Step"]

Kind = Literal["step", "drift"]


@dataclass(frozen=True)
class Step:
    """A change of a series from one level to another.

    Attributes:
        index: the first point at the new level, 0-based, in the series as it was given (in order of
            its times, where there are any); of a drift, its first point.
        ratio: new level over old level; of a drift, its end over its beginning.
        interval: 95 % confidence interval of the ratio, lower bound first.
        certainty: 1 - p_value, from 0 to 1.
        kind: ``step``, or ``drift`` where the level changes slowly, at no point in particular.
        statistic: size of the change over its standard deviation, where nothing changes about as
            large as a standard normal variable.
        p_value: how often a series that is as noisy, and in which nothing changes, shows as much
            between the neighbouring changes.
        location: the first and the last index at which the new level may begin (95 %); of a drift,
            its first and last point.
    """

    index: int
    ratio: float
    interval: tuple[float, float]
    certainty: float
    kind: Kind
    statistic: float
    p_value: float
    location: tuple[int, int]

    def to_json(self) -> dict[str, Any]:
        """Return the step as JSON's types: a number that JSON does not have is None."""
        return {
            "index": self.index,
            "ratio": _finite(self.ratio),
            "interval": [_finite(bound) for bound in self.interval],
            "certainty": self.certainty,
            "kind": self.kind,
            "statistic": _finite(self.statistic),
            "p_value": self.p_value,
            "location": list(self.location),
        }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
