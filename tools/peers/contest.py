"""One case from end to end: hwperf's kernel in this process, in turn with the C reference.

This module first lets all loops of the reference compete in a few rounds, then takes fresh pairs
with the best of them: the winner's luck in the heats is not part of the pairs.
"""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable
from itertools import repeat

from cases import Case
from ratios import Comparison, Pair, Timing, compare, interleaved
from reference import Reference, Request

from hwperf import plugins
from hwperf.measure.stage import Stage, set_up
from hwperf.measure.stats import median

HEATS = 3

# Where a set of small pages lies in a physically indexed cache is chance, so points that fit into
# caches are set up anew so many times, on both sides. Larger ones are too slow to set up.
SETUPS = 3
SETUP_BYTES = 8 * 2**20


def run(case: Case, peer: Reference, *, n_pairs: int, sample_s: float, clock: str) -> Comparison:
    """Compare one case and return what the pairs say.

    Args:
        case: what to compare.
        peer: the running reference, on the CPU to which this process is pinned.
        n_pairs: number of pairs at least.
        sample_s: seconds that one side of a pair lasts about.
        clock: "wall" or "cpu".

    Raises:
        HwperfError: if hwperf cannot run the point, or its check fails.
        ReferenceError: if the reference cannot run it.
    """
    workload = plugins.load().find(case.workload_id)
    rounds = SETUPS if case.request.nbytes <= SETUP_BYTES else 1
    best: Request | None = None
    pairs: list[Pair] = []
    for _ in range(rounds):
        with set_up(workload, case.params) as stage:
            calls = _calls(stage, sample_s)
            count = max(1, round(stage.amount * calls / case.amount))
            best = best or _fastest(case, peer, count, clock)
            chosen = best  # For the closure.
            timings = interleaved(
                lambda stage=stage, calls=calls: time_calls(stage, calls),  # type: ignore[misc]
                lambda count=count: peer.time(chosen, count),  # type: ignore[misc]
                math.ceil(n_pairs / rounds),
            )
            work = (stage.amount * calls, case.amount * count)
            pairs += [pair_of(case, timed, work, clock) for timed in timings]
            stage.check()
    assert best is not None
    return compare(case.name, _name(best), case.unit, pairs, has_goal=case.has_goal)


def pair_of(
    case: Case, timed: tuple[Timing, Timing], work: tuple[float, float], clock: str
) -> Pair:
    """Return the pair of values in the case's unit that two timings of so much work give."""
    ours, theirs = (
        timing.seconds(clock) / amount if case.unit == "s" else amount / timing.seconds(clock)
        for timing, amount in zip(timed, work, strict=True)
    )
    return Pair(ours, theirs, all(timing.switches == 0 for timing in timed))


def time_calls(stage: Stage, calls: int) -> Timing:
    """Time *calls* calls of the stage's kernel, after one that brings its set into the caches."""
    kernel: Callable[[], object] = stage.kernel
    kernel()
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
    cpu_start, start = time.thread_time(), time.perf_counter()
    for _ in repeat(None, calls):
        kernel()
    wall_s = time.perf_counter() - start
    cpu_s = time.thread_time() - cpu_start
    switches = resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw - before
    return Timing(wall_s, cpu_s, switches)


def _calls(stage: Stage, sample_s: float) -> int:
    """Return the calls of the kernel that take about *sample_s*; the first may compile it."""
    stage.run()
    each = median([time_calls(stage, 1).wall_s for _ in range(3)])
    return max(1, round(sample_s / each))


def _fastest(case: Case, peer: Reference, count: int, clock: str) -> Request:
    """Return the loop of the reference with the shortest median of a few rounds."""
    contestants = list(case.contestants(list(peer.styles(case.request))))
    short = max(1, count // 3)
    seconds: dict[Request, list[float]] = {request: [] for request in contestants}
    for _ in range(HEATS):
        for request in contestants:
            seconds[request].append(peer.time(request, short).seconds(clock))
    return min(contestants, key=lambda request: median(seconds[request]))


def _name(request: Request) -> str:
    return f"C {request.style}" + (f", {request.apart} B apart" if request.apart else "")
