"""Threads that wait for devices: any number, with an end to the waiting."""

from __future__ import annotations

import os
import threading
import time

import pytest

from hwperf.kernels.crew import Crew, CrewError


def test_more_tasks_than_cpus_run_at_the_same_time() -> None:
    n = 4 * (os.cpu_count() or 1)
    barrier = threading.Barrier(n, timeout=10)
    with Crew(n) as crew:
        assert len(set(crew.thread_ids)) == n
        results = crew.run([lambda i=i: (barrier.wait(), i)[1] for i in range(n)], 20)  # type: ignore[misc]
        assert results == list(range(n))
    assert not any(thread.name.startswith("crew") for thread in threading.enumerate())


def test_what_a_task_raised_is_raised_after_all_have_ended() -> None:
    ended = []

    def slow() -> None:
        time.sleep(0.05)
        ended.append(True)

    def bad() -> None:
        raise ValueError("this one")

    with Crew(2) as crew:
        with pytest.raises(ValueError, match="this one"):
            crew.run([bad, slow], 10)
        assert ended == [True]
        assert crew.run([lambda: 7], 10) == [7]


def test_a_task_that_does_not_end_is_given_up_and_said() -> None:
    release = threading.Event()
    with Crew(2) as crew:
        with pytest.raises(CrewError, match="has not answered 1 of 2 threads for 0 s"):
            crew.run([release.wait, lambda: 1], 0.05)
        with pytest.raises(CrewError, match="an earlier transfer has not ended"):
            crew.run([lambda: 1], 1)
        release.set()


def test_a_system_that_gives_no_thread_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(CrewError, match="3 threads cannot be started"):
        Crew(3)
