"""From core to core: how long a cache line takes, between which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import permutations
from typing import TYPE_CHECKING

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

MOST_CPUS = 64  # 4,032 ordered pairs.
BATCHES = 32  # Each with another line, since some lines take longer than others.
MOST_ROUNDS = 100  # Round trips of a batch: 5 to 30 µs.
ALL_ROUNDS = 6400  # Of a batch over all pairs, so that a pass over many lasts below a second.
FEWEST_ROUNDS = 10
N_LINES = 32 * BATCHES  # One pass after the other goes through them: 128 KiB of addresses.


def chosen(cpus: Sequence[int]) -> list[int]:
    """Return *cpus*, or so many of them, evenly spread, that all pairs can be tried."""
    if len(cpus) <= MOST_CPUS:
        return list(cpus)
    return [cpus[i * len(cpus) // MOST_CPUS] for i in range(MOST_CPUS)]


def rounds(n_pairs: int) -> int:
    """Return the round trips of a batch when so many pairs play."""
    return max(FEWEST_ROUNDS, min(MOST_ROUNDS, ALL_ROUNDS // n_pairs))


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
    game = Game(len(cpus))
    with team_of(cpus) as team:

        def derive(seen: Seen) -> dict[str, Figure]:
            passes = game.passes[-len(seen.counted) :]
            counting = [each for each, counts in zip(passes, seen.counted, strict=True) if counts]
            typical = np.median(counting, axis=0)
            known = typical[game.off]
            return {
                "least": Figure(known.min(), "s"),
                "most": Figure(known.max(), "s"),
                "cpus": Figure(cpus),
                "matrix": Figure(typical, "s"),
            }

        yield Work(
            lambda: game.play(team),
            ops=1,
            clock="clock_gettime, by the first core",
            team=team,
            derive=derive,
        )
        game.require()


class Game:
    """Passes in which every ordered pair of a team's threads plays with a cache line.

    Attributes:
        off: the pairs of two different threads, a mask of shape (n, n).
        passes: seconds of one way between each pair, one matrix for each pass; NaN for a thread
            and itself.
        swaps: swaps that each pair made in the last pass.
    """

    def __init__(self, n_threads: int) -> None:
        self.off = ~np.eye(n_threads, dtype=bool)
        self.passes: list[NDArray[np.float64]] = []
        self.swaps = np.full((n_threads, n_threads), -1)
        self._pairs = list(permutations(range(n_threads), 2))
        self._rounds = rounds(len(self._pairs))
        self._balls = teams.shared_lines(N_LINES)

    def play(self, team: Team) -> float:
        """Let all pairs play, one after the other; return the median of one way in seconds."""
        latencies = np.full(self.off.shape, np.nan)
        self.swaps[:] = -1
        n_words = BATCHES * pingpong.LINE_WORDS
        first = len(self.passes) * n_words % self._balls.size
        lines = self._balls[first : first + n_words]
        for pair in self._pairs:
            latencies[pair] = self._meet(team, pair, lines)
        self.passes.append(latencies)
        return float(np.median(latencies[self.off]))

    def _meet(self, team: Team, pair: tuple[int, int], lines: NDArray[np.int64]) -> float:
        gate, lines[:] = teams.shared_word(), 0
        times, unused = np.zeros(BATCHES, np.int64), np.zeros(BATCHES, np.int64)
        tasks = [
            partial(pingpong.rally, gate, lines, side, self._rounds, each)
            for side, each in enumerate((times, unused))
        ]
        self.swaps[pair] = sum(team.run(tasks, members=pair))
        return float(np.median(times)) * 1e-9 / (2 * self._rounds)

    def require(self) -> None:
        """Require that every pair made all of its swaps, and took some time.

        Raises:
            CheckFailed: if not.
        """
        wanted = 2 * BATCHES * self._rounds
        if not (self.swaps[self.off] == wanted).all():
            least = self.swaps[self.off].min()
            raise CheckFailed(f"{least} swaps between two cores (is) != {wanted} (should)")
        for latencies in self.passes:
            if not (latencies[self.off] > 0).all():
                raise CheckFailed(
                    f"a pair took {latencies[self.off].min()} s; expected a time above zero"
                )
