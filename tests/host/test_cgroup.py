"""The tightest limit on the way up binds us, in both versions of control groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host import cgroup

Unpack = Callable[[str], Path]


def test_a_parents_limit_is_found_below_a_partial_mount(machine: Unpack) -> None:
    """The mount shows only /kubepods; our own group is unlimited, its parent is not."""
    found = cgroup.memory(machine("limited_container"))
    assert found is not None
    assert found.limit_bytes == 2147483648
    assert found.source == "/sys/fs/cgroup/pod1/memory.max"


def test_cache_that_can_be_dropped_is_free(machine: Unpack) -> None:
    found = cgroup.memory(machine("limited_container"))
    assert found is not None
    assert found.free_bytes == 2147483648 - (1000000000 - 600000000)


def test_version_1_writes_no_limit_as_a_huge_number(machine: Unpack) -> None:
    assert cgroup.memory(machine("kvm_zen3")) is None


def test_version_1_limits_count(unpack: Unpack) -> None:
    root = unpack(
        "/proc/self/cgroup: 4:memory:/a/b\n"
        "/proc/self/mountinfo: 28 23 0:25 / /cg rw - cgroup none rw,memory\n"
        "/cg/a/b/memory.limit_in_bytes: 1000\n"
        "/cg/a/b/memory.usage_in_bytes: 700\n"
        "/cg/a/b/memory.stat: total_inactive_file 200\n"
        "/cg/a/memory.limit_in_bytes: 900\n"
        "/cg/a/memory.usage_in_bytes: 100\n"
    )
    found = cgroup.memory(root)
    assert found is not None
    assert (found.free_bytes, found.source) == (500, "/cg/a/b/memory.limit_in_bytes")


def test_a_soft_limit_counts_since_it_throttles(unpack: Unpack) -> None:
    root = unpack(
        "/proc/self/cgroup: 0::/\n"
        "/proc/self/mountinfo: 28 23 0:25 / /cg rw - cgroup2 none rw\n"
        "/cg/memory.max: 1000\n"
        "/cg/memory.high: 600\n"
        "/cg/memory.current: 700\n"
    )
    found = cgroup.memory(root)
    assert found is not None
    assert (found.free_bytes, found.source) == (0, "/cg/memory.high")


def test_a_quota_is_a_number_of_cpus(machine: Unpack) -> None:
    assert cgroup.cpu_quota(machine("limited_container")) == (1.5, "/sys/fs/cgroup/pod1/cpu.max")


@pytest.mark.parametrize("name", ["kvm_zen3", "silent"])
def test_no_quota_is_none(machine: Unpack, name: str) -> None:
    assert cgroup.cpu_quota(machine(name)) is None


def test_throttling_is_in_seconds(machine: Unpack) -> None:
    assert cgroup.throttled(machine("limited_container")) == (7, 0.25)


def test_version_1_counts_throttling_in_nanoseconds(machine: Unpack, unpack: Unpack) -> None:
    machine("kvm_zen3")
    counts = "    nr_throttled 2\n    throttled_time 3000000\n"
    root = unpack("/sys/fs/cgroup/cpu/cpu.stat:\n" + counts)
    assert cgroup.throttled(root) == (2, 0.003)


def test_a_system_without_groups_tells_nothing(machine: Unpack) -> None:
    root = machine("silent")
    assert (cgroup.memory(root), cgroup.throttled(root)) == (None, None)


@pytest.mark.parametrize("path", ["/../../etc", "/nowhere"])
def test_a_group_that_is_not_mounted_here_is_read_at_the_top(unpack: Unpack, path: str) -> None:
    root = unpack(
        f"/proc/self/cgroup: 0::{path}\n"
        "/proc/self/mountinfo: 28 23 0:25 / /cg rw - cgroup2 none rw\n"
        "/cg/memory.max: 1000\n"
        "/cg/memory.current: 1\n"
    )
    found = cgroup.memory(root)
    assert found is not None
    assert found.source == "/cg/memory.max"
