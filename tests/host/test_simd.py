"""SIMD sets are those that the system lets programs use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.simd import simd_sets, widest_bytes

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
