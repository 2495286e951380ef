"""What the system is asked for is asked for each time, and what went wrong is not counted."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from hwperf.kernels import system

from .assembly import count, loops, native, on

ARM = {"cpu": "neoverse-n1", "triple": "aarch64-unknown-linux-gnu"}
WORD = np.zeros(1, dtype=np.int64)
TEXT = np.zeros(1, dtype=np.uint8)
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="reads the code of x86-64")

# Kernel, arguments, and the C functions that one turn of its loop calls.
CALLS = {
    "ask_for_parent": ((1, WORD), ["getppid"]),
    "read_clock": ((np.zeros((1, 2), dtype=np.int64),), ["clock_gettime"]),
    "sleep": ((1, WORD, WORD), ["nanosleep"]),
    "start_threads": ((1, WORD), ["pthread_create", "pthread_join"]),
    "start_processes": ((1, TEXT, WORD, WORD, WORD), ["posix_spawn", "waitpid"]),
    "ping": ((1, 0, 1, WORD), ["write", "read"]),
}


def out() -> NDArray[np.int64]:
    return np.full(1, -1)


@contextmanager
def pipes() -> Iterator[tuple[int, int, int, int]]:
    """Give the ends of two pipes: to read and write there, to read and write back."""
    ends = (*os.pipe(), *os.pipe())
    try:
        yield ends
    finally:
        for end in ends:
            with suppress(OSError):  # The test has closed it.
                os.close(end)


@X86
@pytest.mark.parametrize("name", CALLS)
def test_every_turn_calls_the_c_library(name: str) -> None:
    """No call is folded into another one or moved out of the loop."""
    args, functions = CALLS[name]
    code = native(getattr(system, name), *args)
    assert {f for f in functions if any(f"${f}," in line for line in code)} == set(functions)
    assert max(count(loop, "callq .*") for loop in loops(code)) >= 1


@X86
@pytest.mark.parametrize("name", CALLS)
def test_they_are_the_same_calls_on_arm(name: str) -> None:
    args, functions = CALLS[name]
    code = on(ARM["cpu"], getattr(system, name), *args, triple=ARM["triple"])
    assert all(any(function in line for line in code) for function in functions)


def test_the_parent_is_asked_for_as_often_as_told() -> None:
    answers = out()
    system.ask_for_parent(1000, answers)
    assert answers[0] == 1000 * os.getppid()


def test_readings_of_the_clock_follow_one_another_between_two_of_pythons() -> None:
    readings = np.full((1000, 2), -1)
    begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    system.read_clock(readings)
    end = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    stamps = readings[:, 0] * 10**9 + readings[:, 1]
    assert begin <= stamps[0]
    assert (np.diff(stamps) >= 0).all()
    assert stamps[-1] <= end


def test_a_sleep_lasts_as_long_as_is_asked_for() -> None:
    done, begin = out(), time.monotonic()
    system.sleep(3, np.array([0, 2_000_000]), done)
    assert time.monotonic() - begin >= 0.006
    assert done[0] == 3


def test_a_sleep_that_cannot_be_is_not_counted() -> None:
    done = out()
    system.sleep(3, np.array([0, 10**9]), done)  # Nanoseconds end at 999999999: EINVAL.
    assert done[0] == 0


def test_every_thread_has_run_when_all_are_joined() -> None:
    started, before = out(), threading.active_count()
    system.start_threads(20, started)
    assert started[0] == 20
    assert threading.active_count() == before


@pytest.mark.parametrize(("program", "ended"), [("true", 3), ("false", 0), ("nothing of it", 0)])
def test_a_process_counts_when_it_ended_well_and_leaves_nothing(program: str, ended: int) -> None:
    path = np.frombuffer(os.fsencode(shutil.which(program) or program) + b"\0", np.uint8).copy()
    before, done = psutil.Process().children(), out()
    system.start_processes(3, path, np.array([path.ctypes.data, 0]), np.zeros(1, np.int64), done)
    assert done[0] == ended
    assert psutil.Process().children() == before


def test_every_byte_comes_back_and_the_other_side_ends_with_the_pipe() -> None:
    right = out()
    with pipes() as (there_out, there_in, back_out, back_in):
        other = threading.Thread(target=system.pong, args=(there_out, back_in))
        other.start()
        elapsed = system.ping(200, there_in, back_out, right)
        os.close(there_in)
        other.join(10)
        assert not other.is_alive()
    assert right[0] == 200
    assert elapsed > 0


def test_nobody_at_the_other_end_is_no_answer() -> None:
    right = out()
    with pipes() as (_, there_in, back_out, back_in):
        os.close(back_in)
        system.ping(5, there_in, back_out, right)
    assert right[0] == 0


def test_a_signal_loses_no_byte_and_no_process() -> None:
    """It interrupts read, write and waitpid, which begin anew."""
    right, done, seen = out(), out(), [0]

    def handle(*_: Any) -> None:
        seen[0] += 1

    path = np.frombuffer(os.fsencode(shutil.which("true") or "") + b"\0", np.uint8).copy()
    before = signal.signal(signal.SIGALRM, handle)
    try:
        with pipes() as (there_out, there_in, back_out, back_in):
            other = threading.Thread(target=system.pong, args=(there_out, back_in))
            other.start()
            signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
            system.ping(2000, there_in, back_out, right)
            os.close(there_in)
            other.join(10)
        arguments = np.array([path.ctypes.data, 0])
        system.start_processes(10, path, arguments, np.zeros(1, np.int64), done)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen[0] > 0
    assert (right[0], done[0]) == (2000, 10)
