"""Each cache appears once, with who shares it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hwperf.host.caches import caches, data_bytes, last_level_bytes

Unpack = Callable[[str], Path]


def test_a_shared_cache_is_one_cache(machine: Unpack) -> None:
    found = caches(machine("kvm_zen3"))
    names = [cache.name for cache in found]
    assert names == ["L1d", "L1d", "L1i", "L1i", "L2", "L2", "L3"]
    assert found[-1].size_bytes == 32 * 2**20
    assert found[-1].shared_cpus == (0, 1)


def test_one_cpus_caches_are_a_subset(machine: Unpack) -> None:
    root = machine("kvm_zen3")
    own = caches(root, cpu=1)
    assert set(own) < set(caches(root))
    assert all(1 in cache.shared_cpus for cache in own)


def test_levels_that_hold_data_have_their_bytes(machine: Unpack) -> None:
    assert data_bytes(0, machine("kvm_zen3")) == {1: 32 * 2**10, 2: 512 * 2**10, 3: 32 * 2**20}
    assert data_bytes(0, machine("kvm_zen3") / "nowhere") == {}


def test_two_kinds_of_core_have_two_kinds_of_cache(machine: Unpack) -> None:
    sizes = {cache.size_bytes for cache in caches(machine("hybrid_laptop"))}
    assert sizes == {48 * 1024, 32 * 1024}


def test_zero_and_missing_are_unknown_not_zero(unpack: Unpack) -> None:
    root = unpack(
        "/sys/devices/system/cpu/cpu0/cache/index0/:\n"
        "    level 1\n    type Data\n    size 0K\n    ways_of_associativity 0\n"
    )
    (found,) = caches(root)
    assert (found.size_bytes, found.ways, found.line_bytes) == (None, None, None)
    assert found.shared_cpus == (0,)


def test_a_system_that_tells_nothing_has_none(machine: Unpack) -> None:
    assert caches(machine("silent")) == ()


def test_threads_on_several_cores_fill_several_last_level_caches(unpack) -> None:
    """Two L3 of 32 MiB: one thread fills one of them, two may fill both."""
    caches_of = "\n".join(
        f"/sys/devices/system/cpu/cpu{cpu}/cache/index{index}/:\n"
        f"    level {level}\n    type {kind}\n    size {size}\n    shared_cpu_list {cpu}"
        for cpu in (0, 1)
        for index, level, kind, size in ((0, 1, "Data", "32K"), (1, 3, "Unified", "32768K"))
    )
    root = unpack(f"{caches_of}\n")
    one = last_level_bytes(1, root)
    assert one == 32 * 2**20
    assert last_level_bytes(2, root) == last_level_bytes(8, root) == 2 * one


def test_where_no_cache_is_told_none_is_filled(machine) -> None:
    assert last_level_bytes(4, machine("silent")) == 0
