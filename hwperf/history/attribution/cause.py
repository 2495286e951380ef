"""What is told about the cause of a change. This module holds the verdict and its evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

__all__ = ["Attribution", "Cause", "Moved"]

Cause = Literal["code", "machine", "mixed", "unclear"]
"""code: the machine did not move; machine: it did, and that is all; mixed: it did, and something is
left over; unclear: nobody can tell from what was measured."""


@dataclass(frozen=True)
class Moved:
    """How one canary changed where the series did.

    Attributes:
        name: of the canary.
        ratio: new cost over old cost: above 1 it became slower.
        interval: 95 % interval of the ratio by the canary's own noise.
        is_moved: whether that is more than its noise.
    """

    name: str
    ratio: float
    interval: tuple[float, float]
    is_moved: bool

    def to_json(self) -> dict[str, Any]:
        """Return JSON's types: a number that JSON does not have is None."""
        return {
            "name": self.name,
            "ratio": _finite(self.ratio),
            "interval": [_finite(bound) for bound in self.interval],
            "is_moved": self.is_moved,
        }


@dataclass(frozen=True)
class Attribution:
    """The cause of one change.

    Attributes:
        cause: code, machine, mixed or unclear.
        reason: one clause that says why.
        index: the first point at the new level, as in the step that was judged.
        ratio: new value over old value, as measured.
        interval: 95 % interval of *ratio*.
        factor: what the series was set against: ``machine``, or one resource.
        sensitivity: the share of the factor's change (of logarithms) that shows in the series: 1
            follows it, 0 does not; None where nothing could be learned.
        machine_ratio: how far the machine alone explains the change; 1 where not at all.
        left_over: *ratio* without that: what the code, or anything else, did.
        moved: each canary at this place.
    """

    cause: Cause
    reason: str
    index: int
    ratio: float
    interval: tuple[float, float]
    factor: str = ""
    sensitivity: float | None = None
    machine_ratio: float = 1.0
    left_over: float = 1.0
    moved: tuple[Moved, ...] = ()

    def of_the_rate(self) -> Attribution:
        """Return the same of the reciprocal: what was judged as a cost is told as a rate."""
        low, high = self.interval
        return replace(
            self,
            ratio=_reciprocal(self.ratio),
            interval=(_reciprocal(high), _reciprocal(low)),
            machine_ratio=_reciprocal(self.machine_ratio),
            left_over=_reciprocal(self.left_over),
        )

    def to_json(self) -> dict[str, Any]:
        """Return JSON's types: a number that JSON does not have is None."""
        return {
            "cause": self.cause,
            "reason": self.reason,
            "index": self.index,
            "ratio": _finite(self.ratio),
            "interval": [_finite(bound) for bound in self.interval],
            "factor": self.factor or None,
            "sensitivity": self.sensitivity,
            "machine_ratio": _finite(self.machine_ratio),
            "left_over": _finite(self.left_over),
            "canaries": [each.to_json() for each in self.moved],
        }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _reciprocal(ratio: float) -> float:
    """Return 1 / *ratio*; a bound that is 0 is infinite."""
    return 1 / ratio if ratio else math.inf
