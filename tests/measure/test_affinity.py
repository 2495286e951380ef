"""A measurement is pinned to one core and gives the thread back as it was."""

from __future__ import annotations

import os

import pytest

from hwperf.host import cpu
from hwperf.measure import affinity
from hwperf.measure.affinity import Core, pinned


class System:
    """The system's calls: what the thread may use, and what it was pinned to."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, allowed: set[int], here: int | None
    ) -> None:
        self.allowed = allowed
        self.pins: list[set[int]] = []
        self.refused: set[int] = set()
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: self.allowed, raising=False)
        monkeypatch.setattr(os, "sched_setaffinity", self.pin, raising=False)
        monkeypatch.setattr(cpu, "current_cpu", lambda: here)
        monkeypatch.setattr(cpu, "fastest_cpus", lambda cpus: tuple(cpus))

    def pin(self, pid: int, cpus: set[int]) -> None:
        if cpus <= self.refused:
            raise OSError("Invalid argument")
        self.pins.append(cpus)


def test_the_core_where_the_thread_is_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, {0, 2, 3}, here=2)
    with pinned() as core:
        assert (core.number, core.candidates) == (2, (0, 2, 3))
    assert system.pins == [{2}, {0, 2, 3}]


def test_only_the_fastest_kind_of_core_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, {0, 1, 2, 3}, here=3)
    monkeypatch.setattr(cpu, "fastest_cpus", lambda cpus: (0, 1))
    with pinned() as core:
        assert (core.number, core.candidates) == (0, (0, 1))
    assert system.pins == [{0}, {0, 1, 2, 3}]


def test_the_thread_is_given_back_after_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, {0, 1}, here=0)
    with pytest.raises(KeyboardInterrupt), pinned():
        raise KeyboardInterrupt
    assert system.pins[-1] == {0, 1}


def test_cores_that_were_taken_away_meanwhile_cost_no_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = System(monkeypatch, {0, 1}, here=0)
    with pinned():
        system.refused = {0, 1}
    assert system.pins == [{0}]


def test_where_pinning_is_refused_the_measurement_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, {0, 1}, here=0)
    system.refused = {0}
    with pinned() as core:
        assert core.number is None
        assert not core.move()


def test_where_the_system_cannot_pin_the_measurement_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(affinity.os, "sched_setaffinity", raising=False)
    with pinned() as core:
        assert core == Core(None, ())


def test_moving_goes_round_the_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(monkeypatch, {1, 4, 7}, here=4)
    with pinned() as core:
        assert [core.move() and core.number for _ in range(4)] == [7, 1, 4, 7]
        assert core.moves == 4
    assert system.pins == [{4}, {7}, {1}, {4}, {7}, {1, 4, 7}]


def test_with_one_core_there_is_nowhere_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    System(monkeypatch, {5}, here=5)
    with pinned() as core:
        assert not core.move()
        assert core.number == 5


def test_a_core_that_was_taken_away_meanwhile_is_not_moved_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = System(monkeypatch, {0, 1}, here=0)
    with pinned() as core:
        system.refused = {1}
        assert not core.move()
        assert (core.number, core.moves) == (0, 0)
