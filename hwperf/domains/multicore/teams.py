"""Threads at work together. This module holds what the multicore workloads share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hwperf import CheckFailed, Figure, Seen, Unsupported, Work
from hwperf.host import topology
from hwperf.kernels import team as teams

if TYPE_CHECKING:
    from hwperf.kernels.team import Team

__all__ = [
    "ATTEMPTS",
    "CLOCK",
    "ONE",
    "THREADS",
    "alone",
    "needs_two",
    "scaling",
    "team_of",
    "timed",
]

THREADS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
ONE = "one thread"
ATTEMPTS = 3  # Somebody else may have had a thread's CPU for as long as the others worked.
CLOCK = "clock_gettime, while all threads work"


def needs_two() -> str | None:
    """Return why two threads cannot work at once here, or None."""
    return topology.lacking(2)


@contextmanager
def team_of(cpus: Sequence[int]) -> Iterator[Team]:
    """Give the threads, one pinned to each of *cpus*; end them at the end.

    Raises:
        Unsupported: if the system refuses to pin one.
    """
    try:
        team = teams.Team(cpus)
    except teams.TeamError as error:
        raise Unsupported(str(error)) from error
    try:
        yield team
    finally:
        team.close()


def timed(
    team: Team, member: Callable[..., bool], args: Sequence[tuple[Any, ...]], n_steps: int
) -> Callable[[], float]:
    """Return a kernel that runs *member* on the first threads and returns its seconds."""

    def run() -> float:
        failures = []
        for _ in range(ATTEMPTS):
            try:
                return teams.together(team, member, args, n_steps)
            except teams.TeamError as error:
                failures.append(error)
        raise CheckFailed(str(failures[-1])) from failures[-1]

    return run


def alone(
    team: Team, member: Callable[..., bool], args: Sequence[tuple[Any, ...]], n_steps: int
) -> Callable[[], float] | None:
    """Return the same for the first thread only; None where there is only one."""
    return timed(team, member, args[:1], n_steps) if len(args) > 1 else None


def scaling(
    one: Callable[[], float] | None, threads: int, **amounts: Any
) -> tuple[dict[str, Work], Callable[[Seen], dict[str, Figure]]]:
    """Return what a kernel on *threads* threads is set against, and the figures of that.

    Args:
        one: the kernel on one thread, which returns seconds.
        threads: how many there are.
        amounts: of one call of *one*.
    """
    against = {} if one is None else {ONE: Work(one, clock=CLOCK, **amounts)}

    def derive(seen: Seen) -> dict[str, Figure]:
        speed_up = seen.ratio(ONE) if against else 1.0
        if speed_up is None:
            return {}
        return {"speed_up": Figure(speed_up), "efficiency": Figure(speed_up / threads)}

    return against, derive
