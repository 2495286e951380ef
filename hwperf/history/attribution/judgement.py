"""Machine or code, in a history. This module judges changes whose places are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwperf.history.attribution.cause import Attribution, Cause, Moved
from hwperf.history.attribution.factor import Factor, factors
from hwperf.history.attribution.noise import Contrast, contrast, logarithms
from hwperf.history.attribution.sensitivity import LARGEST, Sensitivity, best, fit

__all__ = ["THRESHOLD", "Changed", "attribute", "judged"]

Array = NDArray[np.float64]

THRESHOLD = 4.0
"""Standard deviations, as for a step: one in 16,000 by chance, for some ten canaries at a time."""

LEAST_MOVE = 0.01
"""1 %: what is less is no change that anybody would act upon."""

_UNSURE = 0.25  # Of the machine's shift: a sensitivity that was learned is itself uncertain.
_LEFT = 3.0  # Deviations of what is left over: a change was found already, one test is made.
_AGREES = 0.6  # Share from which on a change is as large as what moved at the same time.
_WELL_LEARNED = 0.3  # Gain from which on what was learned outweighs such a coincidence.
_PLAUSIBLE = 0.25  # Share of the machine's shift that a benchmark shows at least, if it does.
_SPARE = 0.34  # Of a change: a machine that explains less does not matter.


class Changed(Protocol):
    """What is needed of a step: see :class:`hwperf.history.Step`."""

    @property
    def index(self) -> int: ...


def attribute(
    values: ArrayLike, changes: Sequence[Changed], canaries: Mapping[str, ArrayLike]
) -> list[Attribution]:
    """Return the cause of each of *changes*, in their order.

    Args:
        values: the series, as it was measured.
        changes: its steps.
        canaries: costs of each canary in the same runs as *values*, NaN where there is none.

    Returns:
        One attribution for each change. ``unclear`` where there are no canaries, or too few points.

    Raises:
        ValueError: if a canary has not as many values as the series.
    """
    logs = logarithms(values)
    beside = {name: logarithms(costs) for name, costs in canaries.items()}
    wrong = [name for name, costs in beside.items() if costs.shape != logs.shape]
    if wrong:
        raise ValueError(f"canary {wrong[0]!r} has not the {len(logs)} values of the series")
    return judged(logs, changes, beside, factors(beside))


def judged(
    logs: Array,
    changes: Sequence[Changed],
    beside: Mapping[str, Array],
    found: Sequence[Factor],
) -> list[Attribution]:
    """Return the cause of each of *changes*, as :func:`attribute`, by factors that are known.

    Args:
        logs: logarithms of the series.
        changes: its steps.
        beside: logarithms of the canaries.
        found: their factors.
    """
    places = sorted({0, len(logs), *(change.index for change in changes)})
    told = []
    for change in changes:
        at = places.index(change.index)
        begin = places[at - 1] if at else 0
        end = places[at + 1] if at + 1 < len(places) else len(logs)
        told.append(_judged(_Case(logs, change.index, begin, end, beside), found))
    return told


@dataclass(frozen=True)
class _Case:
    """One change that is to be judged.

    Attributes:
        logs: the series.
        index: the first point at the new level.
        begin: the first point that is looked at.
        end: the first that no longer is.
        beside: logarithms of the canaries.
    """

    logs: Array
    index: int
    begin: int
    end: int
    beside: Mapping[str, Array]

    def contrast(self, logs: Array) -> Contrast:
        """Return how much *logs* differ between the two sides of the change."""
        return contrast(logs, self.index, self.begin, self.end)

    def told(
        self, cause: Cause, reason: str, learned: Sensitivity | None = None, part: float = 0.0
    ) -> Attribution:
        """Return the verdict; *part* of the change, in logarithms, is the machine's."""
        raw = self.contrast(self.logs)
        return Attribution(
            cause=cause,
            reason=reason,
            index=self.index,
            ratio=float(np.exp(raw.shift)),
            interval=raw.interval(),
            factor=learned.factor.name if learned else "",
            sensitivity=learned.share if learned else None,
            machine_ratio=float(np.exp(part)),
            left_over=float(np.exp(raw.shift - part)),
            moved=tuple(_moved(name, self.contrast(costs)) for name, costs in self.beside.items()),
        )


def _moved(name: str, found: Contrast) -> Moved:
    is_moved = found.is_beyond(THRESHOLD, LEAST_MOVE)
    return Moved(name, float(np.exp(found.shift)), found.interval(), is_moved)


def _judged(case: _Case, found: Sequence[Factor]) -> Attribution:
    if not found:
        return case.told("unclear", "no canary was measured beside it")
    if not case.contrast(case.logs).is_known:
        return case.told("unclear", "too few points")
    shifts = {each.name: case.contrast(each.logs) for each in found}
    if not any(each.is_known for each in shifts.values()):
        return case.told("unclear", "no canary was measured on both sides of it")
    # What is judged must not teach, as long as there is anything else to learn from.
    learned = best(case.logs, found, without=case.index)
    if learned is None:
        untold = [f for f in found if not fit(case.logs, f, without=case.index).is_known]
        learned = best(case.logs, untold)
    if learned is not None:
        return _by_sensitivity(case, learned, shifts)
    moving = [each for each in found if shifts[each.name].is_beyond(THRESHOLD, LEAST_MOVE)]
    if not moving:
        return _where_nothing_moved(case, list(shifts.values()))
    return _by_coincidence(case, moving, shifts)


def _by_sensitivity(
    case: _Case, learned: Sensitivity, shifts: Mapping[str, Contrast]
) -> Attribution:
    """Judge by what the series was seen to depend on."""
    shift = shifts[learned.factor.name]
    part = learned.share * shift.shift
    raw = case.contrast(case.logs)
    has_moved = shift.is_beyond(THRESHOLD, LEAST_MOVE)
    left = case.contrast(case.logs - learned.share * learned.factor.logs)
    unsure = min(_UNSURE * learned.share, max(0.1, (learned.high - learned.low) / 4))
    widened = float(np.hypot(left.deviation, unsure * abs(shift.shift) if has_moved else 0.0))
    is_left = Contrast(left.shift, widened, left.n).is_beyond(_LEFT, LEAST_MOVE)
    what = f"{_named(learned.factor.name)}, of which {learned.share:.0%} shows here,"
    if has_moved and not is_left:
        return case.told("machine", f"{what} moved as much", learned, part)
    agreeing = [
        name
        for name, each in shifts.items()
        if each.is_beyond(THRESHOLD, LEAST_MOVE) and _AGREES <= raw.shift / each.shift <= LARGEST
    ]
    if agreeing and learned.gain < _WELL_LEARNED:
        names = " and ".join(map(_named, agreeing))
        return case.told("unclear", f"{names} moved as much, of which little showed before")
    if has_moved and abs(part) < _SPARE * abs(raw.shift):
        return case.told("code", f"{what} moved too little to explain it", learned, part)
    if has_moved:
        return case.told("mixed", f"{what} moved, and does not explain all of it", learned, part)
    if is_left and 2 * shift.deviation * learned.share < abs(left.shift):
        return case.told("code", f"{what} did not move", learned)
    return case.told("unclear", f"{what} is too noisy to tell", learned, part)


def _where_nothing_moved(case: _Case, shifts: Sequence[Contrast]) -> Attribution:
    """Judge where no factor moved: the code, unless one may have moved unseen."""
    size = abs(case.contrast(case.logs).shift)
    if any(abs(each.shift) + 2 * each.deviation > size for each in shifts if each.is_known):
        return case.told("unclear", "the canaries are too noisy to tell")
    return case.told("code", "no canary moved")


def _by_coincidence(
    case: _Case, moving: Sequence[Factor], shifts: Mapping[str, Contrast]
) -> Attribution:
    """Judge where nothing was learned: by what moved at the same time, and how much."""
    raw = case.contrast(case.logs).shift
    at_most: list[float] = []  # What each of them can have caused, signed.
    for factor in moving:
        shift = shifts[factor.name].shift
        known = fit(case.logs, factor, without=case.index)
        at_most.append(shift * (known.high if known.is_known else LARGEST))
        share = raw / shift
        if known.is_known and known.high < 0.5 * share:
            continue  # It moved before, and the series did not.
        if _PLAUSIBLE <= share <= LARGEST:
            learned = Sensitivity(factor, share, 0.0, LARGEST, 0.0, False)
            reason = f"{_named(factor.name)} moved at the same time, and as much"
            return case.told("machine", reason, learned, raw)
    names = " and ".join(_named(factor.name) for factor in moving)
    most = max(at_most) if raw > 0 else min(at_most)
    if most * raw <= 0 or abs(most) < _SPARE * abs(raw):
        return case.told("code", f"{names} moved, which does not explain it")
    if abs(raw) > abs(most):
        return case.told("mixed", f"{names} moved, which does not explain all of it", part=most)
    return case.told("unclear", f"{names} moved, and nothing tells how much of that shows here")


def _named(factor: str) -> str:
    return f"the {factor}"
