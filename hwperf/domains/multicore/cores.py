"""From core to core: how long a cache line takes, between which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf import CheckFailed, Figure, Seen, Work, workload
from hwperf.domains.multicore.teams import needs_two, team_of
from hwperf.host import topology
from hwperf.kernels import pingpong
from hwperf.kernels import team as teams

if TYPE_CHECKING:
    from hwperf.kernels.team import Team

__all__ = ["core_to_core"]

Latencies: TypeAlias = NDArray[np.float64]

MOST_CPUS = 64  # 4,032 ordered pairs, of 1 ms each.
ROUNDS = 100  # Round trips of a batch: 5 to 30 µs.
BATCHES = 32  # Each with another line, since some lines take longer than others.
N_LINES = 32 * BATCHES  # One call after the other goes through them: 128 KiB of addresses.


def chosen(cpus: Sequence[int]) -> list[int]:
    """Return *cpus*, or so many of them, evenly spread, that all pairs can be tried."""
    if len(cpus) <= MOST_CPUS:
        return list(cpus)
    return [cpus[i * len(cpus) // MOST_CPUS] for i in range(MOST_CPUS)]


@workload(
    "multicore.core_to_core",
    requires=needs_two,
    source="Lameter (2013), An overview of NUMA; nviennot/core-to-core-latency",
)
def core_to_core() -> Iterator[Work]:
    """Time that a cache line takes from one core to another, the median over all pairs.

    Counts one way: half of a round trip, in which each side waits by plain loads until the other
    has written and then replaces the word by compare-and-swap. Every ordered pair of CPUs that may
    be used is tried (above 64 CPUs, 64 of them); the matrix is kept in the sidecar.
    """
    cpus = chosen(topology.spread(topology.most_threads()[0]))
    pairs = list(permutations(range(len(cpus)), 2))
    latencies = np.full((len(cpus), len(cpus)), np.nan)
    seen_so_far: list[Latencies] = []
    off = ~np.eye(len(cpus), dtype=bool)
    swaps = np.full((len(cpus), len(cpus)), -1)
    balls = teams.shared_lines(N_LINES)
    with team_of(cpus[:2]) as team:

        def run() -> float:
            for pair in pairs:
                some = len(seen_so_far) % (N_LINES // BATCHES) * BATCHES * pingpong.LINE_WORDS
                lines = balls[some : some + BATCHES * pingpong.LINE_WORDS]
                _meet(team, cpus, pair, lines, latencies, swaps)
            if len(cpus) > 2:
                team.run([partial(teams.pin, cpu) for cpu in cpus[:2]])
            seen_so_far.append(latencies.copy())
            return float(np.median(latencies[off]))

        def derive(seen: Seen) -> dict[str, Figure]:
            typical = np.median(seen_so_far, axis=0)
            matrix = [
                [None if a == b else float(typical[a, b]) for b in range(len(cpus))]
                for a in range(len(cpus))
            ]
            return {
                "least": Figure(float(typical[off].min()), "s"),
                "most": Figure(float(typical[off].max()), "s"),
                "cpus": Figure(cpus),
                "matrix": Figure(matrix, "s"),
            }

        yield Work(run, ops=1, clock="clock_gettime, by the first core", team=team, derive=derive)
        if not (swaps[off] == 2 * BATCHES * ROUNDS).all():
            least, wanted = swaps[off].min(), 2 * BATCHES * ROUNDS
            raise CheckFailed(f"{least} swaps between two cores (is) != {wanted} (should)")
        for seen in (latencies, *seen_so_far):
            if not (seen[off] > 0).all():
                raise CheckFailed(f"a pair took {seen[off].min()} s; expected a time above zero")


def _meet(
    team: Team,
    cpus: Sequence[int],
    pair: tuple[int, int],
    lines: NDArray[np.int64],
    latencies: Latencies,
    swaps: NDArray[np.int64],
) -> None:
    """Let two threads on the CPUs of *pair* play; write the median of the batches."""
    first, second = pair
    gate, lines[:] = teams.shared_word(), 0
    times, unused = np.zeros(BATCHES, np.int64), np.zeros(BATCHES, np.int64)
    if len(cpus) > 2:
        team.run([partial(teams.pin, cpus[first]), partial(teams.pin, cpus[second])])
    sides = [(0, times), (1, unused)] if len(cpus) > 2 or first == 0 else [(1, unused), (0, times)]
    made = team.run([partial(pingpong.rally, gate, lines, side, ROUNDS, t) for side, t in sides])
    swaps[first, second] = sum(made)
    latencies[first, second] = float(np.median(times)) * 1e-9 / (2 * ROUNDS)
