"""Threads are placed on cores before siblings, and never on more CPUs than may be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host import cpu, topology

SERVER = """
/sys/devices/system/cpu/cpu0/topology/core_cpus_list: 0,4
/sys/devices/system/cpu/cpu1/topology/core_cpus_list: 1,5
/sys/devices/system/cpu/cpu2/topology/core_cpus_list: 2,6
/sys/devices/system/cpu/cpu3/topology/core_cpus_list: 3,7
/sys/devices/system/cpu/cpu4/topology/core_cpus_list: 0,4
/sys/devices/system/cpu/cpu5/topology/core_cpus_list: 1,5
/sys/devices/system/cpu/cpu6/topology/core_cpus_list: 2,6
/sys/devices/system/cpu/cpu7/topology/core_cpus_list: 3,7
/sys/devices/system/cpu/cpu{0-7}/topology/physical_package_id: 0
"""
INTERLEAVED = """
/sys/devices/system/cpu/cpu{0-3}/topology/core_cpus_list: {}
/sys/devices/system/cpu/cpu0/topology/physical_package_id: 0
/sys/devices/system/cpu/cpu1/topology/physical_package_id: 1
/sys/devices/system/cpu/cpu2/topology/physical_package_id: 0
/sys/devices/system/cpu/cpu3/topology/physical_package_id: 1
"""
HYBRID = """
/sys/devices/system/cpu/cpu{0-1}/cpu_capacity: 400
/sys/devices/system/cpu/cpu{2-3}/cpu_capacity: 1024
"""
Unpack = Callable[[str], Path]


def test_every_core_has_a_thread_before_any_has_two(unpack: Unpack) -> None:
    assert topology.order(range(8), unpack(SERVER)) == (0, 1, 2, 3, 4, 5, 6, 7)


def test_siblings_that_may_not_be_used_are_no_siblings(unpack: Unpack) -> None:
    """CPU 4 alone is a core of its own when its sibling 0 is not ours."""
    assert topology.order((1, 4, 5), unpack(SERVER)) == (1, 4, 5)


def test_one_package_is_filled_before_the_next(unpack: Unpack) -> None:
    assert topology.order(range(4), unpack(INTERLEAVED)) == (0, 2, 1, 3)


def test_the_fastest_cores_come_first(unpack: Unpack) -> None:
    assert topology.order(range(4), unpack(HYBRID)) == (2, 3, 0, 1)


def test_pairs_share_a_core_and_are_both_ours(unpack: Unpack) -> None:
    root = unpack(SERVER)
    assert topology.sibling_pairs(range(8), root) == ((0, 4), (1, 5), (2, 6), (3, 7))
    assert topology.sibling_pairs((0, 1, 5), root) == ((1, 5),)
    assert topology.sibling_pairs((0, 1, 2), root) == ()


def test_where_nothing_tells_all_are_alike(unpack: Unpack) -> None:
    root = unpack("/proc/nothing: 1\n")
    assert topology.order((3, 1), root) == (1, 3)
    assert topology.sibling_pairs((1, 3), root) == ()


@pytest.mark.parametrize(
    ("quota", "most"), [("150000 100000", 1), ("50000 100000", 1), ("300000 100000", 3)]
)
def test_a_quota_bounds_the_threads(unpack: Unpack, quota: str, most: int) -> None:
    root = unpack(
        "/proc/self/cgroup: 0::/\n"
        "/proc/self/mountinfo: 1 2 0:3 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        f"/sys/fs/cgroup/cpu.max: {quota}\n"
    )
    number, source = topology.most_threads(range(8), root)
    assert number == most
    assert "/sys/fs/cgroup/cpu.max" in source
    assert topology.most_threads(range(1), root)[0] == 1


def test_what_is_lacking_is_said_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "allowed_cpus", lambda: (0, 1))
    monkeypatch.setattr(topology.cgroup, "cpu_quota", lambda root: None)
    assert topology.lacking(2) is None
    expected = "more threads than the 2 CPUs that this process may use (affinity)"
    assert topology.lacking(8) == expected
    assert topology.spread(2) == (0, 1)


def test_a_system_that_cannot_pin_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.sched_setaffinity")
    reason = topology.lacking(1)
    assert reason is not None
    assert "pinned" in reason
