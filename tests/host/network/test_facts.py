"""Each fact of the network has a value or a reason, whatever is missing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwperf.host import Fact, collect
from hwperf.host.network import network_facts

from .conftest import NAMES

Unpack = Callable[[str], Path]


def facts(root: Path) -> dict[str, Fact]:
    return {each.name: each for each in network_facts(root)}


def test_the_recorded_server(machine: Unpack) -> None:
    shown = facts(machine("server"))
    expected: dict[str, Any] = {
        "fastest that is up": "ens1f0, 10 Gbit/s",
        "ens1f0 speed": "10 Gbit/s",
        "ens1f0 bandwidth": 1.25e9,
        "ens1f0 duplex": "full",
        "ens1f0 MTU in bytes": 9000,
        "ens1f0 driver": "ixgbe",
        "ens1f0 bus": "pci",
        "ens1f0 state": "up",
        "ens1f0 nature": "physical, Ethernet",
        "ens1f1 speed": "1 Gbit/s",
        "eno1 state": "down",
    }
    assert {name: shown[name].value for name in expected} == expected
    listed = shown["interfaces"].value
    assert isinstance(listed, tuple)
    assert listed[:3] == (
        "eno1: physical, Ethernet, down, 100 Gbit/s",
        "ens1f0: physical, Ethernet, up, 10 Gbit/s",
        "ens1f1: physical, Ethernet, up, 1 Gbit/s",
    )
    assert "lo: virtual, loopback, unknown" in listed
    assert not any(name.startswith(("lo ", "bond0", "docker0", "veth")) for name in shown)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("virtio_guest",
         "eth0 tells no speed: virtio tells one only where the hypervisor was given it"),
        ("container",
         "no interface has a device behind it: eth0 (virtual), lo (loopback); in a container those "
         "of the host are not seen"),
    ],
)  # fmt: skip
def test_no_speed_has_a_reason(machine: Unpack, name: str, why: str) -> None:
    shown = facts(machine(name))
    assert shown["fastest that is up"].why == why


def test_all_that_are_down_are_named(machine: Unpack) -> None:
    root = machine("virtio_guest")
    (root / "sys/class/net/eth0/operstate").write_text("down")
    shown = facts(root)
    assert shown["fastest that is up"].why == "no interface with a device is up: eth0"
    assert shown["eth0 speed"].why.startswith("it is down")


def test_a_host_of_containers_does_not_fill_the_page(machine: Unpack) -> None:
    root = machine("container")
    for number in range(300):
        (root / f"sys/class/net/veth{number}").mkdir()
        (root / f"sys/class/net/veth{number}/type").write_text("1")
    listed = facts(root)["interfaces"].value
    assert isinstance(listed, tuple)
    assert len(listed) == 13
    assert listed[-1] == "and 290 more virtual ones"


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_has_a_value_or_a_reason_and_a_source(machine: Unpack, name: str) -> None:
    shown = list(network_facts(machine(name)))
    assert len({each.name for each in shown}) == len(shown)
    for each in shown:
        assert (each.value is None) == bool(each.why), each
        assert each.source
        assert "unexpected content" not in each.why, each


@pytest.mark.parametrize("gone", ["sys", "sys/class", "sys/devices", "sys/bus"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_missing_costs_no_exception(machine: Unpack, name: str, gone: str) -> None:
    root = machine(name)
    if (root / gone).exists():
        shutil.rmtree(root / gone)
    assert all(each.value is not None or each.why for each in facts(root).values())


@pytest.mark.parametrize("content", ["", "x", "-1", "[", "\ufffd" * 50, "9" * 5000])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_broken_costs_no_exception(machine: Unpack, name: str, content: str) -> None:
    root = machine(name)
    for path in (root / "sys").rglob("*"):
        if path.is_file():
            path.write_text(content, encoding="utf-8")
    assert all(each.value is not None or each.why for each in facts(root).values())


def test_they_are_a_group_of_what_this_machine_is(machine: Unpack) -> None:
    root = machine("server")
    assert collect(root)["network"] == tuple(network_facts(root))
    assert collect()["network"]
