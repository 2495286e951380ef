"""The points of one run. This module picks out what a chart places, and why the rest is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.report.pages.parts import Words, shortened
from hwperf.units import format_bytes, format_quantity

__all__ = [
    "UNITS", "Points", "amount", "counted", "drawable", "figure", "number", "percentile", "size",
    "tag", "told",
]  # fmt: skip

UNITS: Mapping[str, tuple[float, str]] = {
    "s": (1e-9, "ns"),
    "B/s": (1e9, "GB/s"),
    "FLOP/s": (1e9, "GFLOP/s"),
    "op/s": (1.0, "op/s"),
    "Hz": (1e9, "GHz"),
}
"""For each base unit of a value, the factor and the unit of an axis."""

_LEAST, _MOST = 1e-30, 1e30  # No quantity of a machine lies beyond, in base units.
_MOST_REASONS = 4
_REASON = 480  # characters


def drawable(run: Run) -> Run:
    """Return the run without values that no machine has: a damaged file may hold any number."""
    return replace(run, measurements=tuple(_drawable(m) for m in run.measurements))


def _drawable(m: Measurement) -> Measurement:
    ends = (m.value, *(m.interval or ()))
    if m.metric is None or all(each is None or _LEAST <= abs(each) <= _MOST for each in ends):
        return m
    if m.value is not None and _LEAST <= abs(m.value) <= _MOST:
        return replace(m, point=replace(m.point, interval=None))
    told = {"verdict": "failed", "reason": f"its value {m.value!r} {m.unit} is none of a machine"}
    return Measurement(replace(m.point, cost=None, interval=None), {**m.record, **told})


class Points:
    """The measurements of a run by workload, without the tails, which are of the same points."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._by_id: dict[str, list[Measurement]] = {}
        for measurement in run.measurements:
            if measurement.point.workload is not None and not measurement.is_tail:
                self._by_id.setdefault(measurement.name, []).append(measurement)

    def ids(self, *domains: str) -> list[str]:
        """Return the workloads of these domains of which the run holds a point, measured or not."""
        return [id for id in self._by_id if id.split(".")[0] in domains]

    def domains(self) -> list[str]:
        """Return the domains of which the run holds a point, measured or not."""
        return list(dict.fromkeys(id.split(".")[0] for id in self._by_id))

    def of(self, workload_id: str, **params: Any) -> list[Measurement]:
        """Return what has a value and these parameters, in the order of the declaration."""
        return [m for m in self.all_of(workload_id, **params) if m.value is not None]

    def all_of(self, workload_id: str, **params: Any) -> list[Measurement]:
        """Return every point with these parameters, those without a value too."""
        return [
            m
            for m in self._by_id.get(workload_id, ())
            if all(m.params.get(name) == value for name, value in params.items())
        ]

    def value(self, workload_id: str, **params: Any) -> float | None:
        """Return the value of the first such point in base units, or None."""
        return next((m.value for m in self.of(workload_id, **params)), None)

    def best(self, workload_id: str, **params: Any) -> Measurement | None:
        """Return the best of these points, or None."""
        found = self.of(workload_id, **params)
        if not found:
            return None
        pick = max if found[0].higher_is_better else min
        return pick(found, key=lambda m: m.value or 0.0)

    def missing(self, *workload_ids: str, what: str = "") -> list[Words]:
        """Return one line for each reason why points of these workloads have no value.

        Args:
            workload_ids: the workloads.
            what: what they are, for the line that says that none was measured.
        """
        reasons: Counter[tuple[str, str]] = Counter()
        n_points = 0
        for id in workload_ids:
            for m in self.all_of(id):
                n_points += 1
                if m.value is None:
                    reasons[m.verdict, m.reason or "no reason was kept"] += 1
        name = what or ", ".join(workload_ids)
        if not n_points:
            pattern = "|".join(sorted({f"^{id.split('.')[0]}\\." for id in workload_ids}))
            return [
                Words(f"{name}: not in this run. hwperf run -k '{pattern}' measures it.", "missing")
            ]
        lines = []
        for (verdict, reason), n in reasons.most_common(_MOST_REASONS):
            how_many = "all points" if n == n_points else f"{n} of {n_points} points"
            lines.append(Words(f"{name}: {how_many} {verdict}: {_cut(reason)}", "missing"))
        if len(reasons) > _MOST_REASONS:
            lines.append(Words(f"{name}: more reasons are in the table of all points.", "missing"))
        return lines


def _cut(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _REASON else f"{line[:_REASON]} …"


def number(value: Any) -> float | None:
    """Return *value* as a number that can be drawn, or None: it comes from a file."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        as_float = float(value)
    except OverflowError:
        return None
    return as_float if abs(as_float) <= _MOST else None  # False for what is not a number, too.


def size(value: Any) -> str:
    """Return a parameter that is a size as people read it, anything else as it is."""
    found = number(value)
    return shortened(value) if found is None else format_bytes(int(found))


def counted(n: Any, word: str) -> str:
    """Return a number with its noun: ``1 thread``, ``2 threads``."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def told(m: Measurement) -> str:
    """Return the value with its interval and, where it is not ok, its verdict."""
    words = format_quantity(m.value, m.unit) if m.metric else f"{m.value} {m.unit}".strip()
    if m.interval is not None and m.metric:
        low, high = (format_quantity(each, m.unit) for each in m.interval)
        words += f" ({low} to {high})"
    return words if m.verdict == "ok" else f"{words}, {m.verdict}"


def figure(m: Measurement | None, name: str) -> Any:
    """Return the value of one of a point's figures, or None."""
    return _inner(m, "figures", name, "value")


def amount(m: Measurement, name: str) -> float | None:
    """Return how many bytes, flops or ops one call of the kernel counts, or None."""
    return number(_inner(m, "amounts", name))


def percentile(m: Measurement, name: str) -> float | None:
    """Return p50, p99 or p99.9 of a point's latencies in seconds, or None."""
    return number(_inner(m, "percentiles", name))


def tag(m: Measurement, *names: str) -> Any:
    """Return what the sidecar keeps of how a point was measured, or None."""
    return _inner(m, "tags", *names)


def _inner(m: Measurement | None, *names: str) -> Any:
    found: Any = m.record if m is not None else None
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
