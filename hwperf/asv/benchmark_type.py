"""The benchmark type "cost". This module tells asv how a workload's class is measured.

It runs inside the process that asv starts for each point, under the hwperf of the measured commit;
only asv_runner is there.
"""

from __future__ import annotations

import dataclasses
import math
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from asv_runner import benchmarks as types
from asv_runner.benchmarks._base import Benchmark, _get_first_attr
from asv_runner.benchmarks.mark import SkipNotImplemented

from hwperf.asv import forkserver, sidecar
from hwperf.asv.benchmark import METHODS, Missing, profile_of, source_of
from hwperf.errors import CheckFailed

if TYPE_CHECKING:
    from hwperf.measure import Profile, Result
    from hwperf.workload import Workload

__all__ = ["NO_TAIL", "POINT", "CostBenchmark", "already_told", "label", "register"]

POINT = "hwperf_point"
"""Attribute through which the plugin says which parameters it wants, by their repr: an index alone
would mean another point under a commit with other parameters."""

MAX_SAMPLES = 100
"""Samples that asv keeps of a point: far above the 12 that its rank test needs to tell a change,
far below what would make result files of some hundred points slow to write."""

NO_TAIL = "no p99: too few operations were timed"

DIGITS = 7  # Of a stored sample: a clock tick of 27 ns in 1 ms is 3e-5.


class CostBenchmark(Benchmark):  # type: ignore[misc]
    """Seconds per unit of work: lower is better, as asv holds everywhere."""

    name_regex = re.compile(rf"^({'|'.join(METHODS)})$")

    def __init__(self, name: str, func: Any, attr_sources: Sequence[Any]) -> None:
        super().__init__(name, func, attr_sources)
        self.__dict__.pop("pretty_source", None)  # It is in code already.
        self.type, self.unit = "cost", "seconds"
        subject = getattr(getattr(func, "__self__", None), "subject", None)
        self._subject: Any = subject
        self._is_tail = func.__name__ == "cost_p99"
        # Two processes see two physical layouts of memory; a quick run cannot afford it.
        self.rounds = 2 if profile_of().name == "full" else 1
        if subject is None or isinstance(subject, Missing):
            self.missing = "no workload" if subject is None else subject.reason
            self.version = "missing"
            return
        self.code = source_of(subject)
        try:
            self.version = subject.version
        except Exception as error:  # Border: one workload must not cost the others their run.
            self.missing = f"its version cannot be told: {type(error).__name__}: {error}"
            self.version = "missing"
            return
        self.workload = subject.id
        self.pretty_name = f"{subject.id} p99" if self._is_tail else subject.id
        # The tail is a time whatever the workload's own metric is.
        self.metric = "latency" if self._is_tail else subject.metric.name
        self.metric_unit = "s" if self._is_tail else subject.metric.unit
        self.higher_is_better = False if self._is_tail else subject.metric.higher_is_better
        self.answers = subject.answers

    def do_setup(self) -> bool:
        """Select the wanted point; skip it where this host or this commit cannot measure it."""
        if isinstance(self._subject, Missing):
            return self._skip(self._subject.reason)
        wanted = _get_first_attr(self._attr_sources, POINT, None)
        if wanted is not None and not self._select(wanted):
            return self._skip(f"this commit's {self._subject.id} has no ({', '.join(wanted)})")
        return bool(super().do_setup())

    def run(self, *values: Any) -> Any:
        """Measure the point and hand asv its samples; the rest goes to the sidecar."""
        params = dict(zip(self._subject.params, values, strict=True))
        told = already_told(self.name, params, self.version) if self._is_tail else None
        if told is not None:
            if not told:
                self._not_available(values, NO_TAIL)
            return {"samples": told, "number": 1}
        result: Result = self.func(*values, profile=self._profile())
        sidecar.write({"benchmark": self.name, **result.record()})
        samples = _tail(result) if self._is_tail else result.samples
        if result.verdict == "n/a":
            self._not_available(values, result.reason)
        if not result.is_measured:
            return self._fail(values, result)
        if not samples:
            self._not_available(values, NO_TAIL)
        if result.verdict != "ok":
            print(f"{self._label(values)}: {result.verdict}, {result.reason}", file=sys.stderr)
        return {"samples": shortened(samples), "number": max(1, result.calls_per_sample)}

    def _profile(self) -> Profile:
        profile = profile_of()
        if _get_first_attr(self._attr_sources, "warmup_time", None) == 0 and (
            _get_first_attr(self._attr_sources, "repeat", None) == 1
        ):
            # asv's --quick: the shortest measurement that still is one.
            return dataclasses.replace(
                profile.with_budget(0.05), warm_up_s=0.0, target=math.inf, rehearsal_s=0.0
            )
        return profile

    def _select(self, wanted: Sequence[str]) -> bool:
        if not self._params or not wanted:
            return not self._params and not wanted
        try:
            indices = [axis.index(value) for axis, value in zip(self.params, wanted, strict=True)]
        except ValueError:
            return False
        self._current_params = tuple(axis[i] for axis, i in zip(self._params, indices, strict=True))
        return True

    def _skip(self, reason: str) -> bool:
        print(f"{self.name}: n/a, {reason}")
        return True

    def _not_available(self, values: Sequence[Any], reason: str) -> NoReturn:
        print(f"{self._label(values)}: n/a, {reason}")
        raise SkipNotImplemented(reason)

    def _fail(self, values: Sequence[Any], result: Result) -> Any:
        # asv prints the traceback of what is raised here; the reason is all of it that helps.
        sys.tracebacklimit = 0
        raise CheckFailed(
            f"{self._label(values)}: {result.verdict}, {result.reason}; the value is dropped"
        )

    def _label(self, values: Sequence[Any]) -> str:
        return label(self._subject, dict(zip(self._subject.params, values, strict=True)))


def label(workload: Workload, params: Mapping[str, Any]) -> str:
    """Return a point as a call: ``memory.copy(nbytes=8192)``."""
    return f"{workload.id}({', '.join(f'{name}={value!r}' for name, value in params.items())})"


def register() -> None:
    """Add the type to asv's, once; the suite's package calls it before asv looks for benchmarks."""
    if CostBenchmark not in types.benchmark_types:
        types.benchmark_types.insert(0, CostBenchmark)
    forkserver.in_server()


def already_told(name: str, params: Mapping[str, Any], version: str) -> list[float] | None:
    """Return the samples of a tail whose median this run has measured; record it, too.

    One measurement gives both: what is measured twice takes twice as long and, of a device that
    wears, twice as much. None where there is no such measurement; none of them where the operations
    were too few for a p99.
    """
    found = sidecar.of_this_run(name.removesuffix("_p99"), params)
    if found is None or found.get("verdict") not in ("ok", "noisy"):
        return None
    if found.get("version") != version:
        return None
    sidecar.write({**found, "benchmark": name})
    p99 = found.get("percentiles", {}).get("p99")
    return shortened(found.get("p99_samples") or ([] if p99 is None else [p99]))


def shortened(samples: Sequence[float]) -> list[float]:
    """Return at most MAX_SAMPLES of *samples*, evenly spread in time, in DIGITS digits."""
    step = max(1, math.ceil(len(samples) / MAX_SAMPLES))
    return [float(f"{value:.{DIGITS - 1}e}") for value in samples[::step]]


def _tail(result: Result) -> Sequence[float]:
    """Return the p99 of each batch of operations, else that of all; none where they are too few."""
    value = result.percentiles.get("p99")
    return result.p99_samples or (() if value is None else (value,))
