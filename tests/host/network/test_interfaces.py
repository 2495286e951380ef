"""Interfaces are what they are: devices count once, and what is made of them does not."""

from __future__ import annotations

import sys
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host import Unavailable
from hwperf.host.network import Interface, elsewhere, fastest, interfaces, shown_speed, towards

Unpack = Callable[[str], Path]
GBIT = 10**9


def found(root: Path) -> dict[str, Interface]:
    return {each.name: each for each in interfaces(root)}


def test_a_port_is_told_in_full(machine: Unpack) -> None:
    port = found(machine("server"))["ens1f0"]
    assert (port.nature, port.kind, port.speed) == ("physical", "Ethernet", 10 * GBIT)
    assert (port.duplex, port.mtu, port.driver, port.bus) == ("full", 9000, "ixgbe", "pci")
    assert (port.state, port.is_up, port.why) == ("up", True, {})


def test_what_is_made_of_other_interfaces_is_virtual(machine: Unpack) -> None:
    server = found(machine("server"))
    kinds = {name: each.kind for name, each in server.items() if not each.is_device}
    assert kinds == {
        "bond0": "bond",
        "bond0.7": "vlan",
        "docker0": "bridge",
        "lo": "loopback",
        "veth1f2e3d4": "virtual",
    }
    assert server["lo"].why["driver"] == "no device is behind it"


def test_the_fastest_device_that_is_up_is_chosen(machine: Unpack) -> None:
    """Not the port that is down, nor what is faster and virtual."""
    chosen = fastest(interfaces(machine("server")))
    assert chosen is not None
    assert chosen.name == "ens1f0"


def test_a_card_is_counted_once(machine: Unpack) -> None:
    root = machine("functions")
    kinds = {name: each.kind for name, each in found(root).items()}
    assert kinds == {
        "ens3np0": "Ethernet",
        "ens3npf0vf0": "representor",
        "ens3v0": "virtual function",
        "enx0": "Ethernet",
        "ib0": "InfiniBand",
        "wlan0": "wireless",
    }
    chosen = fastest(interfaces(root))
    assert chosen is not None
    assert chosen.name == "ens3np0"
    assert found(root)["enx0"].is_up
    assert found(root)["wlan0"].why["speed"] == "wireless links negotiate one for each packet"


def test_a_guest_tells_no_speed(machine: Unpack) -> None:
    port = found(machine("virtio_guest"))["eth0"]
    assert (port.nature, port.kind, port.driver) == ("paravirtual", "virtio", "virtio_net")
    assert port.why == {
        "speed": "virtio tells one only where the hypervisor was given it",
        "duplex": "the driver tells none",
    }


def test_a_port_of_the_machine_comes_before_one_of_a_hypervisor() -> None:
    setting = Interface("a", "paravirtual", "virtio", speed=100 * GBIT, is_up=True)
    port = Interface("b", "physical", "Ethernet", speed=GBIT, is_up=True)
    assert fastest([setting, port]) == port
    assert fastest([setting]) == setting
    assert fastest([]) is None


def test_of_equally_fast_ports_it_is_always_the_same() -> None:
    ports = [Interface(name, "physical", "", speed=GBIT, is_up=True) for name in ("b", "a")]
    assert fastest(ports) == fastest(ports[::-1]) == ports[1]


@pytest.mark.parametrize(
    "speed", ["", "-1", "0", "4294967295", "65535x", "9" * 5000, "\u0664", "1e3"]
)
def test_what_is_no_speed_is_none(machine: Unpack, speed: str) -> None:
    root = machine("server")
    (root / "sys/class/net/ens1f0/speed").write_text(speed, encoding="utf-8")
    assert found(root)["ens1f0"].speed is None
    assert found(root)["ens1f0"].why["speed"] == "the driver tells none"


def test_a_system_that_shows_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"^/sys/class/net does not exist here$"):
        interfaces(tmp_path)
    (tmp_path / "sys/class/net").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"^/sys/class/net shows no interface$"):
        interfaces(tmp_path)


@pytest.mark.parametrize(
    ("speed", "shown"),
    [(10 * GBIT, "10 Gbit/s"), (2.5 * GBIT, "2.5 Gbit/s"), (10**8, "100 Mbit/s"),
     (9600, "9.6 kbit/s"), (400 * GBIT, "400 Gbit/s"), (50, "50 bit/s")],
)  # fmt: skip
def test_speeds_are_in_the_units_that_people_read(speed: float, shown: str) -> None:
    assert shown_speed(speed) == shown


Stats = namedtuple("Stats", "isup duplex speed mtu flags")  # As psutil's snicstats.


def test_where_there_is_no_sys_psutil_tells() -> None:
    told = {
        "en0": Stats(True, 2, 1000, 1500, "up,broadcast,running"),
        "en5": Stats(False, 0, 0, 1500, "broadcast"),
        "lo0": Stats(True, 0, 0, 16384, "up,loopback,running"),
        "utun3": Stats(True, 0, 0, 1380, "up,pointopoint"),
        "bridge100": Stats(True, 2, 10000, 1500, "up"),
        "vEthernet (WSL)": Stats(True, 2, 10000, 1500, ""),
        "Loopback Pseudo-Interface 1": Stats(True, 2, 1073, 1500, ""),
        "Ethernet 2": Stats(True, 2, 2500, 1500, ""),
    }
    listed = elsewhere.interfaces(told)
    assert [each.name for each in listed if each.is_device] == ["Ethernet 2", "en0", "en5"]
    chosen = fastest(listed)
    assert chosen is not None
    assert (chosen.name, chosen.speed, chosen.duplex) == ("Ethernet 2", 2_500_000_000, "full")
    port = next(each for each in listed if each.name == "en5")
    assert port.why["speed"] == port.why["duplex"] == "the system tells none"
    assert port.why["driver"] == "only Linux tells it, in /sys/class/net"


def test_psutil_without_an_interface_says_so() -> None:
    with pytest.raises(Unavailable, match="shows no interface"):
        elsewhere.interfaces({})


def test_what_psutil_says_of_this_machine_can_be_read() -> None:
    assert all(str(each) for each in elsewhere.interfaces())


@pytest.mark.skipif(sys.platform != "linux", reason="the loopback has another name")
def test_the_way_to_this_host_is_the_loopback() -> None:
    towards.cache_clear()
    way = towards("127.0.0.1")
    assert way is not None
    assert way.name == "lo"


def test_the_way_to_what_is_no_address_is_not_told() -> None:
    assert towards("nowhere.invalid") is None
    assert towards("a" * 300) is None
