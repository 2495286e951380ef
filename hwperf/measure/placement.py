"""Where the CPUs of several threads lie to one another. This module tags it around each sample.

A hypervisor moves virtual CPUs between the cores of its host, and hides it. Two threads that share
memory or caches are then up to twice as fast or as slow, for seconds: a state, not noise. It shows
in how long one cache line takes from core to core, and in whether two threads do the work of one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hwperf.measure import stats
from hwperf.measure.stage import StageError

if TYPE_CHECKING:
    from hwperf.kernels.team import Team

__all__ = ["NEAR_S", "SIBLINGS", "Placement", "placed", "probing", "tag_of"]

NEAR_S = 75e-9
"""One way between two cores, in seconds, below which they are "near". Cores that share a last-level
cache take 20 to 60 ns, those that do not 80 to 250 ns (docs/measured.md; core-to-core-latency's
collection of processors)."""

SIBLINGS = 1.5
"""Time of a kernel that fills a core on two threads at once over its time alone, from which the two
share a core: 1.0 on two cores, 2.0 on one."""

_PARTNERS = 3  # CPUs that the first one is paired with: of 64 one cannot try every pair.
_LINES = 8  # Batches, each with a line of its own, since some lines take longer than others.
_ROUNDS = 250  # Round trips of one batch: 15 to 80 µs.
_FILLING = 2**14  # Additions abreast: 5 µs.
_FILLINGS = 8
_TRIES = 3


@dataclass(frozen=True)
class Placement:
    """What one probe saw.

    Attributes:
        tag: "near", "far" or "siblings"; several joined by "+" where pairs differ.
        latency_s: one way between two cores, in seconds, of the slowest pair.
    """

    tag: str
    latency_s: float


def placed(placements: Sequence[Placement]) -> Placement:
    """Return the placement of a set of pairs with the first CPU."""
    tags = sorted({each.tag for each in placements})
    return Placement("+".join(tags), max(each.latency_s for each in placements))


def tag_of(latency_s: float, together_over_alone: float) -> str:
    """Return the tag of two CPUs.

    Args:
        latency_s: one way between them.
        together_over_alone: time of a kernel that fills a core, on both at once over alone.
    """
    if together_over_alone >= SIBLINGS:
        return "siblings"
    return "near" if latency_s < NEAR_S else "far"


@contextmanager
def probing(cpus: Sequence[int], probe_s: float) -> Iterator[Callable[[], Placement] | None]:
    """Give a function that probes how *cpus* lie to one another, in about *probe_s* seconds.

    The calling thread is on the first of them. None where there is only one.
    """
    others = sorted(set(cpus[1:]) - {cpus[0]}) if cpus else []
    if not others:
        yield None
        return
    from hwperf.kernels.team import Team, TeamError

    # The last, the first and one between: on most machines the last is the farthest.
    chosen = dict.fromkeys((others[-1], others[0], others[len(others) // 2]))
    partners = list(chosen)[:_PARTNERS]
    try:
        team = Team((cpus[0], partners[0]))
    except TeamError as error:
        raise StageError(f"how the CPUs of team= lie cannot be probed: {error}") from error
    with team:
        yield partial(_probe, team, partners, probe_s / len(partners))


def _probe(team: Team, partners: Sequence[int], seconds: float) -> Placement:
    from hwperf.kernels.team import pin

    seen = []
    for cpu in partners:
        if len(partners) > 1:
            team.run([lambda: None, partial(pin, cpu)])
        deadline = time.perf_counter() + seconds
        crowding = _least_crowding(team)
        latencies = [_one_way(team)]
        while time.perf_counter() < deadline:
            latencies.append(_one_way(team))
        latency = stats.median(latencies)
        seen.append(Placement(tag_of(latency, crowding), latency))
    return placed(seen)


def _one_way(team: Team) -> float:
    """Return the seconds that a line takes from one core to the other, the median of batches."""
    import numpy as np

    from hwperf.kernels import pingpong
    from hwperf.kernels.team import TeamError, shared_lines, shared_word

    gate, balls = shared_word(), shared_lines(_LINES)
    times, unused = np.zeros(_LINES, np.int64), np.zeros(_LINES, np.int64)
    came = team.run(
        [
            lambda: pingpong.rally(gate, balls, 0, _ROUNDS, times),
            lambda: pingpong.rally(gate, balls, 1, _ROUNDS, unused),
        ]
    )
    if min(came) < 0:
        raise TeamError(f"CPUs {team.cpus} did not come together within 3 s")
    return stats.median([float(each) for each in times]) * 1e-9 / (2 * _ROUNDS)


def _least_crowding(team: Team) -> float:
    """Return time together over time alone; whoever disturbs can only raise it, so the least."""
    least = _together_over_alone(team)
    for _ in range(_TRIES - 1):
        if least < SIBLINGS:
            break
        least = min(least, _together_over_alone(team))
    return least


def _together_over_alone(team: Team) -> float:
    """Return how much longer a kernel takes when both threads run it: that of the slower one.

    Each is compared with itself alone, as the two cores may be of two kinds.
    """
    from hwperf.kernels import pingpong
    from hwperf.kernels.team import shared_word

    fill = pingpong.fill_core
    alone = [
        team.run([lambda: fill(shared_word(), 1, _FILLING, _FILLINGS)], members=[member])[0]
        for member in range(2)
    ]
    gate = shared_word()
    both = team.run([lambda: fill(gate, 2, _FILLING, _FILLINGS)] * 2)
    if min(*alone, *both) <= 0:
        return 1.0
    return float(max(now / before for now, before in zip(both, alone, strict=True)))
