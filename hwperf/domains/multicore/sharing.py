"""Lines that cores share: counters side by side, a contended word, a line in another's cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Work, limits, workload
from hwperf.checks import require_value
from hwperf.domains.multicore.teams import CLOCK, alone, needs_two, scaling, team_of, timed
from hwperf.host import pages as working_memory
from hwperf.host import topology
from hwperf.kernels import cycle, shared

__all__ = ["atomic", "false_sharing", "shared_line"]

N_STEPS = 16
UPDATES = {"plain": 2**15, "atomic": 2**13}  # Of one step: 10 to 300 µs.
APART = "counters 256 B apart"
APART_BYTES = 256  # Lines of their own, and pairs of lines that are fetched together, too.

LINE_BYTES = 128  # Distance of two lines of the set: a prefetcher may fetch lines in pairs.
N_LINES = 128  # 16 KiB: they stay in the first-level cache of the core that holds them.
N_ROUNDS = 64


@workload(
    "multicore.false_sharing",
    params={
        "offset_bytes": [8, 16, 32, 64, 128],
        "update": ["plain", "atomic"],
        "threads": [2, 4, 8],
    },
    limit=limits.updates,
    requires=topology.lacking,
    source="Bolosky and Scott (1993), False sharing and its effect on shared memory performance",
)
def false_sharing(offset_bytes: int, update: str, threads: int) -> Iterator[Work]:
    """Time per update when each thread counts in a word of its own, *offset_bytes* from the next.

    Counts the updates of one thread, all others doing as many meanwhile. A *plain* one loads, adds
    and stores, an *atomic* one does it in one step.
    """
    member = shared.plain_member if update == "plain" else shared.atomic_member
    n = UPDATES[update]
    with team_of(topology.spread(threads)) as team:
        words = working_memory.allocate(4096, dtype=np.int64)
        far = working_memory.allocate(4096, dtype=np.int64)
        words[:] = 0
        close = [(words, i * offset_bytes, n) for i in range(threads)]
        apart = [(far, i * APART_BYTES, n) for i in range(threads)]
        yield Work(
            timed(team, member, close, N_STEPS),
            ops=N_STEPS * n,
            clock=CLOCK,
            team=team,
            against={
                APART: Work(timed(team, member, apart, N_STEPS), ops=N_STEPS * n, clock=CLOCK)
            },
        )
        counts = words[: threads * offset_bytes // 8 : offset_bytes // 8]
        _require_counts(counts, N_STEPS * n)


def _require_counts(counts: np.ndarray[tuple[int], np.dtype[np.int64]], each_call: int) -> None:
    """Require that each word was counted up by every update of as many whole calls."""
    first = int(counts[0])
    if not (first > 0 and first % each_call == 0):
        raise CheckFailed(f"a counter stands at {first}; expected a multiple of {each_call}")
    for number, count in enumerate(counts):
        require_value(int(count), first, f"counter {number}")


@workload(
    "multicore.atomic",
    params={"threads": [1, 2, 4, 8]},
    limit=limits.core_clock,
    requires=topology.lacking,
    source="Schweizer, Besta and Hoefler (2015), Evaluating the cost of atomic operations",
)
def atomic(threads: int) -> Iterator[Work]:
    """Time per atomic addition to one word, by one thread or by several at once.

    Counts the additions of all threads: with more than one, the time from one thread's addition
    to anybody's next.
    """
    n = UPDATES["atomic"]
    with team_of(topology.spread(threads)) as team:
        words = working_memory.allocate(4096, dtype=np.int64)
        own = working_memory.allocate(4096, dtype=np.int64)
        words[:] = 0
        member, args = shared.atomic_member, [(words, 0, n)] * threads
        one = alone(team, member, [(own, 0, n)] * threads, N_STEPS)
        against, _ = scaling(one, threads, ops=N_STEPS * n)

        def derive(seen: Seen) -> dict[str, Figure]:
            return {"per_thread": Figure(seen.cost_s * threads, "s")}

        yield Work(
            timed(team, member, args, N_STEPS),
            ops=threads * N_STEPS * n,
            clock=CLOCK,
            team=team,
            against=against,
            derive=derive,
        )
        _require_counts(words[:1], threads * N_STEPS * n)


@workload(
    "multicore.shared_line",
    params={"state": ["clean", "modified"]},
    limit=limits.dependent_loads,
    requires=needs_two,
    source="Molka et al. (2009), Memory performance and cache coherency effects on Nehalem",
)
def shared_line(state: str) -> Iterator[Work]:
    """Time to read a line that another core holds, alone and unchanged (*clean*) or *modified*.

    Counts loads of a chase through 16 KiB of lines that the other core has taken into its caches
    just before, by reading them after they were flushed, or by writing them.
    """
    is_modified = state == "modified"
    with team_of(topology.spread(2)) as team:
        lines = working_memory.allocate(N_LINES * LINE_BYTES, dtype=np.int64)
        lines[:] = 0
        cycle.link(lines, cycle.over(N_LINES), LINE_BYTES)
        times = np.zeros(N_ROUNDS, np.int64)
        whole = [0]

        def run() -> float:
            gate = np.zeros(1, np.int64)
            times[:] = 0
            whole[0], _ = team.run(
                [
                    lambda: shared.fetch_lines(gate, lines, LINE_BYTES, is_modified, times),
                    lambda: shared.hold_lines(gate, lines, LINE_BYTES, is_modified, N_ROUNDS),
                ]
            )
            return float(times.sum()) * 1e-9

        yield Work(run, ops=N_ROUNDS * N_LINES, clock="clock_gettime, by the reader", team=team)
        require_value(whole[0], N_ROUNDS, "rounds that ended where they began")
        if not (times > 0).all():
            raise CheckFailed(f"a round took {times.min()} ns; expected a time above zero")
        written = lines[1 :: LINE_BYTES // 8]
        writes = int(written[0])
        if is_modified and not (writes > 0 and writes % (2 * N_ROUNDS) == 0):
            raise CheckFailed(f"a line was written {writes} times; expected twice a round")
        for number, count in enumerate(written):
            require_value(int(count), writes, f"writes of line {number}")
