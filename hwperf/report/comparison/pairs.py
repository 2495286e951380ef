"""One point in two runs. This module pairs the points, and says which cannot be compared and why.

Points are the same when asv's benchmark and all parameters are. Where the benchmark's version
differs, its code does, and a ratio of the two would say nothing of the machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hwperf.asv.recorded import Measurement, Run

__all__ = ["Compared", "Key", "Kind", "key_of", "paired"]

Key = tuple[str, tuple[tuple[str, str], ...]]
"""asv's name of the benchmark, and ``repr`` of each parameter by name, sorted."""

Kind = Literal[
    "worse", "better", "untrusted", "same", "unclear", "other_version", "lost", "gained", "only_a",
    "only_b", "neither",
]  # fmt: skip
"""What is said of a point.

worse, better: it differs by more than chance explains; untrusted: so it does, but one side is noisy
or its threads lay otherwise, which explains it as well; same: within the noise; unclear: both have
a value, but nothing says how well it is known; other_version: the benchmark's code differs; lost,
gained: it has a value in A or in B alone; only_a, only_b: the other run does not have the point;
neither: both have the point and none has a value.
"""


@dataclass(frozen=True)
class Compared:
    """One point, compared.

    Attributes:
        name: id of the workload, or asv's name of a benchmark that is not hwperf's.
        group: its domain, or the module of a benchmark that is not hwperf's.
        params: the parameters by name.
        unit: base unit of the values, or asv's unit.
        higher_is_better: direction of the values.
        is_tail: whether it is the p99 of a point whose median is compared, too.
        a: the point in the first run, or None.
        b: the point in the second run, or None.
        kind: what is said of it.
        why: why it cannot be compared, empty where it can.
        ratio: value of B over that of A, or None where they are not compared.
        interval: 99 % interval of the ratio, or None.
        error: standard error of the ratio's logarithm, or None.
        p: probability of such a ratio by chance, or None.
        q: the same, for all points of the suite at once (Benjamini and Hochberg), or None.
        is_measured_noise: whether what two runs differ by is known for this point (``hwperf aa``).
    """

    name: str
    group: str
    params: Mapping[str, Any]
    unit: str
    higher_is_better: bool
    is_tail: bool
    a: Measurement | None
    b: Measurement | None
    kind: Kind
    why: str = ""
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    error: float | None = None
    p: float | None = None
    q: float | None = None
    is_measured_noise: bool = False

    @property
    def gain(self) -> float | None:
        """How many times better B is than A, below 1 where it is worse; None if not compared."""
        if self.ratio is None:
            return None
        return self.ratio if self.higher_is_better else 1 / self.ratio

    @property
    def has_ratio(self) -> bool:
        """Whether the two were set against each other."""
        return self.ratio is not None


def key_of(measurement: Measurement) -> Key:
    """Return what tells the points of one run apart."""
    return measurement.point.benchmark, tuple(sorted(measurement.point.params.items()))


def paired(a: Run, b: Run) -> list[Compared]:
    """Return every point of either run, those of A first and in their order; nothing is judged."""
    first = {key_of(each): each for each in a.measurements}
    second = {key_of(each): each for each in b.measurements}
    keys = [*first, *(key for key in second if key not in first)]
    return [_compared(first.get(key), second.get(key)) for key in keys]


def _compared(a: Measurement | None, b: Measurement | None) -> Compared:
    known = b or a
    assert known is not None
    kind, why = _kind(a, b)
    ratio = None
    if kind == "unclear" and a and b and a.value and b.value:
        ratio = _ratio(b.value, a.value)
        why = "" if ratio is not None else "the two values have no ratio"
    elif kind == "unclear":
        why = "a value is zero, so that there is no ratio"
    return Compared(
        name=known.name,
        group=_group(known),
        params=known.params,
        unit=known.unit,
        higher_is_better=known.higher_is_better,
        is_tail=known.is_tail,
        a=a,
        b=b,
        kind=kind,
        why=why,
        ratio=ratio,
    )


def _ratio(b: float, a: float) -> float | None:
    """Return b over a; None where the signs differ or it is beyond what a number holds."""
    ratio = b / a
    return ratio if 0 < ratio < math.inf else None


def _kind(a: Measurement | None, b: Measurement | None) -> tuple[Kind, str]:
    if b is None:
        return "only_a", "B does not have the point"
    if a is None:
        return "only_b", "A does not have the point"
    if a.point.version and b.point.version and a.point.version != b.point.version:
        return "other_version", (
            f"its code differs: version {a.point.version[:8]} in A, {b.point.version[:8]} in B"
        )
    if a.unit != b.unit or a.higher_is_better != b.higher_is_better:
        return "other_version", f"its unit differs: {a.unit} in A, {b.unit} in B"
    if a.value is None and b.value is None:
        return "neither", _missing("both", b)
    if b.value is None:
        return "lost", _missing("B", b)
    if a.value is None:
        return "gained", _missing("A", a)
    return "unclear", ""


def _missing(side: str, measurement: Measurement) -> str:
    reason = f": {measurement.reason}" if measurement.reason else ""
    return f"{measurement.verdict} in {side}{reason}"


def _group(measurement: Measurement) -> str:
    """Return the domain; a benchmark that is not hwperf's stands under its module."""
    head, dot, _ = measurement.name.partition(".")
    return head if dot else "benchmarks"
