"""Changes that the machine's movement hides or makes. This module finds changes and judges them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hwperf.history.attribution.cause import Attribution
from hwperf.history.attribution.factor import factors
from hwperf.history.attribution.judgement import judged
from hwperf.history.attribution.noise import logarithms
from hwperf.history.attribution.sensitivity import best

__all__ = ["detect"]

_SAME = 3
"""Points: two detectors place one change so far apart."""


@dataclass(frozen=True)
class _Place:
    index: int


def detect(values: ArrayLike, canaries: Mapping[str, ArrayLike]) -> list[Attribution]:
    """Return the changes of *values* and of what is left without the machine, each with its cause.

    Looked for in the values themselves and in ``y - share * factor``, where a share was learned: a
    change of the code that a change of the machine hides is in the second alone.

    Args:
        values: the series, as it was measured; NaN where there is nothing.
        canaries: costs of each canary in the same runs.
    """
    from hwperf.history import steps

    numbers = np.array(values, dtype=float)
    places = [step.index for step in steps(numbers) if step.kind == "step"]
    logs = logarithms(numbers)
    beside = {name: logarithms(each) for name, each in canaries.items()}
    found = factors(beside)
    learned = best(logs, found)
    if learned is not None:
        left = np.exp(logs - learned.share * learned.factor.logs)
        for step in steps(left):
            if step.kind == "step" and all(abs(step.index - at) > _SAME for at in places):
                places.append(step.index)
    return judged(logs, [_Place(at) for at in sorted(places)], beside, found)
