"""Recorded points as times. This module turns the points that a step stands on into one time."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.report.napkin.verbs import Need
from hwperf.units import format_bytes, format_quantity

__all__ = ["Timed", "reason", "timed"]

_MOST_BYTES = 1e30  # Of a size, as the grammar has it.
_LONGEST_S = 1e30  # Beyond it a recorded point is no measurement.


@dataclass(frozen=True)
class Timed:
    """One time of a step.

    Attributes:
        seconds: of one time.
        interval: 99 % interval of that as far as the points have one, else the seconds twice.
        source: the point or points that it stands on.
        how: how they were scaled.
        verdict: ok, or the worst verdict among the points.
    """

    seconds: float
    interval: tuple[float, float]
    source: str
    how: str
    verdict: str = "ok"


def timed(need: Need, run: Run) -> Timed | None:
    """Return one time of a step by the points of *run*, None where it was not measured."""
    found = _timed(need, run)
    if found is None or not max(found.seconds, found.interval[1]) < _LONGEST_S:
        return None
    return found


def reason(need: Need, run: Run) -> str:
    """Return why the points that a step stands on have no value, empty where there are none."""
    points = [m for m in run.measurements if m.name == need.workload and not m.is_tail]
    for m in points:
        if _is_meant(m, need.fixed) and m.value is None:
            return f"{m.verdict}: {m.reason}" if m.reason else m.verdict
    for name, values in need.fixed.items():
        there = [m.params[name] for m in points if name in m.params]
        if there and not any(value in values for value in there):
            known = ", ".join(dict.fromkeys(map(str, there)))
            return f"measured at {name}={known}, not {', '.join(map(str, values))}"
    return ""


def _timed(need: Need, run: Run) -> Timed | None:
    if need.fit is not None:
        fitted = _fitted(need, _meant(run, *need.fit))
        if fitted is not None:
            return fitted
    points = _meant(run, need.workload, need.fixed)
    sized = [m for m in points if _is_size(m.params.get(need.axis))]
    if need.scale == "by_size":
        found = _by_size(need, sized)
    elif need.scale == "by_shape":
        found = _by_shape(need, sized)
    else:
        found = _by_best(need, points)
    if found is None or need.start is None:
        return found
    return _started(found, _meant(run, *need.start[:2]), need.start[2])


def _is_size(value: Any) -> bool:
    return (
        isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < _MOST_BYTES
    )


def _meant(run: Run, workload: str, fixed: Mapping[str, tuple[Any, ...]]) -> list[Measurement]:
    return [
        m
        for m in run.measurements
        if m.name == workload
        and not m.is_tail
        and m.metric is not None
        and m.value is not None
        and _is_meant(m, fixed)
    ]


def _is_meant(m: Measurement, fixed: Mapping[str, tuple[Any, ...]]) -> bool:
    return all(m.params.get(name) in values for name, values in fixed.items())


def _cost(m: Measurement) -> float:
    """Return seconds per unit of work."""
    return m.point.cost or math.nan


def _best(points: Iterable[Measurement]) -> Measurement | None:
    """Return the point with the least cost, one that is not trusted only in want of others."""
    return min(points, key=lambda m: (m.verdict != "ok", _cost(m)), default=None)


def _of(m: Measurement, amount: float, how: str) -> Timed:
    low, high = m.point.interval or (0.0, 0.0)
    if not 0 < low <= high:  # None, or a file that says nonsense.
        low = high = _cost(m)
    return Timed(amount * _cost(m), (amount * low, amount * high), _named(m), how, m.verdict)


def _by_best(need: Need, points: Sequence[Measurement]) -> Timed | None:
    best = _best(points)
    if best is None:
        return None
    value = format_quantity(best.value, best.unit)
    how = f"x {value}" if best.unit == "s" else f"at {value}"
    return _of(best, need.amount, how)


def _by_shape(need: Need, points: Sequence[Measurement]) -> Timed | None:
    if not points:
        return None
    ratio = {id(m): abs(math.log(m.params[need.axis] / need.size)) for m in points}
    nearest = min(ratio.values())
    best = _best([m for m in points if ratio[id(m)] <= nearest + 1e-9])
    assert best is not None
    measured = best.params[need.axis]
    how = f"at {format_quantity(best.value, best.unit)}"
    if measured != need.size:
        how += f", the rate at {need.axis}={measured} taken for {need.size:g}"
    return _of(best, need.amount, how)


def _by_size(need: Need, points: Sequence[Measurement]) -> Timed | None:
    """Return the time at a size: on the straight line between the two sizes about it.

    Time over size is a + n / b where one thing bounds; below the smallest size a is left, so that
    it takes as long as that one; beyond the largest its rate holds.
    """
    curve: dict[float, Measurement] = {}
    for m in points:
        best = _best([m, *([curve[m.params[need.axis]]] if m.params[need.axis] in curve else [])])
        assert best is not None
        curve[m.params[need.axis]] = best
    if not curve:
        return None
    sizes = sorted(curve)
    if need.size in curve:
        return _of(curve[need.size], _units(curve[need.size], need.size), "measured at this size")
    if need.size < sizes[0]:
        least = curve[sizes[0]]
        return _of(least, _units(least, sizes[0]), f"as {_size(sizes[0])}, the smallest measured")
    if need.size > sizes[-1]:
        most = curve[sizes[-1]]
        at = _of(most, _units(most, sizes[-1]), "")
        return _times(at, need.size / sizes[-1], f"at the rate of {_size(sizes[-1])}")
    place = bisect_left(sizes, need.size)
    below, above = sizes[place - 1], sizes[place]
    part = (need.size - below) / (above - below)
    first, second = (_of(curve[s], _units(curve[s], s), "") for s in (below, above))
    return Timed(
        seconds=_between(first.seconds, second.seconds, part),
        interval=(
            _between(first.interval[0], second.interval[0], part),
            _between(first.interval[1], second.interval[1], part),
        ),
        source=f"{first.source}; {second.source}",
        how=f"between {_size(below)} and {_size(above)}",
        verdict=_worst(first.verdict, second.verdict),
    )


def _units(m: Measurement, size: float) -> float:
    """Return the units of work of one time at a size: its bytes, or one operation."""
    amount = "ops" if m.metric is None else m.metric.amount
    return size if amount == "bytes" else 1.0


def _fitted(need: Need, points: Sequence[Measurement]) -> Timed | None:
    best = _best(points)
    figure: Any = best.record.get("figures") if best is not None else None
    figure = figure.get("bandwidth") if isinstance(figure, Mapping) else None
    rate = figure.get("value") if isinstance(figure, Mapping) else None
    if best is None or not isinstance(rate, (int, float)) or not 0 < rate < math.inf:
        return None
    start = _of(best, 1, "")
    rest = need.amount / rate
    return Timed(
        seconds=start.seconds + rest,
        interval=(start.interval[0] + rest, start.interval[1] + rest),
        source=start.source,
        how=f"{format_quantity(start.seconds, 's')} + n / {format_quantity(rate, 'B/s')}",
        verdict=best.verdict,
    )


def _started(found: Timed, points: Sequence[Measurement], factor: float) -> Timed:
    best = _best(points)
    if best is None:
        return found
    start = _of(best, factor, "")
    return Timed(
        seconds=start.seconds + found.seconds,
        interval=(start.interval[0] + found.interval[0], start.interval[1] + found.interval[1]),
        source=f"{found.source}; {start.source}",
        how=f"{format_quantity(start.seconds, 's')} + n {found.how}",
        verdict=_worst(found.verdict, best.verdict),
    )


def _times(found: Timed, factor: float, how: str) -> Timed:
    low, high = found.interval
    return Timed(
        found.seconds * factor, (low * factor, high * factor), found.source, how, found.verdict
    )


def _between(low: float, high: float, part: float) -> float:
    return low + (high - low) * part


def _worst(*verdicts: str) -> str:
    return next((verdict for verdict in verdicts if verdict != "ok"), "ok")


def _named(m: Measurement) -> str:
    params = ", ".join(f"{name}={value}" for name, value in m.params.items())
    return f"{m.name} {params}".rstrip()


def _size(nbytes: float) -> str:
    return format_bytes(int(nbytes))
