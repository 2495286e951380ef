"""Each cache appears once, with who shares it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hwperf.host.caches import caches

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
