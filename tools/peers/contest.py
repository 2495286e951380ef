"""One case from end to end: hwperf's kernel in this process, in turn with a C reference.

This module first lets all loops of the reference compete in a few rounds, then takes fresh pairs
with the best of them: the winner's luck in the heats is not part of the pairs.
"""

from __future__ import annotations

import math
import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from typing import Any

from cases import Case
from ratios import Comparison, Pair, Timing, compare, interleaved
from reference import CoresRequest, Reference, ReferenceError, Request

from hwperf import plugins
from hwperf.errors import HwperfError
from hwperf.measure.placement import tag_of
from hwperf.measure.stage import Stage, set_up
from hwperf.measure.stats import median

HEATS = 5

# How often both sides are set up anew. Which physical pages a set gets is chance: it decides how
# evenly the set fills a cache and how far one entry of a TLB reaches (256 MiB of small pages: 212
# to 245 ns in one process). Whoever is set up first is given the leftovers, the second one whole
# blocks of neighbouring pages, so that they take turns in that, too.
SETUPS = 4


@dataclass(frozen=True)
class Amounts:
    """How much each side does in one side of a pair.

    Attributes:
        calls: of hwperf's kernel.
        requests: to the reference.
        count: of each request.
    """

    calls: int
    requests: int
    count: int

    @property
    def heat(self) -> Amounts:
        """About a quarter of it."""
        if self.requests > 1:
            return Amounts(self.calls, math.ceil(self.requests / 4), self.count)
        return Amounts(self.calls, 1, max(1, self.count // 4))


def run(case: Case, peer: Reference, *, n_pairs: int, sample_s: float, clock: str) -> Comparison:
    """Compare one case and return what the pairs say.

    Args:
        case: what to compare.
        peer: the running reference, on the CPUs to which this process is pinned.
        n_pairs: number of pairs at least.
        sample_s: seconds that one side of a pair lasts about.
        clock: "wall" or "cpu"; a workload that times itself has its own.

    Raises:
        HwperfError: if hwperf cannot run the point, or its check fails.
        ReferenceError: if the reference cannot run it, or no pair saw the CPUs stay where they are.
    """
    workload = plugins.load().find(case.workload_id)
    best: Request | CoresRequest | None = None
    pairs: list[Pair] = []
    look = partial(placement, peer) if case.threads > 1 else None
    for turn in range(SETUPS):
        peer.release()
        if best is not None and turn % 2 == 1:
            peer.prepare(best)
        with set_up(workload, case.params) as stage:
            amounts = _amounts(case, stage, sample_s)
            clock = clock if stage.work.clock is None else "wall"
            best = best or _fastest(case, peer, amounts.heat, clock)
            timings = interleaved(
                partial(_rested, case, partial(time_calls, stage, amounts.calls)),
                partial(_rested, case, partial(time_requests, peer, best, amounts)),
                math.ceil(n_pairs / SETUPS),
                placement=look,
            )
            work = (
                stage.amount * amounts.calls, case.amount * amounts.requests * amounts.count,
            )  # fmt: skip
            pairs += [pair_of(case, timed, work, clock) for timed in timings]
            stage.check()
    if not pairs:
        raise ReferenceError("the CPUs moved within every pair; try again")
    assert best is not None
    return compare(case.name, _name(best), case.unit, pairs, goal=case.goal)


def placement(peer: Reference) -> str:
    """Return how the first two CPUs lie to one another: "near", "far" or "siblings"."""
    one_way_s, speed_up = peer.probe()
    return tag_of(one_way_s, 2 / speed_up)


def pair_of(
    case: Case, timed: tuple[Timing, Timing], work: tuple[float, float], clock: str
) -> Pair:
    """Return the pair of values in the case's unit that two timings of so much work give."""
    ours, theirs = (
        timing.seconds(clock) / amount if case.unit == "s" else amount / timing.seconds(clock)
        for timing, amount in zip(timed, work, strict=True)
    )
    is_clean = all(timing.switches == 0 for timing in timed)
    return Pair(ours, theirs, is_clean, timed[0].placement)


def time_calls(stage: Stage, calls: int) -> Timing:
    """Time *calls* calls of the stage's kernel, after one that brings its set into the caches."""
    kernel: Callable[[], object] = stage.kernel
    if stage.work.clock is not None or stage.work.latencies:
        return several([partial(_told, stage)] * calls)
    kernel()
    before = _switches()
    cpu_start, start = time.thread_time(), time.perf_counter()
    for _ in repeat(None, calls):
        kernel()
    wall_s = time.perf_counter() - start
    cpu_s = time.thread_time() - cpu_start
    return Timing(wall_s, cpu_s, _switches() - before)


def time_requests(peer: Reference, request: Request | CoresRequest, amounts: Amounts) -> Timing:
    """Time the reference's side of a pair."""
    one = partial(peer.time, request, amounts.count)
    return one() if amounts.requests == 1 else several([one] * amounts.requests)


def several(calls: Sequence[Callable[[], Timing]]) -> Timing:
    """Return the timing of calls that time themselves: as many times the median of the clean ones.

    Between them threads fall asleep and wake up, and one call of which a thread lost its core says
    nothing of the others: only where less than half are clean, all of them count.

    Raises:
        HwperfError: if most calls raise it: with a core taken away for as long as the others work,
            threads are not at work at once.
    """
    taken: list[Timing] = []
    failed = 0
    for call in calls:
        try:
            taken.append(call())
        except HwperfError:
            failed += 1
            if 2 * failed > len(calls):
                raise
    clean = [each for each in taken if each.switches == 0]
    is_clean = 2 * len(clean) >= len(calls)
    total = median([each.wall_s for each in (clean if is_clean else taken)]) * len(calls)
    return Timing(total, total, 0 if is_clean else sum(each.switches for each in taken))


def _told(stage: Stage) -> Timing:
    """Call a kernel that times itself, or each of its operations."""
    threads = stage.work.team.thread_ids if stage.work.team else ()
    before = _switches(threads)
    returned: Any = stage.kernel()
    taken = _switches(threads) - before
    if stage.work.latencies:
        returned = median([float(each) for each in returned]) * stage.amount
    return Timing(float(returned), float(returned), taken)


def _switches(thread_ids: Sequence[int] = ()) -> int:
    """Return how often the threads, or the calling one where none is named, lost their core."""
    own = threading.get_native_id()
    total = 0
    for number in thread_ids or (own,):
        if number == own:
            total += resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw
        else:
            status = Path(f"/proc/self/task/{number}/status").read_text(encoding="ascii")
            total += int(status.rpartition("nonvoluntary_ctxt_switches:")[2])
    return total


def _rested(case: Case, side: Callable[[], Timing]) -> Timing:
    time.sleep(case.rest_s)
    return side()


def _amounts(case: Case, stage: Stage, sample_s: float) -> Amounts:
    """Return how much either side does in about *sample_s*; the first call may compile the kernel.

    A kernel that times itself is short, often begins by waking threads, and may return less than
    it took: there the reference is asked as often as it is called. Otherwise one request does the
    work of all calls.
    """
    each_s = median(list(islice(_times(stage), 1, 4)))
    calls = max(1, round(sample_s / each_s))
    if stage.work.clock is None and not stage.work.latencies:
        return Amounts(calls, 1, max(1, round(stage.amount * calls / case.amount)))
    return Amounts(calls, calls, case.count or max(1, round(stage.amount / case.amount)))


def _times(stage: Stage) -> Iterator[float]:
    """Yield what calls take by the clock on the wall, without those that fail.

    Raises:
        HwperfError: what the tenth failure says.
    """
    failed = 0
    while True:
        start = time.perf_counter()
        try:
            stage.run()
        except HwperfError:
            failed += 1
            if failed == 10:
                raise
        else:
            yield time.perf_counter() - start


def _fastest(case: Case, peer: Reference, amounts: Amounts, clock: str) -> Request | CoresRequest:
    """Return the loop of the reference with the shortest time in a few rounds.

    The shortest, not the median: a neighbour that slows one round must not choose the peer.
    """
    contestants: list[Request | CoresRequest] = [
        *case.request.contestants(peer.styles(case.request))
    ]
    if not contestants:
        raise ReferenceError(f"the reference has no {case.request.kernel} {case.request.variant}")
    if len(contestants) == 1:
        return contestants[0]
    seconds: dict[Request | CoresRequest, list[float]] = {each: [] for each in contestants}
    for _ in range(HEATS):
        for request in contestants:
            seconds[request].append(time_requests(peer, request, amounts).seconds(clock))
    return min(contestants, key=lambda request: min(seconds[request]))


def _name(request: Request | CoresRequest) -> str:
    apart = request.apart if isinstance(request, Request) else 0
    return f"C {request.style}" + (f", {apart} B apart" if apart else "")
