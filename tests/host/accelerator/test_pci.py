"""The way to the processor is as narrow as its narrowest link, whatever an idle link does now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host import pcie
from hwperf.host.accelerator.pci import address, attachment, bandwidth
from hwperf.host.facts import Unavailable

Unpack = Callable[[str], Path]
BARE = "/proc/cpuinfo: flags : fpu\n"
GUEST = "/proc/cpuinfo: flags : fpu hypervisor\n"
PORT = "/sys/devices/pci0000:00/0000:00:01.0"
CARD = f"{PORT}/0000:01:00.0"


def ends(card: str, port: str = "", host: str = BARE) -> str:
    """Return a machine with one card below one port; ends are "SPEED xWIDTH" now and at most."""
    text = host
    for path, told in ((CARD, card), (PORT, port)):
        name = path.rpartition("/")[2]
        text += (
            f"/sys/bus/pci/devices/{name} -> ../../../devices{path.removeprefix('/sys/devices')}\n"
        )
        text += f"{path}/:\n    class 0x030200\n"
        for which, end in zip(("current", "max"), told.split(", ")[:2], strict=False):
            speed, _, width = end.partition(" x")
            text += f"    {which}_link_speed {speed}\n    {which}_link_width {width}\n"
    return text


@pytest.mark.parametrize(
    ("told", "written"),
    [
        ("00000000:17:00.0", "0000:17:00.0"),
        ("0000:1B:00.0", "0000:1b:00.0"),
        ("00000001:C3:00.0", "0001:c3:00.0"),
        ("10000:e1:00.0", "10000:e1:00.0"),
        ("0000:17:00", "0000:17:00.0"),
        ("17:00.1", "0000:17:00.1"),
        (" 0000:17:1f.7\n", "0000:17:1f.7"),
    ],
)
def test_addresses_are_written_as_sysfs_does(told: str, written: str) -> None:
    assert address(told) == written


@pytest.mark.parametrize("told", ["", "0", "PCI:1", "0000:17:00.8", "../../etc", "gg:00.0"])
def test_what_is_no_address_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match=r"is no PCI address: expected e\.g\. 0000:17:00\.0"):
        address(told)
    assert bandwidth(told) is None


@pytest.mark.parametrize(
    ("generation", "bound"), [(3, 15.75e9), (4, 31.5e9), (5, 63.0e9), (6, 121e9)]
)
def test_sixteen_lanes_of_each_generation(generation: int, bound: float) -> None:
    assert pcie.bandwidth(pcie.GENERATIONS[generation], 16) == pytest.approx(bound, rel=1e-3)


def test_an_idle_card_is_bounded_by_what_it_could_do(unpack: Unpack) -> None:
    found = attachment(
        "00000000:01:00.0",
        unpack(ends("2.5 GT/s PCIe x16, 32.0 GT/s PCIe x16", "2.5 GT/s x16, 32 GT/s x16")),
    )
    assert found.bandwidth == pytest.approx(63.0e9, rel=1e-3)
    (hop,) = found.hops
    assert hop.bandwidth == pytest.approx(4.0e9)
    assert str(hop) == "PCIe 2.5 GT/s x16, at most PCIe 32 GT/s x16"
    assert (found.numa_node, found.local_cpus) == (None, ())


def test_both_ends_have_to_agree(unpack: Unpack) -> None:
    root = unpack(ends("16 GT/s x8, 32 GT/s x16", "16 GT/s x8, 16 GT/s x8"))
    assert bandwidth("0000:01:00.0", root) == pytest.approx(15.75e9, rel=1e-3)


def test_a_switch_is_no_link(machine: Unpack) -> None:
    """Links are those between the card and the switch and between the switch and the root port."""
    found = attachment("00000000:9D:00.0", machine("h100_server"))
    assert [(hop.lower, hop.upper) for hop in found.hops] == [
        ("0000:9d:00.0", "0000:99:00.0"),
        ("0000:98:00.0", "0000:97:01.0"),
    ]
    assert (found.numa_node, found.local_cpus) == (1, (2, 3))
    assert found.narrowest is found.hops[0]
    assert found.bandwidth == pytest.approx(63.0e9, rel=1e-3)


def test_a_narrow_link_above_the_switch_bounds_the_way(machine: Unpack) -> None:
    root = machine("h100_server")
    upper = root / "sys/devices/pci0000:97/0000:97:01.0"
    (upper / "max_link_speed").write_text("16.0 GT/s PCIe\n")
    (upper / "0000:98:00.0/current_link_speed").write_text("16.0 GT/s PCIe\n")
    found = attachment("0000:9d:00.0", root)
    assert found.narrowest is found.hops[1]
    assert found.bandwidth == pytest.approx(31.5e9, rel=1e-3)


def test_a_card_with_eight_lanes(machine: Unpack) -> None:
    found = attachment("0000:01:00.0", machine("rtx4090_desktop"))
    assert found.bandwidth == pytest.approx(15.75e9, rel=1e-3)
    assert found.hops[0].own_lanes == 16


def test_a_guest_is_told_made_up_ports(unpack: Unpack) -> None:
    """QEMU's ports were 2.5 GT/s x1 for long: real transfers would be taken for impossible."""
    root = unpack(ends("32 GT/s x16, 32 GT/s x16", "2.5 GT/s x1, 2.5 GT/s x1", GUEST))
    found = attachment("0000:01:00.0", root)
    assert found.bandwidth == pytest.approx(63.0e9, rel=1e-3)
    assert [(hop.lower, hop.upper) for hop in found.hops] == [("0000:01:00.0", "")]


@pytest.mark.parametrize("told", ["Unknown x16, Unknown x16", "Unknown speed x0, Unknown x255", ""])
def test_a_link_that_is_not_told_bounds_nothing(unpack: Unpack, told: str) -> None:
    root = unpack(ends(told))
    assert attachment("0000:01:00.0", root).hops == ()
    assert bandwidth("0000:01:00.0", root) is None


def test_a_device_that_is_not_here_says_so(unpack: Unpack) -> None:
    root = unpack(BARE)
    with pytest.raises(Unavailable, match=r"/sys/bus/pci/devices/0000:01:00.0 does not exist here"):
        attachment("01:00.0", root)
    assert bandwidth("01:00.0", root) is None
