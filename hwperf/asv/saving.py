"""No measured point is lost. This module makes asv save after every point.

asv saves once, when a commit is done: Ctrl-C, a crash or a full disk cost everything since then.
"""

from __future__ import annotations

import copy
import datetime
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asv import results as asv_results
from asv import runner, util
from asv.commands import find, run
from asv.console import log

from hwperf.asv import beforehand, benchmark_type, damage, files, sidecar
from hwperf.asv.patches import wrap

__all__ = ["install"]

Original = Callable[..., Any]

MOST_SAMPLES = 1000
"""Samples of one point that a result file keeps: some ten runs of a commit, 20 kB."""

_TABLES = (
    "_results",
    "_samples",
    "_stats",
    "_benchmark_params",
    "_profiles",
    "_started_at",
    "_duration",
    "_benchmark_version",
    "_stderr",
    "_errcode",
)
"""What a Results object holds per benchmark."""


@dataclass
class _Session:
    """One call of asv's run_benchmarks: one commit in one environment.

    Attributes:
        results: what asv collects.
        is_this_code: whether what is measured is the code of this process.
        appends: names of the benchmarks whose next samples join those that are there.
        point: what is known of the benchmark that is being measured.
    """

    results: Any
    is_this_code: bool = False
    appends: set[str] = field(default_factory=set)
    name: str = ""
    started_at: datetime.datetime | None = None
    done: dict[int, Any] = field(default_factory=dict)


_session: _Session | None = None


def install() -> None:
    """Replace what asv writes results with."""
    wrap(util, "write_json", _write_json)
    wrap(asv_results.Results, "load_data", _load_data)
    wrap(asv_results.Results, "add_result", _add_result)
    wrap(asv_results.Results, "save", _save)
    wrap(runner, "_run_benchmark_single_param", _run_point)
    for command in (run, find):
        wrap(command, "run_benchmarks", _run_benchmarks)


def _write_json(original: Original, *args: Any, **kwargs: Any) -> None:
    with _as_user_error():
        files.write_json(*args, **kwargs)


def _load_data(original: Original, results: Any, result_dir: str) -> None:
    """Load what is there; from now on *results* is saved as it grows."""
    path = Path(result_dir, results._filename)
    if path.is_file():
        cause = damage.of_result_file(path)
        if cause is not None:
            with _as_user_error():
                aside = files.set_aside(path)
            log.warning(f"Skipping {path}: it is damaged ({cause}); it is kept as {aside.name}")
        else:
            original(results, result_dir)
    results._hwperf_directory = result_dir
    beside = os.path.abspath(sidecar.path_beside(path))
    os.makedirs(os.path.dirname(beside), exist_ok=True)
    os.environ[sidecar.SIDECAR] = beside


def _save(original: Original, results: Any, result_dir: str) -> None:
    original(results, result_dir)
    beside = os.environ.pop(sidecar.SIDECAR, None)
    if beside is not None and os.path.exists(beside):
        with _as_user_error():
            sidecar.compact(beside)


def _run_benchmarks(original: Original, benchmarks: Any, env: Any, **kwargs: Any) -> Any:
    global _session
    results = kwargs.get("results")
    _session = _Session(results, beforehand.is_this_code(env))
    if results is not None and kwargs.get("append_samples"):
        _session.appends.update(results.get_result_keys(benchmarks))
    try:
        return original(benchmarks, env, **kwargs)
    finally:
        _session = None


def _run_point(
    original: Original, benchmark: Any, spawner: Any, param_idx: int, **kwargs: Any
) -> Any:
    """Measure one point and save it at once."""
    is_ours = "metric" in benchmark and isinstance(kwargs.get("extra_params"), dict)
    point = _representation(benchmark, param_idx) if is_ours else []
    if is_ours:
        kwargs["extra_params"] = {**kwargs["extra_params"], benchmark_type.POINT: point}
    session = _session
    if session is None or not hasattr(session.results, "_hwperf_directory"):
        return original(benchmark, spawner, param_idx, **kwargs)
    if session.name != benchmark["name"]:
        session.name, session.done = benchmark["name"], {}
        session.started_at = datetime.datetime.now(datetime.UTC)
    outcome = None
    if is_ours and session.is_this_code:
        outcome = beforehand.answer(benchmark, point)
    if outcome is not None:
        session.done[param_idx] = outcome
        return outcome  # No number that could be lost.
    outcome = original(benchmark, spawner, param_idx, **kwargs)
    session.done[param_idx] = outcome
    _save_draft(session, benchmark)
    return outcome


def _add_result(
    original: Original, results: Any, benchmark: Any, result: Any, **kwargs: Any
) -> None:
    # Rank tests of asv's compare need the samples; asv leaves them out by default.
    if "--no-record-samples" not in sys.argv:
        kwargs["record_samples"] = True
    original(results, benchmark, result, **kwargs)
    _forget_oldest(results, benchmark["name"])
    if _session is not None and _session.results is results:
        _session.appends.add(benchmark["name"])
        _session.name = ""


def _forget_oldest(results: Any, name: str) -> None:
    """Keep the latest samples of each point: runs of one commit pool theirs, without end."""
    for samples in results._samples.get(name) or ():
        if samples is not None:
            del samples[:-MOST_SAMPLES]


def _save_draft(session: _Session, benchmark: Any) -> None:
    """Save a copy of the results with the points of *benchmark* that are done so far.

    A copy: at the end of the benchmark asv adds all of its points, and would append the samples of
    these a second time. Points that are not done keep what the file held.
    """
    draft = copy.copy(session.results)
    for table in _TABLES:
        setattr(draft, table, dict(getattr(session.results, table)))
    count = math.prod(len(axis) for axis in benchmark["params"])
    blank = runner.BenchmarkResult([math.nan], [None], [None], 0, "", None)
    rows = [session.done.get(index, blank) for index in range(count)]
    merged = runner.BenchmarkResult(
        result=[row.result[0] for row in rows],
        samples=[row.samples[0] for row in rows],
        number=[row.number[0] for row in rows],
        errcode=0,
        stderr="",
        profile=None,
    )
    draft.add_result(
        benchmark,
        merged,
        started_at=session.started_at,
        append_samples=benchmark["name"] in session.appends,
        selected_idx=set(session.done),
    )
    # Not draft.save: that is the end of a commit for _save above.
    save = asv_results.Results.save._hwperf_original
    with files.quick_writes():
        save(draft, session.results._hwperf_directory)


def _representation(benchmark: Any, param_idx: int) -> list[str]:
    chosen: list[str] = []
    for axis in reversed(benchmark["params"]):
        param_idx, position = divmod(param_idx, len(axis))
        chosen.insert(0, axis[position])
    return chosen


@contextmanager
def _as_user_error() -> Iterator[None]:
    """Let asv end with the one sentence, not with a traceback."""
    try:
        yield
    except files.CannotWrite as error:
        raise util.UserError(str(error)) from error
