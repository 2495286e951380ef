"""A core is named by its own numbers, which a virtual machine passes through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.facts import Unavailable
from hwperf.host.microarchitecture import microarchitecture

Unpack = Callable[[str], Path]


@pytest.mark.parametrize(
    ("name", "core", "numbers"),
    [
        ("kvm_zen3", "Zen 3", "AuthenticAMD family 25 model 1"),
        ("two_socket_epyc", "Zen 4", "AuthenticAMD family 25 model 17"),
        ("hybrid_laptop", "Alder Lake (Golden Cove, Gracemont)", "GenuineIntel family 6 model 154"),
        ("limited_container", "Sapphire Rapids (Golden Cove)", "GenuineIntel family 6 model 143"),
        ("neoverse_server", "Neoverse V2", "implementer 0x41 part 0xd4f"),
    ],
)
def test_recorded_machines_are_named_with_the_numbers(
    machine: Unpack, name: str, core: str, numbers: str
) -> None:
    assert microarchitecture(machine(name)) == (core, f"{numbers}, in microarchitectures.toml")


@pytest.mark.parametrize(
    ("stepping", "core"),
    [(4, "Skylake-SP (Skylake)"), (7, "Cascade Lake (Skylake)"), (11, "Cooper Lake (Skylake)")],
)
def test_the_stepping_tells_where_the_model_does_not(
    unpack: Unpack, stepping: int, core: str
) -> None:
    root = unpack(
        "/proc/cpuinfo:\n    vendor_id : GenuineIntel\n    cpu family : 6\n"
        f"    model : 85\n    stepping : {stepping}\n"
    )
    assert microarchitecture(root)[0] == core


def test_each_kind_of_core_is_named(unpack: Unpack) -> None:
    core = "    processor : 0\n    CPU implementer : 0x41\n    CPU part : {}\n\n"
    root = unpack("/proc/cpuinfo:\n" + core.format("0xD46") + core.format("0xd4d") * 2)
    assert microarchitecture(root)[0] == "Cortex-A510, Cortex-A715"


def test_an_unknown_core_is_quoted_not_guessed(unpack: Unpack) -> None:
    root = unpack(
        "/proc/cpuinfo:\n    vendor_id : GenuineIntel\n    cpu family : 6\n    model : 999\n"
    )
    with pytest.raises(Unavailable, match="GenuineIntel family 6 model 999"):
        microarchitecture(root)


@pytest.mark.parametrize("model", ["    model : 9000/785/J5600\n", ""])
def test_another_kind_of_processor_is_no_failure(unpack: Unpack, model: str) -> None:
    root = unpack(f"/proc/cpuinfo:\n    cpu family : PA-RISC 2.0\n{model}")
    with pytest.raises(Unavailable, match=r"cpu family 'PA-RISC 2.0' and model .*: no x86"):
        microarchitecture(root)


def test_a_system_that_tells_nothing_says_so(machine: Unpack) -> None:
    with pytest.raises(Unavailable, match="does not exist here"):
        microarchitecture(machine("silent"))
