"""Beside the numbers. This module says in what machine and state differ between two runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.measure.stats import median
from hwperf.units import format_quantity

__all__ = ["Difference", "differences"]

_SAME_CLOCK = 0.01  # Medians of the core's clock that agree within this are the same.
_MOST_HZ = 1e12  # No clock is faster; a file can say anything.
_PASSED_OVER = frozenset({"placement", "started"})  # By point, not by run.


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same in both runs.

    Attributes:
        what: what it is.
        a: what it is in the first run, as people read it; empty where it is not known.
        b: what it is in the second run.
    """

    what: str
    a: str
    b: str


def differences(a: Run, b: Run) -> tuple[Difference, ...]:
    """Return in what the two runs differ: machine, code, time, state."""
    return tuple(each for each in _all(a, b) if each.a != each.b)


def _all(a: Run, b: Run) -> Iterator[Difference]:
    yield Difference("machine", a.machine, b.machine)
    for name in dict.fromkeys((*a.facts, *b.facts)):
        if name != "machine":
            yield Difference(name, a.facts.get(name, ""), b.facts.get(name, ""))
    yield Difference("commit", a.commit[:12], b.commit[:12])
    yield Difference("environment", a.environment, b.environment)
    yield Difference("measured", _when(a.measured_at), _when(b.measured_at))
    first, second = _words(a.measurements), _words(b.measurements)
    for name in sorted({*first, *second}):
        yield Difference(name.replace("_", " "), first.get(name, ""), second.get(name, ""))
    clocks = _clock(a.measurements), _clock(b.measurements)
    if all(clocks) and abs(clocks[1] / clocks[0] - 1) > _SAME_CLOCK:
        yield Difference("core clock", *(format_quantity(clock, "Hz") for clock in clocks))
    yield Difference("placement of threads", _placements(a), _placements(b))
    yield Difference("not to be trusted", _doubtful(a), _doubtful(b))


def _when(at: float | None) -> str:
    if at is None:
        return ""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):  # A file that says a year beyond 9999.
        return "at no date"


def _tags(measurement: Measurement) -> Mapping[str, Any]:
    found = measurement.record.get("tags")
    return found if isinstance(found, Mapping) else {}


def _words(measurements: Iterable[Measurement]) -> dict[str, str]:
    """Return each tag that is a word (profile, kernel, governor), as most points have it."""
    counts: dict[str, Counter[str]] = {}
    for each in measurements:
        for name, value in _tags(each).items():
            if isinstance(value, str) and name not in _PASSED_OVER:
                counts.setdefault(str(name), Counter())[value] += 1
    return {name: count.most_common(1)[0][0] for name, count in counts.items()}


def _clock(measurements: Iterable[Measurement]) -> float:
    """Return the median of the core's clock beside the points in Hz, 0 where none has it."""
    clocks = [
        float(clock)
        for each in measurements
        if isinstance(clock := _tags(each).get("clock_hz"), (int, float)) and 0 < clock < _MOST_HZ
    ]
    return median(clocks) if clocks else 0.0


def _placements(run: Run) -> str:
    counts = Counter(each.placement for each in run.measurements if each.placement)
    return ", ".join(f"{n} {tag}" for tag, n in sorted(counts.items()))


def _doubtful(run: Run) -> str:
    bad = ("noisy", "impossible", "failed")
    counts = Counter(each.verdict for each in run.measurements if each.verdict in bad)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in bad if counts[verdict])
