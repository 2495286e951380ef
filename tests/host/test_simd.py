"""SIMD sets are those that the system lets programs use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.simd import no_multiply_add, simd_sets, sve_bits, widest_bytes

Unpack = Callable[[str], Path]


@pytest.mark.parametrize(
    ("name", "sets", "width"),
    [
        ("kvm_zen3", ("sse2", "sse4_2", "avx", "f16c", "fma", "avx2"), 32),
        ("neoverse_server", ("asimd", "asimdhp", "asimddp", "bf16", "i8mm", "sve", "sve2"), 64),
        ("silent", (), None),
    ],
)
def test_sets_and_register_width(
    machine: Unpack, name: str, sets: tuple[str, ...], width: int | None
) -> None:
    found = simd_sets(machine(name))
    assert found == sets
    assert widest_bytes(found) == width


def test_members_of_a_family_are_all_listed(machine: Unpack) -> None:
    found = simd_sets(machine("two_socket_epyc"))
    assert found[-4:] == ("avx512_vnni", "avx512bw", "avx512f", "avx512vl")
    assert widest_bytes(found) == 64


def test_a_core_without_multiply_adds_is_told_by_name(unpack) -> None:
    old = unpack("/proc/cpuinfo:\n    processor : 0\n    flags : fpu sse sse2 sse4_2 avx\n")
    assert no_multiply_add(old) == "this core has no FMA (fma): no multiply-adds"


@pytest.mark.parametrize("name", ["kvm_zen3", "neoverse_server", "silent"])
def test_a_core_that_has_them_or_does_not_tell_lacks_none(machine, name: str) -> None:
    assert no_multiply_add(machine(name)) is None


def test_the_width_of_sve_is_what_the_system_tells(unpack) -> None:
    assert sve_bits(unpack("/proc/sys/abi/sve_default_vector_length: 32\n")) == 256
