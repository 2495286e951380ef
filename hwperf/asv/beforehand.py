"""Points whose answer is known. This module gives it without starting a process.

A third of the suite's points are n/a on most hosts, and each would cost a fork. Where what is
measured is the very code that runs here, its cheap tests of the host give the same answer here. So
does the record of a point whose median this run has just measured, of its tail.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asv import runner

import hwperf
from hwperf import plugins
from hwperf.asv import sidecar
from hwperf.asv.benchmark_type import NO_TAIL, already_told, label
from hwperf.asv.environment import Host
from hwperf.workload import Workload

__all__ = ["answer", "is_this_code"]


def is_this_code(env: Any) -> bool:
    """Whether *env* measures the code that runs in this process."""
    if not isinstance(env, Host):
        return False
    return env.code is None or Path(env.code, "hwperf").resolve() == _here()


def answer(benchmark: Any, chosen: Sequence[str]) -> Any | None:
    """Return asv's result of a point, or None: it must be measured.

    Args:
        benchmark: asv's definition of it.
        chosen: the values of its parameters, by their repr.
    """
    workload = plugins.load().workloads.get(benchmark.get("workload", ""))
    if workload is None:
        return None
    params = _params(workload, chosen)
    try:
        if params is None or workload.version != benchmark["version"]:
            return None
        reason = workload.unsupported(params)
    except (Exception, SystemExit):  # Border: the process of the point says what is wrong.
        return None
    if not reason:
        is_tail = benchmark["name"].endswith("_p99")
        samples = already_told(benchmark["name"], params, workload.version) if is_tail else None
        said = "" if samples else f"{label(workload, params)}: n/a, {NO_TAIL}"
        return None if samples is None else _result(samples, chosen, said)
    from hwperf.measure import measure

    result = measure(workload, params)  # Which asks again, and sets nothing up.
    if result.verdict != "n/a":
        return None
    sidecar.write({"benchmark": benchmark["name"], **result.record()})
    return _result([], chosen, f"{label(workload, params)}: n/a, {reason}")


def _result(samples: Sequence[float], chosen: Sequence[str], said: str) -> Any:
    """Return what asv makes of a process that gave these samples, or of one that skipped."""
    if said and chosen:
        said = f"For parameters: {', '.join(chosen)}\n{said}"
    return runner.BenchmarkResult(
        result=[True if samples else math.nan],
        samples=[list(samples) or None],
        number=[1 if samples else None],
        errcode=0,
        stderr=said,
        profile=None,
    )


def _params(workload: Workload, chosen: Sequence[str]) -> dict[str, Any] | None:
    if len(chosen) != len(workload.params):
        return None
    found = {}
    for (name, axis), wanted in zip(workload.params.items(), chosen, strict=True):
        values = [value for value in axis if repr(value) == wanted]
        if not values:
            return None
        found[name] = values[0]
    return found


def _here() -> Path:
    return Path(hwperf.__file__).resolve().parent
