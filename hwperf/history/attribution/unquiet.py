"""A run that was not left alone. This module tells it by how far the samples within it spread.

Where another process has the CPUs half of the time, some samples take as long as ever and others
much longer. The middle one then says little, and no change of it is certain; but samples of
a canary that spread by a factor where they spread by a percent before were certainly disturbed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import median

from hwperf.canaries.kinds import BY_NAME
from hwperf.history.attribution.cause import Attribution
from hwperf.history.attribution.noise import Contrast
from hwperf.history.attribution.pair import LEAST_CHANGE, Sides, judge

__all__ = ["Unquiet", "told", "unquiet"]

_SPREAD = 0.1  # Of a processor's canary: undisturbed it is 0.1 to 1 %, and a hog makes it 40 %.
_TIMES = 4.0  # Times that the samples of one run spread farther than those of the other.
_FEWEST = 2  # Canaries of the processor that say so: one may have been unlucky.


@dataclass(frozen=True)
class Unquiet:
    """Which of two runs was disturbed.

    Attributes:
        second: whether it is the second.
        spread: half the 99 % interval of a processor's canary, relative, in that run.
        usual: the same in the other run.
    """

    second: bool
    spread: float
    usual: float

    @property
    def words(self) -> str:
        """What is told of it."""
        which = "second" if self.second else "first"
        return (
            f"something else had the CPUs in the {which} run (samples of the processor's canaries "
            f"spread by {_percent(self.spread)}, by {_percent(self.usual)} in the other)"
        )


def unquiet(canaries: Mapping[str, Sides]) -> Unquiet | None:
    """Return which of two runs something else had the CPUs in, None where that is not seen.

    Args:
        canaries: their two runs, by name.
    """
    spreads = [
        found
        for name, sides in canaries.items()
        if (kind := BY_NAME.get(name.split("/")[0])) is not None and kind.resource == "processor"
        if all(map(math.isfinite, found := _spreads(sides)))
    ]
    if len(spreads) < _FEWEST:
        return None
    first, second = (median(side) for side in zip(*spreads, strict=True))
    more, less = max(first, second), min(first, second)
    if more < _SPREAD or more < _TIMES * less:
        return None
    return Unquiet(second > first, math.expm1(more), math.expm1(less))


def told(
    sides: Sides,
    change: Contrast,
    shifts: Mapping[str, Contrast],
    disturbed: Unquiet | None,
    index: int,
) -> Attribution | None:
    """Return the machine as the cause of a change that is not certain, None where it is not seen.

    Only of a benchmark whose own samples spread in one run, for the worse there: because something
    had the CPUs and some of its samples are as quick as ever, or because what a resource did is
    within that spread, and as large.

    Args:
        sides: the benchmark's two runs.
        change: between them.
        shifts: by canary, how much each changed.
        disturbed: what :func:`unquiet` says of the two runs.
        index: of the second run in the series.
    """
    spreads = _spreads(sides)
    more, less = max(spreads), min(spreads)
    is_wide = math.isfinite(more) and math.isfinite(less) and more >= _TIMES * less
    is_second = spreads[1] > spreads[0]
    if not is_wide or change.shift * (1 if is_second else -1) < math.log1p(LEAST_CHANGE):
        return None
    loud, quiet = (1, 0) if is_second else (0, 1)
    as_ever = sides.intervals[loud][0] <= (1 + LEAST_CHANGE) * sides.intervals[quiet][1]
    found = judge(change, shifts, index=index)
    if disturbed is not None and disturbed.second is is_second and as_ever:
        return replace(found, cause="machine", reason=f"{disturbed.words}: measure it again")
    if found.cause != "machine":
        return None
    which = "second" if is_second else "first"
    spread = _percent(math.expm1(more))
    reason = f"{found.reason}, and its own samples spread by {spread} in the {which} run"
    return replace(found, reason=f"{reason}: measure it again")


def _spreads(sides: Sides) -> tuple[float, float]:
    """Return half the 99 % interval of each run, in logarithms; NaN where there is none."""
    first, second = (
        math.log(high / low) / 2
        if math.isfinite(low) and math.isfinite(high) and 0 < low <= high
        else math.nan
        for low, high in sides.intervals
    )
    return first, second


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else f"a factor of {1 + share:.2g}"
