"""One point from end to end. This module sets up, rehearses, samples, checks and judges."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from typing import Any

from hwperf.errors import HwperfError, Unsupported
from hwperf.host import caches
from hwperf.measure import clock, stats
from hwperf.measure.affinity import pinned
from hwperf.measure.against import ratios
from hwperf.measure.figures import figures
from hwperf.measure.interference import Probes
from hwperf.measure.judge import disturbances, interference, judge
from hwperf.measure.placement import probing
from hwperf.measure.profile import QUICK, Profile
from hwperf.measure.rehearsal import rehearse
from hwperf.measure.result import Result, Verdict
from hwperf.measure.sample import Instruments, collect
from hwperf.measure.selection import Sample, Samples, counted
from hwperf.measure.stage import Stage, StageError, raised, set_up
from hwperf.work import OnThreads, Seen
from hwperf.workload import Params, Workload

__all__ = ["instruments", "measure"]

MOST_SAMPLES = 200  # That a result keeps; its median and interval are those of all of them.


def measure(
    workload: Workload,
    params: Params,
    *,
    profile: Profile = QUICK,
    tools: Callable[[], AbstractContextManager[Instruments]] | None = None,
) -> Result:
    """Measure one point of *workload* in this process.

    Args:
        workload: what to measure.
        params: one of ``workload.points()``.
        profile: the budget.
        tools: gives the instruments; by default the host's.

    Returns:
        The result, whatever happened: a workload that raises gives the verdict ``failed``.
    """
    started = time.time()
    begin = clock.wall()
    try:
        reason = workload.unsupported(params)
        if reason:
            raise Unsupported(reason)
        result = _measured(workload, params, profile, tools)
    except Unsupported as why:
        result = _dropped(workload, params, "n/a", str(why) or "the workload does not say why")
    except HwperfError as why:
        result = _dropped(workload, params, "failed", str(why) or raised("the workload", why))
    except BaseException as error:  # Border: a point must not cost the others theirs.
        if isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            raise
        # Not all are Exceptions: pyo3's panics, for one.
        result = _dropped(workload, params, "failed", raised("the workload", error))
    return _tagged(result, started=started, wall_s=clock.wall() - begin, profile=profile.name)


@contextmanager
def instruments(team: OnThreads | None = None, probe_s: float = 0.0) -> Iterator[Instruments]:
    """Open the host's instruments and pin the thread; close and release at the end.

    Args:
        team: the threads that the kernel runs on, where there are several.
        probe_s: how long a probe of their placement lasts.
    """
    cpus = () if team is None else tuple(team.cpus)
    others = () if team is None else tuple(team.thread_ids)[1:]
    with (
        pinned(cpus[:1] or None) as core,
        Probes(others=others, cpus=cpus) as probes,
        probing(cpus, probe_s) as placement,
    ):
        yield Instruments(
            wall=clock.wall,
            tick_s=clock.resolution_s(),
            probes=probes,
            core=core,
            core_clock=clock.core_clock(),
            placement=placement,
        )


def _measured(
    workload: Workload,
    params: Params,
    profile: Profile,
    tools: Callable[[], AbstractContextManager[Instruments]] | None,
) -> Result:
    begin = clock.wall()
    if profile.rehearsal_s == float("inf"):
        rehearse(workload, params)
        begin = clock.wall()
    with ExitStack() as stack:
        stage = stack.enter_context(set_up(workload, params))
        set_up_s = clock.wall() - begin
        # Of what waits for a device each call takes long; a full run and the tests rehearse it.
        is_short = set_up_s <= profile.rehearsal_s and not stage.work.precision
        if is_short and profile.rehearsal_s < float("inf"):
            stack.close()  # Threads that are pinned twice would stand in each other's way.
            rehearse(workload, params)
            stage = stack.enter_context(set_up(workload, params))
        team = stage.work.team
        with tools() if tools else instruments(team, profile.probe_s) as opened:
            samples = _collect(stage, profile, opened)
            core = opened.core.number
            unavailable = dict(getattr(opened.probes, "unavailable", {}))
        stage.check()
    # What is derived may measure, too, and must find the core that the samples were taken on.
    with pinned((core,)) if core is not None and not tools else nullcontext():
        result = _summary(workload, params, profile, stage, samples)
    return _tagged(
        result,
        core=core,
        caches=_caches(core),
        set_up_s=set_up_s,
        warm_up_s=samples.warm_up_s,
        sampling_s=samples.elapsed_s,
        unavailable=unavailable,
    )


def _collect(stage: Stage, profile: Profile, opened: Instruments) -> Samples:
    try:
        return collect(stage, profile, opened)
    except HwperfError:
        raise
    except (Exception, SystemExit) as error:
        raise StageError(raised("the kernel", error)) from error


def _summary(
    workload: Workload, params: Params, profile: Profile, stage: Stage, samples: Samples
) -> Result:
    limit = workload.limit_at(params)
    kept = counted(samples.all, profile.min_samples)
    verdict, reason = judge(
        samples,
        profile,
        limit=limit,
        metric=workload.metric,
        precision=stage.work.precision,
    )
    common: dict[str, Any] = {
        "workload_id": workload.id,
        "params": dict(params),
        "metric": workload.metric,
        "version": workload.version,
        "verdict": verdict,
        "reason": reason,
        "n_disturbed": len(samples.all) - len(samples.clean),
        "disturbances": disturbances(samples),
        "limit": limit,
        "amounts": dict(stage.work.amounts),
        "calls_per_sample": samples.calls,
        "tags": {
            "interference": interference(samples),
            **_clock_tags(samples, kept),
            **_placement_tags(samples, kept),
        },
    }
    if verdict == "impossible":
        return Result(**common)
    costs = [sample.cost_s for sample in kept]
    cost_s = stats.median(costs)
    against = ratios(samples)
    ids = set(map(id, kept))
    seen = Seen(
        cost_s,
        common["tags"].get("clock_hz"),
        # By the ratio of the pairs: what moved both between two samples is not in it.
        {name: ratio.value * cost_s for name, ratio in against.items()},
        [id(sample) in ids for sample in samples.all],
    )
    return Result(
        **common,
        cost_s=cost_s,
        against=against,
        figures=figures(stage, seen),
        interval_cost_s=stats.interval_of_median(costs) or (min(costs), max(costs)),
        samples=_thinned(costs),
        **_distribution(kept),
    )


def _thinned(costs: Sequence[float]) -> tuple[float, ...]:
    """Return every n-th sample, so that a result stays small; all of them up to the most."""
    return tuple(costs[:: -(-len(costs) // MOST_SAMPLES)])


def _clock_tags(samples: Samples, kept: Sequence[Sample]) -> dict[str, Any]:
    clocks = [sample.clock_hz for sample in kept if sample.clock_hz]
    if not clocks:
        return {}
    return {
        "clock_hz": stats.median(clocks),
        "clock_low_hz": min(s.slowest_hz for s in samples.all if s.slowest_hz),
        "clock_high_hz": max(clocks),
    }


def _placement_tags(samples: Samples, kept: Sequence[Sample]) -> dict[str, Any]:
    known = [sample.placement for sample in kept if sample.placement]
    if not known:
        return {}
    return {
        "placement": Counter(each.tag for each in known).most_common(1)[0][0],
        "core_to_core_s": stats.median([each.latency_s for each in known]),
        "placements": dict(Counter(s.placement.tag for s in samples.all if s.placement)),
    }


@cache
def _caches(core: int | None) -> dict[str, int]:
    """Return the bytes of each level of data cache that the system reports of *core*."""
    told = {} if core is None else caches.data_bytes(core)
    return {f"L{level}": nbytes for level, nbytes in told.items()}


def _distribution(kept: Sequence[Sample]) -> dict[str, Any]:
    pooled = [value for sample in kept for value in sample.latencies]
    if not pooled:
        return {}
    n = stats.P99_OPERATIONS
    batches = [pooled[i : i + n] for i in range(0, len(pooled) - n + 1, n)]
    return {
        "percentiles": {
            "p50": stats.percentile(pooled, 50),
            "p99": stats.percentile(pooled, 99),
            "p99.9": stats.percentile(pooled, 99.9),
        },
        "p99_samples": tuple(stats.quantile(batch, 0.99) for batch in batches),
    }


def _dropped(workload: Workload, params: Params, verdict: Verdict, reason: str) -> Result:
    try:
        version = workload.version
    except Exception:  # Border: a workload whose kernels cannot even be loaded still has a result.
        version = ""
    return Result(
        workload_id=workload.id,
        params=dict(params),
        metric=workload.metric,
        verdict=verdict,
        reason=reason,
        version=version,
    )


def _tagged(result: Result, **tags: Any) -> Result:
    return replace(result, tags={**result.tags, **tags})
