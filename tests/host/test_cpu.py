"""Which CPUs there are, which belong together, and which are fast."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host import cpu

Unpack = Callable[[str], Path]


@pytest.mark.parametrize(
    ("told", "numbers"),
    [("0-3,8,10-11", (0, 1, 2, 3, 8, 10, 11)), ("5", (5,)), ("", ()), ("a-b", ()), ("3,1", (1, 3))],
)
def test_kernel_lists_are_numbers(told: str, numbers: tuple[int, ...]) -> None:
    assert cpu.parse_cpu_list(told) == numbers


def test_we_run_on_an_allowed_cpu() -> None:
    here = cpu.current_cpu()
    assert here is None or here in cpu.allowed_cpus()


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
def test_allowed_is_the_affinity() -> None:
    assert set(cpu.allowed_cpus()) == os.sched_getaffinity(0)


def test_siblings_share_a_core(machine: Unpack) -> None:
    root = machine("two_socket_epyc")
    assert cpu.siblings(0, root) == (0, 2)
    assert cpu.siblings(3, root) == (1, 3)


def test_without_a_topology_a_cpu_is_alone(machine: Unpack) -> None:
    assert cpu.siblings(7, machine("silent")) == (7,)


def test_p_cores_are_the_fastest_of_a_hybrid(machine: Unpack) -> None:
    assert cpu.fastest_cpus(range(8), machine("hybrid_laptop")) == (0, 1, 2, 3)


def test_capacity_decides_before_the_clock(unpack: Unpack) -> None:
    root = unpack(
        "/sys/devices/system/cpu/cpu{0-0}/cpu_capacity: 400\n"
        "/sys/devices/system/cpu/cpu{1-1}/cpu_capacity: 1024\n"
        "/sys/devices/system/cpu/cpu{0-0}/cpufreq/cpuinfo_max_freq: 3000000\n"
    )
    assert cpu.fastest_cpus((0, 1), root) == (1,)


def test_favoured_cores_of_one_kind_are_one_kind(unpack: Unpack) -> None:
    root = unpack(
        "/sys/devices/system/cpu/cpu{0-0}/cpufreq/cpuinfo_max_freq: 5700000\n"
        "/sys/devices/system/cpu/cpu{1-1}/cpufreq/cpuinfo_max_freq: 5550000\n"
    )
    assert cpu.fastest_cpus((0, 1), root) == (0, 1)


def test_where_nothing_tells_all_are_alike(machine: Unpack) -> None:
    assert cpu.fastest_cpus((3, 1), machine("silent")) == (1, 3)


def test_the_largest_clock_is_in_hertz(machine: Unpack) -> None:
    assert cpu.max_clock_hz(machine("hybrid_laptop")) == 4.4e9


def test_a_guests_nominal_clock_is_no_bound(machine: Unpack) -> None:
    """/proc/cpuinfo says 2445 MHz there, the time-stamp counter; the core runs faster."""
    assert cpu.max_clock_hz(machine("kvm_zen3")) is None


def test_page_size_is_a_power_of_two() -> None:
    size = cpu.page_size()
    assert size >= 4096
    assert size & (size - 1) == 0
