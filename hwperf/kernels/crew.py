"""Threads that wait for a device, one for each transfer under way.

Unlike a team (:mod:`hwperf.kernels.team`) they are pinned nowhere, there may be more of them than
CPUs, and the calling thread is none of them: it can give up on a device that does not answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

Task: TypeAlias = Callable[[], Any]


class CrewError(Exception):
    """The threads cannot be started, or did not answer in time."""


class Crew:
    """*n* threads; use as a context manager.

    Attributes:
        thread_ids: the operating system's number of each.

    Raises:
        CrewError: if the system refuses to start one.
    """

    def __init__(self, n: int) -> None:
        self._inbox: SimpleQueue[tuple[int, int, Task] | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[int, int, Any, BaseException | None]] = SimpleQueue()
        self._run = 0
        self._threads: list[threading.Thread] = []
        self._is_stuck = False
        try:
            for _ in range(n):
                # Daemons: one that waits for a dead device must not keep the program from ending.
                thread = threading.Thread(target=self._work, daemon=True)
                thread.start()
                self._threads.append(thread)
        except RuntimeError as error:  # A limit on the number of threads.
            self.close()
            raise CrewError(f"{n} threads cannot be started: {error}") from error
        self.thread_ids = tuple(thread.native_id or 0 for thread in self._threads)

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; those that wait for a device that does not answer are left to it."""
        for _ in self._threads:
            self._inbox.put(None)
        for thread in self._threads:
            thread.join(timeout=0.1 if self._is_stuck else None)
        self._threads = []

    def run(self, tasks: Sequence[Task], timeout_s: float) -> list[Any]:
        """Run one task on each of some threads, at the same time; return what they return.

        Raises:
            CrewError: if they have not all ended after *timeout_s*, or did not before.
            BaseException: what a task raised, after all have ended.
        """
        if self._is_stuck:
            raise CrewError("an earlier transfer has not ended yet")
        self._run += 1
        for place, task in enumerate(tasks):
            self._inbox.put((self._run, place, task))
        results: list[Any] = [None] * len(tasks)
        failure: BaseException | None = None
        left, deadline = len(tasks), time.monotonic() + timeout_s
        while left:
            try:
                number, place, result, raised = self._done.get(
                    timeout=max(0.0, deadline - time.monotonic())
                )
            except Empty:
                self._is_stuck = True
                raise CrewError(
                    f"the device has not answered {left} of {len(tasks)} threads for "
                    f"{timeout_s:.0f} s"
                ) from None
            if number == self._run:  # Not of a run that was interrupted before its tasks ended.
                results[place] = result
                failure = failure or raised
                left -= 1
        if failure is not None:
            raise failure
        return results

    def _work(self) -> None:
        while (given := self._inbox.get()) is not None:
            number, place, task = given
            try:
                self._done.put((number, place, task(), None))
            except BaseException as error:
                self._done.put((number, place, None, error))
