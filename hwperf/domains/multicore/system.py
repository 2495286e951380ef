"""What the operating system costs: a call into it, a switch, a thread, a process, the time."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from hwperf import CheckFailed, Figure, Work, workload
from hwperf.checks import require_value
from hwperf.domains.multicore.teams import team_of
from hwperf.domains.multicore.waiting import WAITING
from hwperf.host import topology
from hwperf.kernels import system as kernels

__all__ = ["system"]

# Of one call, of 0.1 to 0.5 ms; that of round trips first has to wake the other thread.
N_SYSCALLS = 2**10  # 0.17 µs each
N_READINGS = 2**12  # 25 ns
N_ROUND_TRIPS = 2**8  # 5 µs
N_THREADS = 2**4  # 20 µs
N_SLEEPS = 2**2  # 70 µs
N_PROCESSES = 1  # 500 µs

PROGRAM = "true"  # POSIX: does nothing, and ends with the exit status 0.


def _lacking(what: str) -> str | None:
    """Return why this host cannot do *what*, or None; all of it needs POSIX."""
    if os.name != "posix":
        return f"hwperf asks the C library for it as POSIX defines it, and {os.name!r} is no POSIX"
    if what in ("syscall", "timer"):
        return None
    if what == "process_start":
        if shutil.which(PROGRAM) is None:
            return f"no program named {PROGRAM!r} is found on PATH"
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            return "SIGCHLD is ignored, so that the end of a process is not told"
    return topology.unpinnable()


@workload(
    "multicore.system",
    params={
        "what": ["syscall", "context_switch", "thread_start", "process_start", "sleep", "timer"]
    },
    metric="latency",
    requires=_lacking,
    source="McVoy and Staelin (1996), lmbench: lat_syscall, lat_ctx, lat_proc; "
    "Linux, tools/perf/bench",
)
def system(what: str) -> Iterator[Work]:
    """Time of one request to the operating system, by functions of the C library.

    Counts calls of getppid (*what* "syscall"), hand-overs of the CPU from one thread to another
    ("context_switch": half of a byte's way through a pipe and back), threads and processes that are
    started and waited for, sleeps of 0 s, and readings of the monotonic clock ("timer").
    """
    yield from {
        "syscall": _syscall,
        "context_switch": _context_switch,
        "thread_start": _thread_start,
        "process_start": _process_start,
        "sleep": _sleep,
        "timer": _timer,
    }[what]()


def _syscall() -> Iterator[Work]:
    parent, out = os.getppid(), np.full(1, -1)
    yield Work(lambda: kernels.ask_for_parent(N_SYSCALLS, out), ops=N_SYSCALLS)
    require_value(int(out[0]), N_SYSCALLS * parent, "sum of the answers")


def _timer() -> Iterator[Work]:
    readings = np.full((N_READINGS, 2), -1)
    steps: list[float] = []
    begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    yield Work(
        lambda: kernels.read_clock(readings),
        ops=N_READINGS,
        derive=lambda seen: {"resolution": Figure(float(min(steps)), "s")} if steps else {},
    )
    end = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    seconds, rest = readings.T
    if not ((rest >= 0) & (rest < 10**9)).all():
        raise CheckFailed("a reading has no number of nanoseconds in 0 to 999999999")
    stamps = seconds * 10**9 + rest
    if not (begin <= stamps[0] and stamps[-1] <= end and (np.diff(stamps) >= 0).all()):
        raise CheckFailed("the readings do not follow one another between set-up and check")
    differences = np.diff(stamps)
    steps.extend(differences[differences > 0] * 1e-9)


def _sleep() -> Iterator[Work]:
    nothing, out = np.zeros(2, np.int64), np.full(1, -1)
    yield Work(lambda: kernels.sleep(N_SLEEPS, nothing, out), ops=N_SLEEPS, own_causes=WAITING)
    require_value(int(out[0]), N_SLEEPS, "sleeps")


def _thread_start() -> Iterator[Work]:
    out = np.full(1, -1)
    yield Work(lambda: kernels.start_threads(N_THREADS, out), ops=N_THREADS, own_causes=WAITING)
    require_value(int(out[0]), N_THREADS, "threads that have run")


def _process_start() -> Iterator[Work]:
    program = Path(shutil.which(PROGRAM) or PROGRAM).absolute()
    path = np.frombuffer(os.fsencode(program) + b"\0", np.uint8).copy()
    # Its name is the only argument, and the environment is empty: the same for every user.
    arguments, environment = np.array([path.ctypes.data, 0]), np.zeros(1, np.int64)
    out = np.full(1, -1)
    yield Work(
        lambda: kernels.start_processes(N_PROCESSES, path, arguments, environment, out),
        ops=N_PROCESSES,
        own_causes=WAITING,
    )
    require_value(int(out[0]), N_PROCESSES, "processes that ended with 0")


def _context_switch() -> Iterator[Work]:
    out = np.full(1, -1)

    def run() -> float:
        there, back = os.pipe(), os.pipe()
        sides = (
            partial(
                _closing, (there[1], back[0]), kernels.ping, N_ROUND_TRIPS, there[1], back[0], out
            ),
            partial(_closing, (there[0], back[1]), kernels.pong, there[0], back[1]),
        )
        nanoseconds, _ = team.run(sides)
        return float(nanoseconds) * 1e-9

    # Both on one CPU: on two, each hand-over would wake an idle one, at ten times the cost.
    (cpu,) = topology.spread(1)
    with team_of((cpu, cpu)) as team:
        yield Work(
            run,
            ops=2 * N_ROUND_TRIPS,
            clock="clock_gettime, by one of the threads",
            team=team,
            own_causes=WAITING,
        )
    require_value(int(out[0]), N_ROUND_TRIPS, "right answers")


def _closing(descriptors: Sequence[int], side: Callable[..., Any], *args: Any) -> Any:
    """Run one side and close its ends of the pipes, so that the other side ends, too."""
    try:
        return side(*args)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
