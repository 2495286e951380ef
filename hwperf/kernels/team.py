"""Threads of the operating system, one on each of some CPUs, that start together.

The calling thread is one of them, so that on a machine of two CPUs two threads can work and
nothing else is awake. The others sleep between two runs; a run wakes them, and inside compiled
code they wait for each other at a gate (:mod:`hwperf.kernels.gate`).
"""

from __future__ import annotations

import operator
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.pingpong import LINE_WORDS

Task: TypeAlias = Callable[[], Any]
# What a thread is given: the number of the run and its task, or None at the end.
Inbox: TypeAlias = "SimpleQueue[tuple[int, Task] | None]"


class TeamError(Exception):
    """The threads could not be pinned, or did not come together in time."""


class Team:
    """Threads pinned to *cpus*, one each; use as a context manager.

    The calling thread is pinned to the first one until the end, where its affinity is restored.

    Attributes:
        cpus: the CPUs.
        thread_ids: the operating system's number of each thread.

    Raises:
        TeamError: if the system refuses to start a thread or to pin it there.
    """

    def __init__(self, cpus: Sequence[int]) -> None:
        if not hasattr(os, "sched_setaffinity"):
            raise TeamError(f"threads cannot be pinned on {sys.platform}")
        self.cpus = _numbers(cpus)
        self._affinity = os.sched_getaffinity(0)
        self._inboxes: list[Inbox] = []
        self._done: SimpleQueue[tuple[int, int, Any, BaseException | None]] = SimpleQueue()
        self._run = 0
        self._threads: list[threading.Thread] = []
        try:
            for member in range(1, len(self.cpus)):
                self._start(member)
            self.run([lambda cpu=cpu: pin(cpu) for cpu in self.cpus])  # type: ignore[misc]
        except BaseException:
            self.close()
            raise
        self.thread_ids = (
            threading.get_native_id(),
            *(thread.native_id or 0 for thread in self._threads),
        )

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads and give the calling one its affinity back."""
        for inbox in self._inboxes:
            inbox.put(None)
        for thread in self._threads:
            thread.join()
        self._threads, self._inboxes = [], []
        with suppress(OSError):  # Where all of them were taken away, the kernel has moved us.
            os.sched_setaffinity(0, self._affinity)

    def run(self, tasks: Sequence[Task], members: Sequence[int] | None = None) -> list[Any]:
        """Run one task on each of some threads, at the same time; return what they return.

        Args:
            tasks: one for each thread.
            members: the numbers of the threads; by default the first ones.

        Raises:
            TeamError: if there are not so many threads.
            BaseException: what a task raised, after all have ended.
        """
        chosen = tuple(range(len(tasks))) if members is None else tuple(members)
        if len(self._inboxes) != len(self.cpus) - 1:
            raise TeamError("the team is closed")
        if len(chosen) != len(tasks) or not set(chosen) <= set(range(len(self.cpus))):
            raise TeamError(f"{len(tasks)} tasks for threads {chosen} of {len(self.cpus)}")
        results: dict[int, Any] = {}
        failure: BaseException | None = None
        given = dict(zip(chosen, tasks, strict=True))
        self._run += 1
        for member, task in given.items():
            if member > 0:
                self._inboxes[member - 1].put((self._run, task))
        if 0 in given:
            try:
                results[0] = given[0]()
            except BaseException as error:
                failure = error
        left = len(given) - (0 in given)
        while left:
            number, member, result, raised = self._done.get()
            if number == self._run:  # Not of a run that was interrupted before its threads ended.
                results[member] = result
                failure = failure or raised
                left -= 1
        if failure is not None:
            raise failure
        return [results[member] for member in chosen]

    def _start(self, member: int) -> None:
        inbox: Inbox = SimpleQueue()
        thread = threading.Thread(target=self._work, args=(member, inbox), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # A limit on the number of threads.
            raise TeamError(f"thread {member + 1} cannot be started: {error}") from error
        self._inboxes.append(inbox)
        self._threads.append(thread)

    def _work(self, member: int, inbox: Inbox) -> None:
        while (given := inbox.get()) is not None:
            number, task = given
            try:
                self._done.put((number, member, task(), None))
            except BaseException as error:
                self._done.put((number, member, None, error))


def _numbers(cpus: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of *cpus* as Python's.

    Raises:
        TeamError: if there is none, or what is no number of a CPU.
    """
    try:
        numbers = tuple(operator.index(cpu) for cpu in cpus)
    except TypeError:
        numbers = ()
    if not numbers or min(numbers) < 0:
        raise TeamError(f"{cpus!r}: expected the numbers of one CPU or more, e.g. (0, 1)")
    return numbers


def pin(cpu: int) -> None:
    """Pin the calling thread to *cpu*.

    Raises:
        TeamError: if the system refuses.
    """
    try:
        os.sched_setaffinity(0, {cpu})
    except (OSError, AttributeError) as error:
        raise TeamError(f"a thread cannot be pinned to CPU {cpu}: {error}") from error


def shared_word() -> NDArray[np.int64]:
    """Return an int64 array of one word, 0, on two cache lines of its own."""
    return shared_lines(1)[:1]


def shared_lines(n: int) -> NDArray[np.int64]:
    """Return an int64 array of zeros: *n* words LINE_WORDS apart, each on lines of its own."""
    block = np.zeros((n + 1) * LINE_WORDS, dtype=np.int64)
    first = -block.ctypes.data // 8 % LINE_WORDS
    return block[first : first + n * LINE_WORDS]


def together(
    team: Team, member: Callable[..., bool], args: Sequence[tuple[Any, ...]], n_steps: int
) -> float:
    """Run *member* on the first ``len(args)`` threads; return the seconds of all their steps.

    Counted is the stretch in which all of them are at work, from the last start to the first end:
    a thread that starts late or ends early does not make the others look slow or fast. The steps
    made in that stretch give the rate, and that the seconds that all steps would take.

    Args:
        team: the threads.
        member: from :func:`hwperf.kernels.gate.make_member`.
        args: the arguments of the step, for each thread.
        n_steps: steps that each thread makes, at least 4.

    Raises:
        TeamError: if they did not come together in time, or were never all at work at once.
    """
    gate, n_threads = shared_word(), len(args)
    marks = np.zeros((n_threads, n_steps + 1), dtype=np.int64)
    came = team.run(
        [
            lambda i=i: member(gate, n_threads, marks[i], args[i])  # type: ignore[misc]
            for i in range(n_threads)
        ]
    )
    if not all(came):
        raise TeamError(f"{n_threads} threads did not come together within 3 s")
    return overlap(marks)


def overlap(marks: NDArray[np.int64]) -> float:
    """Return the seconds that all steps take at the rate of the stretch that all threads share.

    Args:
        marks: nanoseconds, shape (threads, steps + 1): the start, and the end of each step.

    Raises:
        TeamError: if there is no such stretch.
    """
    n_steps = marks.shape[1] - 1
    begin, end = int(marks[:, 0].max()), int(marks[:, -1].min())
    if end <= begin:
        raise TeamError("the threads were never at work at the same time")
    steps = np.arange(n_steps + 1)
    done = sum(
        float(np.interp(end, times, steps) - np.interp(begin, times, steps)) for times in marks
    )
    return float((end - begin) * 1e-9 * marks.shape[0] * n_steps / done)
