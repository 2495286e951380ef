"""What is told of accelerators, which CPUs are near them, and what holds their links back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host import Fact, collect
from hwperf.host.accelerator.facts import accelerator_facts
from hwperf.host.accelerator.numa import near, why_none
from hwperf.host.load import Load
from hwperf.host.noise import Finding, findings

from .conftest import NAMES

Unpack = Callable[[str], Path]
CALM = Load(cpus={}, programs=(), throttled_s=0.0, swapped_pages=0)


def told(root: Path) -> dict[str, Fact]:
    return {each.name: each for each in accelerator_facts(root)}


def found(root: Path, cpus: tuple[int, ...] = (0, 1, 2, 3)) -> dict[str, Finding]:
    """Return the findings about accelerators by what they say."""
    shown = findings(root, looked=CALM, environment={}, cpus=cpus)
    about = ("PCIe", "accelerator")
    return {each.what: each for each in shown if any(word in each.what for word in about)}


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_has_a_value_or_a_reason_and_a_source(machine: Unpack, name: str) -> None:
    shown = collect(machine(name))["accelerator"]
    assert shown
    assert len({each.name for each in shown}) == len(shown)
    for each in shown:
        assert (each.value is None) == bool(each.why), each
        assert each.source
        assert "unexpected content" not in each.why, each


def test_the_server(machine: Unpack) -> None:
    shown = told(machine("h100_server"))
    assert {name: each.value for name, each in shown.items()} == {
        "devices": ("0000:1b:00.0 NVIDIA 3D controller", "0000:9d:00.0 NVIDIA 3D controller"),
        "name": "NVIDIA H100 80GB HBM3",
        "vendor:device": "10de:2330",
        "driver": "nvidia",
        "device node": ("0000:1b:00.0: /dev/nvidia0", "0000:9d:00.0: /dev/nvidia4"),
        "memory": None,
        "link": "PCIe 2.5 GT/s x16, at most PCIe 32 GT/s x16",
        "link bandwidth": pytest.approx(63.0e9, rel=1e-3),
        "NUMA node": ("0000:1b:00.0: 0", "0000:9d:00.0: 1"),
        "near CPUs": ("0000:1b:00.0: 0-1", "0000:9d:00.0: 2-3"),
        "data file": "H100 SXM",
    }
    assert shown["memory"].why == "0000:1b:00.0: no file tells it; NVML does, with nvidia-ml-py"


def test_the_desktop(machine: Unpack) -> None:
    shown = told(machine("rtx4090_desktop"))
    assert shown["link"].value == "PCIe 2.5 GT/s x8, at most PCIe 16 GT/s x8"
    assert shown["NUMA node"].why == "the firmware does not tell (numa_node is -1)"
    assert shown["data file"].value == "RTX 4090"


def test_the_module(machine: Unpack) -> None:
    shown = told(machine("mi300x_server"))
    assert shown["memory"].value == 206_141_652_992
    assert shown["data file"].value == "MI300X"


def test_a_container_without_the_bus(machine: Unpack) -> None:
    shown = told(machine("nodes_only"))
    assert shown["device node"].value == (
        "/dev/nvidia0: /dev/nvidia0", "/dev/nvidia1: /dev/nvidia1"
    )  # fmt: skip
    assert shown["link"].why == ("/dev/nvidia0: it is not on the PCI bus, or that is hidden here")


def test_what_one_device_lacks_is_said_beside_the_others(machine: Unpack) -> None:
    root = machine("h100_server")
    (root / "sys/devices/pci0000:97/0000:97:01.0/0000:98:00.0/0000:99:00.0/0000:9d:00.0/driver"
     ).unlink()  # fmt: skip
    assert told(root)["driver"].value == (
        "0000:1b:00.0: nvidia", "0000:9d:00.0: n/a, no driver is bound to it"
    )  # fmt: skip


def test_a_machine_without_any_says_why_once(unpack: Unpack) -> None:
    (only,) = told(unpack("/proc/cpuinfo: flags : fpu\n")).values()
    assert (only.name, only.value) == ("devices", None)
    assert only.why.startswith("no /dev/nvidia0, no /dev/kfd")


def test_a_users_broken_file_costs_one_fact(
    machine: Unpack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWPERF_ACCELERATORS", "/nowhere.toml")
    shown = told(machine("mi300x_server"))
    assert shown["data file"].why.startswith("HWPERF_ACCELERATORS: /nowhere.toml: No such file")
    assert shown["name"].value == "AMD Instinct MI300X OAM"


def test_the_near_cpus_are_those_of_the_node_that_we_may_use(machine: Unpack) -> None:
    root = machine("h100_server")
    assert near("00000000:9D:00.0", allowed=(0, 1, 2), root=root) == (2,)
    assert near("0000:1b:00.0", allowed=(0, 1, 2), root=root) == (0, 1)
    assert why_none("0000:1b:00.0", allowed=(0, 1, 2), root=root) == ""


def test_a_single_node_is_near(machine: Unpack) -> None:
    """A desktop's firmware says -1: there is no choice."""
    assert near("01:00.0", allowed=(0, 5), root=machine("rtx4090_desktop")) == (0, 5)


def test_why_no_cpu_is_near(machine: Unpack) -> None:
    root = machine("h100_server")
    assert near("0000:9d:00.0", allowed=(0, 1), root=root) is None
    assert why_none("0000:9d:00.0", allowed=(0, 1), root=root) == (
        "this process may use CPUs 0-1 only, and 0000:9d:00.0 is on NUMA node 1 with CPUs 2-3"
    )
    assert why_none("0000:ff:00.0", root=root).endswith("0000:ff:00.0 does not exist here")
    assert why_none("card 0", root=root) == (
        "'card 0' is no PCI address: expected e.g. 0000:17:00.0"
    )
    card = "sys/devices/pci0000:15/0000:15:01.0/0000:16:00.0/0000:17:00.0/0000:1b:00.0"
    (root / card / "numa_node").write_text("-1\n")
    assert why_none("1b:00.0", root=root) == (
        "the firmware does not say on which of 2 nodes 0000:1b:00.0 is"
    )


def test_findings_about_the_server(machine: Unpack) -> None:
    """Idle links are low, and several nodes are good to know."""
    shown = found(machine("h100_server"))
    assert {what: each.severity for what, each in shown.items()} == {
        "the PCIe link of 0000:1b:00.0 is slow now": "low",
        "the PCIe link of 0000:9d:00.0 is slow now": "low",
        "accelerators sit on several NUMA nodes": "low",
    }
    assert shown["the PCIe link of 0000:1b:00.0 is slow now"].evidence == "2.5 of 32 GT/s"


def test_a_far_accelerator_is_found(machine: Unpack) -> None:
    shown = found(machine("h100_server"), cpus=(0, 1))
    assert shown["no CPU near the accelerator 0000:9d:00.0 may be used"].severity == "medium"


def test_a_slot_that_holds_the_card_back(machine: Unpack) -> None:
    shown = found(machine("rtx4090_desktop"))
    assert shown["the slot of 0000:01:00.0 holds the accelerator back"].evidence == (
        "it could have PCIe 16 GT/s x16, the link from 0000:01:00.0 up has PCIe 16 GT/s x8"
    )


def test_a_link_that_lost_lanes_is_medium(machine: Unpack) -> None:
    root = machine("mi300x_server")
    assert found(root) == {}
    card = "sys/devices/pci0000:60/0000:60:01.1/0000:61:00.0"
    (root / card / "current_link_width").write_text("4\n")
    shown = found(root)
    (finding,) = shown.values()
    assert finding.what == "the PCIe link of 0000:61:00.0 is narrower than it could be"
    assert (finding.evidence, finding.severity) == ("4 of 16 lanes", "medium")
