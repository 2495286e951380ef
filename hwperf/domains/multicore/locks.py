"""Locks: what it costs to keep others out of a section, alone and when several want in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Work, workload
from hwperf.checks import require_value
from hwperf.domains.multicore.teams import ATTEMPTS, ONE, team_of
from hwperf.domains.multicore.waiting import WAITING
from hwperf.host import topology
from hwperf.kernels import gate
from hwperf.kernels import mutex as mutexes
from hwperf.kernels import team as teams

if TYPE_CHECKING:
    from hwperf.kernels.team import Team

__all__ = ["mutex"]

N_ALONE = {"pthread": 2**15, "python": 2**11}  # Sections of one call on one thread: 0.2 ms.
N_CONTENDED = 2**15  # Of each of several threads on a pthread mutex: 1 ms at 15 ns.
# With the global interpreter lock a thread runs for 5 ms (sys.getswitchinterval) before another one
# may, so that Python threads meet only where they work for longer than that.
TURN_S = 0.01
CHUNK = 2**8  # Sections between two looks at the time.


@dataclass(frozen=True)
class _Guarded:
    """A lock and the number that it guards.

    Attributes:
        count: reads the number.
        add: locks, adds 1 and unlocks, so many times.
        add_together: does that on each of so many threads at once; the seconds of one section and
            the number of all, or None in place of the seconds if they were never at work together.
        clock: how that time is taken.
    """

    count: Callable[[], int]
    add: Callable[[int], None]
    add_together: Callable[[Team, int], tuple[float | None, int]]
    clock: str


@workload(
    "multicore.mutex",
    params={"kind": ["pthread", "python"], "threads": [1, 2, 4, 8]},
    requires=topology.lacking,
    source="Dean (2009), Designs, lessons and advice from building large distributed systems",
)
def mutex(kind: str, threads: int) -> Iterator[Work]:
    """Time per section that a lock guards: lock, add 1 to a number, unlock.

    Counts the sections of all threads, so that with more than one it is the time from one section
    to anybody's next. *kind* "pthread" is the C library's mutex in compiled code, "python" is
    threading.Lock in a loop of Python's.
    """
    guarded = {"pthread": _pthread, "python": _python}[kind]()
    n_alone, asked = N_ALONE[kind], [0]

    def alone() -> None:
        asked[0] += n_alone
        guarded.add(n_alone)

    def contended(team: Team, n_threads: int) -> float:
        for _ in range(ATTEMPTS):
            cost_s, n = guarded.add_together(team, n_threads)
            asked[0] += n
            if cost_s is not None:
                return cost_s * n_threads * N_CONTENDED
        raise CheckFailed(f"{n_threads} threads were never at work at the same time")

    if threads == 1:
        # The second thread sleeps: in a process of one the C library locks without atomic
        # instructions (glibc, SINGLE_THREAD_P), as no program does that needs a lock.
        with team_of(topology.spread(1) * 2):
            yield Work(alone, ops=n_alone)
    else:
        with team_of(topology.spread(threads)) as team:
            one = Work(lambda: contended(team, 1), ops=N_CONTENDED, clock=guarded.clock)
            yield Work(
                lambda: contended(team, threads),
                ops=threads * N_CONTENDED,
                clock=guarded.clock,
                team=team,
                own_causes=WAITING,
                against={ONE: one},
                derive=partial(_per_thread, threads),
            )
    if not asked[0] > 0:
        raise CheckFailed("no section was entered")
    require_value(guarded.count(), asked[0], "number that the lock guards")


def _per_thread(threads: int, seen: Seen) -> dict[str, Figure]:
    return {"per_thread": Figure(seen.cost_s * threads, "s")}


def _pthread() -> _Guarded:
    words = mutexes.unlocked()

    def add_together(team: Team, n_threads: int) -> tuple[float | None, int]:
        word, seen = teams.shared_word(), np.zeros((n_threads, 4), np.int64)
        tasks = [
            partial(mutexes.contend, word, n_threads, words, N_CONTENDED, marks) for marks in seen
        ]
        _require_met(team.run(tasks))
        last, first = seen[seen[:, 0].argmax()], seen[seen[:, 2].argmin()]
        elapsed, passed = int(first[2] - last[0]), int(first[3] - last[1])
        met = elapsed > 0 and passed > 0
        return elapsed * 1e-9 / passed if met else None, n_threads * N_CONTENDED

    return _Guarded(
        lambda: int(words[mutexes.COUNTER]),
        lambda n: mutexes.pass_sections(words, n),
        add_together,
        "clock_gettime, while all threads work",
    )


def _python() -> _Guarded:
    lock, count = Lock(), 0

    def add(n: int) -> None:
        nonlocal count
        for _ in repeat(None, n):
            with lock:
                count += 1

    def add_together(team: Team, n_threads: int) -> tuple[float | None, int]:
        word = teams.shared_word()

        def task() -> tuple[bool, float, float, int]:
            came, n = gate.arrive(word, n_threads), 0
            begin = now = time.perf_counter()
            while now - begin < n_threads * TURN_S:
                add(CHUNK)
                n += CHUNK
                now = time.perf_counter()
            return came, begin, now, n

        came, begins, ends, added = zip(*team.run([task] * n_threads), strict=True)
        _require_met(came)
        # With the global interpreter lock one of them runs at a time: all of the time counts.
        return (max(ends) - min(begins)) / sum(added), sum(added)

    return _Guarded(lambda: count, add, add_together, "perf_counter, first start to last end")


def _require_met(came: Iterable[bool]) -> None:
    if not all(came):
        raise CheckFailed("the threads did not come together in time")
