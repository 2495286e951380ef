"""Who used the machine is the difference of two looks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hwperf.host.load import Stolen, look

Unpack = Callable[[str], Path]

BEFORE = """
/proc/stat:
    cpu  200 0 0 200 0 0 0 0 0 0
    cpu0 100 0 0 100 0 0 0 0 0 0
    cpu1 100 0 0 100 0 0 0 0 0 0
    intr 5
/proc/7/stat: 7 (a (b) c) R 1 7 7 0 -1 0 0 0 0 0 10 5 0 0 20 0
/proc/8/stat: 8 (ours) R 1 7 7 0 -1 0 0 0 0 0 10 5 0 0 20 0
/proc/vmstat:
    pswpin 4
    pswpout 6
"""
AFTER = """
/proc/stat:
    cpu  230 0 0 240 0 0 0 10 0 0
    cpu0 120 0 0 110 0 0 0 10 0 0
    cpu1 100 0 0 130 10 0 0 0 0 0
/proc/7/stat: 7 (a (b) c) R 1 7 7 0 -1 0 0 0 0 0 18 7 0 0 20 0
/proc/8/stat: 8 (ours) R 1 7 7 0 -1 0 0 0 0 0 90 5 0 0 20 0
/proc/9/stat: 9 (new) R 1 7 7 0 -1 0 0 0 0 0 90 5 0 0 20 0
/proc/vmstat:
    pswpin 5
    pswpout 9
"""


def test_shares_programs_and_swap_are_differences(unpack: Unpack) -> None:
    root = unpack(BEFORE)
    found = look(root, 1.0, sleep=lambda seconds: (unpack(AFTER), None)[1], own_pid=8)
    assert found.cpus == {0: Stolen(0.5, 0.25), 1: Stolen(0.0, 0.0)}
    assert found.programs == (("a (b) c", 0.25),)
    assert found.swapped_pages == 4
    assert found.throttled_s is None


def test_nothing_told_is_nothing_claimed(machine: Unpack) -> None:
    found = look(machine("silent"), 0.0, sleep=lambda seconds: None)
    assert (found.cpus, found.programs, found.swapped_pages) == ({}, (), None)


def test_a_clock_that_did_not_move_divides_nothing(unpack: Unpack) -> None:
    found = look(unpack(BEFORE), 0.0, sleep=lambda seconds: None)
    assert set(found.cpus.values()) == {Stolen(0.0, 0.0)}
    assert found.programs == ()


def test_a_look_takes_the_time_that_it_says() -> None:
    slept: list[float] = []
    look(seconds=0.25, sleep=slept.append)
    assert slept == [0.25]
