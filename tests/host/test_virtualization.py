"""A virtual machine is told by a sign, and the sign is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.facts import Unavailable
from hwperf.host.virtualization import container, hypervisor, is_virtual

Unpack = Callable[[str], Path]


@pytest.mark.parametrize(
    ("name", "kind", "sign"),
    [
        ("kvm_zen3", "KVM", "available_clocksource has 'kvm-clock'"),
        ("limited_container", "Amazon EC2", "sys_vendor is 'Amazon EC2'"),
        ("hybrid_laptop", "none", "no 'hypervisor' flag"),
        ("neoverse_server", "none", "sys_vendor is 'Supermicro'"),
    ],
)
def test_recorded_machines(machine: Unpack, name: str, kind: str, sign: str) -> None:
    root = machine(name)
    found, evidence = hypervisor(root)
    assert found == kind
    assert sign in evidence
    assert is_virtual(root) is (kind != "none")


def test_the_flag_alone_names_nobody(unpack: Unpack) -> None:
    assert hypervisor(unpack("/proc/cpuinfo: flags : fpu hypervisor\n"))[0] == "unnamed"


def test_without_a_sign_nothing_is_claimed(machine: Unpack) -> None:
    root = machine("silent")
    assert is_virtual(root) is None
    with pytest.raises(Unavailable, match="no cpuid flag"):
        hypervisor(root)


@pytest.mark.parametrize(
    ("name", "kind"), [("limited_container", "kubepods"), ("kvm_zen3", "none")]
)
def test_containers_are_seen_by_their_group(machine: Unpack, name: str, kind: str) -> None:
    assert container(machine(name))[0] == kind


@pytest.mark.parametrize(
    ("path", "kind"), [("/.dockerenv", "docker"), ("/run/.containerenv", "podman")]
)
def test_containers_are_seen_by_their_mark(unpack: Unpack, path: str, kind: str) -> None:
    assert container(unpack(f"{path}: x\n")) == (kind, path)
