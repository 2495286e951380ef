"""A working set fits, or the refusal names the figures and whose limit it is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.errors import Unsupported
from hwperf.host import memory
from hwperf.host.facts import Unavailable

Unpack = Callable[[str], Path]


def test_sizes_are_bytes(machine: Unpack) -> None:
    root = machine("kvm_zen3")
    assert memory.total_bytes(root) == 24684092 * 1024
    assert memory.available_bytes(root) == 24279640 * 1024


def test_the_control_groups_limit_counts(machine: Unpack) -> None:
    root = machine("limited_container")
    assert memory.available_bytes(root) == 2147483648 - 400000000


def test_what_fits_passes(machine: Unpack) -> None:
    memory.require(2**30, machine("limited_container"))


def test_a_refusal_says_how_much_by_whom_and_what_to_do(machine: Unpack) -> None:
    with pytest.raises(Unsupported) as refused:
        memory.require(2**31, machine("limited_container"))
    text = str(refused.value)
    assert text.startswith("2 GiB of memory are needed, ")
    assert "by /sys/fs/cgroup/pod1/memory.max" in text
    assert "5 % kept free" in text
    assert "smaller working set" in text


def test_a_reserve_stays_free(machine: Unpack) -> None:
    root = machine("kvm_zen3")
    available = memory.available_bytes(root)
    assert memory.lacking(available, root)
    assert memory.lacking(int(available * 0.9), root) is None


def test_nothing_is_judged_where_nothing_is_told(machine: Unpack) -> None:
    root = machine("silent")
    memory.require(2**60, root)
    with pytest.raises(Unavailable, match="/proc/meminfo does not exist here"):
        memory.available_bytes(root)


def test_a_linux_without_proc_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a sandbox: psutil would read the same file, and raise what nobody expects."""

    def missing(root: Path, path: str) -> str:
        raise Unavailable(f"{path} does not exist here")

    monkeypatch.setattr(memory, "text", missing)
    monkeypatch.setattr(sys, "platform", "linux")
    assert memory.lacking(2**60) is None
    with pytest.raises(Unavailable, match="/proc/meminfo does not exist here"):
        memory.total_bytes()


def test_this_machine_has_less_available_than_it_has() -> None:
    assert 0 < memory.available_bytes() < memory.total_bytes()


def test_a_set_larger_than_this_machine_is_refused() -> None:
    with pytest.raises(Unsupported, match="are usable"):
        memory.require(2**60)
