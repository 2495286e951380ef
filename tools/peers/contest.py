"""One case from end to end: hwperf's kernel in this process, in turn with the C reference.

This module first lets all loops of the reference compete in a few rounds, then takes fresh pairs
with the best of them: the winner's luck in the heats is not part of the pairs.
"""

from __future__ import annotations

import math
import resource
import time
from collections.abc import Callable
from functools import partial
from itertools import repeat

from cases import Case
from ratios import Comparison, Pair, Timing, compare, interleaved
from reference import Reference, Request

from hwperf import plugins
from hwperf.measure.stage import Stage, set_up
from hwperf.measure.stats import median

HEATS = 5

# How often both sides are set up anew. Which physical pages a set gets is chance: it decides how
# evenly the set fills a cache and how far one entry of a TLB reaches (256 MiB of small pages: 212
# to 245 ns in one process). Whoever is set up first is given the leftovers, the second one whole
# blocks of neighbouring pages, so that they take turns in that, too.
SETUPS = 4


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
    best: Request | None = None
    pairs: list[Pair] = []
    for turn in range(SETUPS):
        peer.release()
        if best is not None and turn % 2 == 1:
            peer.prepare(best)
        with set_up(workload, case.params) as stage:
            calls = _calls(stage, sample_s)
            count = max(1, round(stage.amount * calls / case.amount))
            best = best or _fastest(case, peer, count, clock)
            timings = interleaved(
                partial(time_calls, stage, calls),
                partial(peer.time, best, count),
                math.ceil(n_pairs / SETUPS),
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
    """Return the loop of the reference with the shortest time in a few rounds.

    The shortest, not the median: a neighbour that slows one round must not choose the peer.
    """
    contestants = list(case.contestants(list(peer.styles(case.request))))
    short = max(1, count // 4)
    seconds: dict[Request, list[float]] = {request: [] for request in contestants}
    for _ in range(HEATS):
        for request in contestants:
            seconds[request].append(peer.time(request, short).seconds(clock))
    return min(contestants, key=lambda request: min(seconds[request]))


def _name(request: Request) -> str:
    return f"C {request.style}" + (f", {request.apart} B apart" if request.apart else "")
