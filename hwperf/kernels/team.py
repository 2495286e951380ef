"""Threads of the operating system, one on each of some CPUs, that start together.

The calling thread is one of them, so that on a machine of two CPUs two threads can work and
nothing else is awake. The others sleep between two runs; a run wakes them, and inside compiled
code they wait for each other at a gate (:mod:`hwperf.kernels.gate`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.pingpong import LINE_WORDS

Task: TypeAlias = Callable[[], Any]



class TeamError(Exception):
    """The threads could not be pinned, or did not come together in time."""


class Team:
    """Threads pinned to *cpus*, one each; use as a context manager.

    The calling thread is pinned to the first one until the end, where its affinity is restored.

    Attributes:
        cpus: the CPUs.
        thread_ids: the operating system's number of each thread.

    Raises:
        TeamError: if the system refuses to pin a thread there.
    """

    def __init__(self, cpus: Sequence[int]) -> None:
        self.cpus = tuple(cpus)
        self._affinity = os.sched_getaffinity(0)
        self._inboxes: list[SimpleQueue[Task | None]] = [SimpleQueue() for _ in self.cpus[1:]]
        self._done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, args=(i + 1, inbox), daemon=True)
            for i, inbox in enumerate(self._inboxes)
        ]
        for thread in self._threads:
            thread.start()
        try:
            pin(self.cpus[0])
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

    def run(self, tasks: Sequence[Task]) -> list[Any]:
        """Run one task on each of the first threads, at the same time; return what they return.

        Raises:
            BaseException: what a task raised, after all have ended.
        """
        for inbox, task in zip(self._inboxes, tasks[1:], strict=False):
            inbox.put(task)
        results: list[Any] = [None] * len(tasks)
        failure: BaseException | None = None
        try:
            results[0] = tasks[0]()
        except BaseException as error:
            failure = error
        for _ in tasks[1:]:
            member, result, raised = self._done.get()
            results[member] = result
            failure = failure or raised
        if failure is not None:
            raise failure
        return results

    def _work(self, member: int, inbox: SimpleQueue[Task | None]) -> None:
        while (task := inbox.get()) is not None:
            try:
                self._done.put((member, task(), None))
            except BaseException as error:
                self._done.put((member, None, error))


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
        raise TeamError(f"{n_threads} threads did not come together within 10 s")
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
