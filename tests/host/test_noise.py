"""Each disturber is found by its evidence, and says what to do; a calm machine has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hwperf.host.load import Load, Stolen
from hwperf.host.noise import SEVERITIES, Finding, findings

from .conftest import MACHINES

Unpack = Callable[[str], Path]
CALM = Load(cpus={}, programs=(), throttled_s=0.0, swapped_pages=0)
QUIET = """
/proc/cpuinfo: flags : fpu
/proc/meminfo:
    MemTotal: 1000 kB
    MemAvailable: 900 kB
    SwapTotal: 0 kB
    SwapFree: 0 kB
/proc/loadavg: 0.00 0.00 0.00 1/100 1
/sys/kernel/mm/transparent_hugepage/:
    enabled always [madvise] never
    hpage_pmd_size 2097152
/sys/devices/system/cpu/online: 0-3
"""


def found(
    root: Path,
    looked: Load = CALM,
    environment: dict[str, str] | None = None,
    cpus: tuple[int, ...] = (0, 1),
) -> dict[str, Finding]:
    shown = findings(root, looked=looked, environment=environment or {}, cpus=cpus)
    return {each.what: each for each in shown}


def test_a_calm_machine_has_no_findings(unpack: Unpack) -> None:
    assert found(unpack(QUIET)) == {}


@pytest.mark.parametrize("name", sorted(path.stem for path in MACHINES.glob("*.txt")))
def test_every_finding_has_evidence_and_advice_worst_first(machine: Unpack, name: str) -> None:
    shown = list(found(machine(name)).values())
    assert all(each.evidence and each.advice.endswith(".") for each in shown)
    ranks = [SEVERITIES.index(each.severity) for each in shown]
    assert ranks == sorted(ranks)
    assert not any("could not be made" in each.what for each in shown)


def test_the_recorded_guest(machine: Unpack) -> None:
    assert set(found(machine("kvm_zen3"))) == {
        "a virtual machine (KVM)",
        "DAMON watches memory and may reclaim pages",
        "nice has no effect between sessions",
    }


def test_the_recorded_laptop(machine: Unpack) -> None:
    shown = found(machine("hybrid_laptop"))
    assert set(shown) == {
        "running on battery",
        "the machine has been busy",
        "tasks wait for cpu",
        "CPUs share cores (SMT)",
        "the clock follows the load",
        "little memory is free",
        "swap is in use",
        "reading the clock is slow",
        "programs get huge pages without asking",
        "the clock depends on temperature and on the other cores (boost)",
    }
    assert shown["running on battery"].evidence == "BAT0 is discharging at 41 %"
    assert shown["the clock follows the load"].evidence == "cpufreq governor is powersave"
    assert shown["swap is in use"].evidence == "4 GiB by /proc/meminfo"


def test_the_recorded_server(machine: Unpack) -> None:
    shown = found(machine("two_socket_epyc"))
    assert "'never'" in shown["no huge pages"].evidence
    assert "memory is not overcommitted" in shown
    assert "the clock follows the load" not in shown


def test_a_quota_below_the_cpus_is_high(machine: Unpack) -> None:
    shown = found(machine("limited_container"))["a CPU quota limits us"]
    assert shown.severity == "high"
    assert shown.evidence == (
        "1.5 CPUs' worth by /sys/fs/cgroup/pod1/cpu.max, throttled 7 times so far"
    )


def test_a_quota_that_suffices_is_high_only_while_it_throttles(machine: Unpack) -> None:
    root = machine("limited_container")
    calm = found(root, cpus=(0,))["a CPU quota limits us"]
    throttled = found(root, replace(CALM, throttled_s=0.1), cpus=(0,))["a CPU quota limits us"]
    assert (calm.severity, throttled.severity) == ("medium", "high")


def test_other_programs_are_named_with_their_share(unpack: Unpack) -> None:
    busy = replace(CALM, programs=(("gcc", 0.9), ("Xorg", 0.1), ("sshd", 0.01)))
    shown = found(unpack(QUIET), busy)["other programs use the CPUs"]
    assert shown.evidence == "gcc 90 %, Xorg 10 % of one CPU"
    assert shown.severity == "high"


def test_steal_is_high(unpack: Unpack) -> None:
    stolen = replace(CALM, cpus={0: Stolen(0.1, 0.3)})
    shown = found(unpack(QUIET), stolen)["the hypervisor takes CPUs away (steal)"]
    assert shown.severity == "high"
    assert "30 %" in shown.evidence


def test_pages_that_move_are_high(unpack: Unpack) -> None:
    shown = found(unpack(QUIET), replace(CALM, swapped_pages=12))
    assert shown["memory is being swapped"].severity == "high"


def test_a_busy_sibling_is_worse_than_an_idle_one(machine: Unpack) -> None:
    root = machine("two_socket_epyc")
    what = "CPUs share cores (SMT)"
    idle = found(root, replace(CALM, cpus={2: Stolen(0.0, 0.0)}))[what]
    busy = found(root, replace(CALM, cpus={2: Stolen(0.8, 0.0)}))[what]
    assert (idle.severity, busy.severity) == ("low", "medium")
    assert "CPU 2 80 %" in busy.evidence


def test_variables_that_steer_libraries_are_quoted(unpack: Unpack) -> None:
    told = {"OPENBLAS_CORETYPE": "Haswell", "OMP_NUM_THREADS": "1", "HOME": "/home/user"}
    shown = found(unpack(QUIET), environment=told)
    assert shown["OPENBLAS_CORETYPE is set"].evidence == "OPENBLAS_CORETYPE=Haswell"
    assert shown["OPENBLAS_CORETYPE is set"].severity == "medium"
    assert shown["OMP_NUM_THREADS is set"].severity == "low"
    assert len(shown) == 2


def test_a_single_cpu_serves_everybody(unpack: Unpack) -> None:
    assert found(unpack(QUIET), cpus=(3,))["one CPU for everything"].evidence.endswith("CPU 3 only")


def test_a_file_that_nobody_understands_costs_one_check(unpack: Unpack) -> None:
    shown = found(unpack(QUIET + "/proc/loadavg: strange\n"))
    assert list(shown) == ["the check processor.load_average could not be made"]


def test_an_unknown_severity_is_refused() -> None:
    with pytest.raises(ValueError, match="severity='worst' is none of high, medium, low"):
        Finding("x", "y", "worst", "z")
