"""Python on several cores: threads, processes, and compiled code that releases the lock."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, TypeAlias

from hwperf import Figure, Seen, Work, workload
from hwperf.checks import require_value
from hwperf.domains.multicore import turns
from hwperf.domains.multicore.children import child
from hwperf.domains.multicore.teams import team_of
from hwperf.domains.multicore.waiting import WAITING
from hwperf.host import topology
from hwperf.kernels import jit
from hwperf.work import Elsewhere

if TYPE_CHECKING:
    from hwperf.kernels.team import Team
    from hwperf.work import OnThreads

__all__ = ["threads_or_processes"]

Loop: TypeAlias = Callable[[int, int], int]
# The states after so many turns of each of some workers, which begin with theirs.
Run: TypeAlias = Callable[[Sequence[int], int], list[int]]

ONE = "one worker"
POISON = -1  # No state of the loop.

# Turns of one call, of all workers: 7 ms at 55 ns each and 4 ns compiled, so that waking the
# workers (50 µs) is next to no part of it.
N_TURNS = {"threads": 2**17, "processes": 2**17, "compiled": 2**21}


@workload(
    "multicore.threads_or_processes",
    params={"how": ["threads", "processes", "compiled"], "workers": [2, 4, 8]},
    requires=lambda workers: topology.lacking(workers),
    source="Beazley (2010), Understanding the Python GIL; PEP 703",
)
def threads_or_processes(how: str, workers: int) -> Iterator[Work]:
    """Time per turn of a pure-Python loop that is spread over *workers* workers, one on each CPU.

    Counts the turns of all of them. *how* "threads" are threads of this process, "processes" are
    processes of their own, and "compiled" are threads that run the same loop, compiled, without
    holding the interpreter's lock. The speed-up is over one worker that makes all turns.
    """
    n = N_TURNS[how]
    seeds, states, single = range(workers), [POISON] * workers, [POISON]
    with ExitStack() as stack:
        cpus = topology.spread(workers)
        team: OnThreads
        if how == "processes":
            run, team = stack.enter_context(_processes(cpus)), Elsewhere(cpus)
        else:
            team = stack.enter_context(team_of(cpus))
            run = partial(_on_threads, team, _compiled() if how == "compiled" else turns.loop)

        def spread() -> None:
            states[:] = run(seeds, n // workers)

        def alone() -> None:
            single[:] = run([0], n)

        yield Work(
            spread,
            ops=n,
            against={ONE: Work(alone, ops=n)},
            derive=partial(_figures, workers),
            team=team,
            # For the interpreter's lock, or for the processes.
            own_causes=() if how == "compiled" else WAITING,
        )
        for seed, state in zip(seeds, states, strict=True):
            require_value(state, turns.after(seed, n // workers), f"state of worker {seed}")
        if single != [POISON]:
            require_value(single, [turns.after(0, n)], "state of one worker alone")


def _figures(workers: int, seen: Seen) -> dict[str, Figure]:
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)()
    figures = {"interpreter": Figure("GIL" if has_lock else "free-threaded")}
    speed_up = seen.ratio(ONE)
    if speed_up is not None:
        figures |= {"speed_up": Figure(speed_up), "efficiency": Figure(speed_up / workers)}
    return figures


@cache
def _compiled() -> Loop:
    return jit.kernel(turns.loop)


def _on_threads(team: Team, loop: Loop, states: Sequence[int], n: int) -> list[int]:
    return team.run([partial(loop, state, n) for state in states])


@contextmanager
def _processes(cpus: Sequence[int]) -> Iterator[Run]:
    """Give what spreads the loop over processes, one on each CPU."""
    with ExitStack() as stack:
        # Isolated and without site-packages: nothing of the user's is imported.
        program = ["-I", "-S", turns.__file__]
        children = [stack.enter_context(child(program)) for _ in cpus]
        for each, cpu in zip(children, cpus, strict=True):
            os.sched_setaffinity(each.process.pid, {cpu})

        def run(states: Sequence[int], n: int) -> list[int]:
            asked = list(zip(children, states, strict=False))
            # The one on this thread's CPU last: it keeps us from waking another until it is done.
            for each, state in reversed(asked):
                each.tell(f"{state} {n}")
            return [int(each.answer()) for each, _ in asked]

        run([0] * len(cpus), 1)  # They are there when this is answered.
        yield run
