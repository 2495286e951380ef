"""What a link carries is rate x lanes x encoding, by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.storage.links import Link, link

Unpack = Callable[[str], Path]
DISK = "/sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0/nvme0n1"
PORT = "/sys/devices/pci0000:00/0000:00:1d.0"
DRIVE = f"{PORT}/0000:03:00.0"


def pcie(unpack: Unpack, drive: str, port: str = "") -> Link | None:
    """Return the link of a drive whose files are "name content" lines, below a port."""
    text = "".join(
        f"{path}/:\n" + "".join(f"    {line}\n" for line in lines.split(";"))
        for path, lines in ((DRIVE, drive), (PORT, port))
        if lines
    )
    return link(DISK, "nvme", unpack(text))


def now(speed: str, width: str = "1") -> str:
    return f"current_link_speed {speed};current_link_width {width}"


@pytest.mark.parametrize(
    ("speed", "bandwidth"),
    [
        ("2.5 GT/s PCIe", 250e6),
        ("5.0 GT/s PCIe", 500e6),
        ("8.0 GT/s PCIe", 8e9 * 128 / 130 / 8),
        ("8 GT/s", 8e9 * 128 / 130 / 8),
        ("16.0 GT/s PCIe", 16e9 * 128 / 130 / 8),
        ("32.0 GT/s PCIe", 32e9 * 128 / 130 / 8),
        ("64.0 GT/s PCIe", 7.5625e9),
    ],
)
def test_a_lane(unpack: Unpack, speed: str, bandwidth: float) -> None:
    found = pcie(unpack, now(speed))
    assert found is not None
    assert found.bandwidth == pytest.approx(bandwidth)


def test_lanes_multiply(unpack: Unpack) -> None:
    """PCIe 3.0 x4 carries 3.94 GB/s, as data sheets say."""
    found = pcie(unpack, now("8.0 GT/s PCIe", "4"))
    assert found is not None
    assert found.bandwidth == pytest.approx(3.938e9, rel=1e-3)
    assert str(found) == "PCIe 8 GT/s x4"


def most(speed: str, width: str) -> str:
    return f"max_link_speed {speed};max_link_width {width}"


def test_at_most_both_ends_agree(unpack: Unpack) -> None:
    """A drive of PCIe 4.0 in a slot of 3.0 that idles at 2.5 GT/s can get 8 GT/s."""
    slow = now("2.5 GT/s PCIe", "4")
    drive = f"{slow};{most('16.0 GT/s PCIe', '4')}"
    found = pcie(unpack, drive, f"{slow};{most('8.0 GT/s PCIe', '8')}")
    assert found is not None
    assert (found.rate, found.lanes, found.most_rate, found.most_lanes) == (2.5e9, 4, 8e9, 4)
    assert found.bandwidth == pytest.approx(1e9)
    assert found.most_bandwidth == pytest.approx(4 * 8e9 * 128 / 130 / 8)
    assert str(found) == "PCIe 2.5 GT/s x4, at most PCIe 8 GT/s x4"


def test_the_nearest_device_that_tells_counts(unpack: Unpack) -> None:
    found = pcie(unpack, "class 0x010802", now("5.0 GT/s PCIe", "2"))
    assert found == Link("PCIe", 5e9, 2, 5e9, 2)


@pytest.mark.parametrize(
    ("speed", "width"),
    [("Unknown", "4"), ("Unknown speed", "4"), ("8.0 GT/s PCIe", "0"), ("8.0 GT/s PCIe", "255"),
     ("8.0 GT/s PCIe", "63"), ("8.0 GT/s PCIe", "four"), ("0 GT/s", "4"), ("", "")],
)  # fmt: skip
def test_an_unknown_link_is_none(unpack: Unpack, speed: str, width: str) -> None:
    assert pcie(unpack, now(speed, width)) is None


@pytest.mark.parametrize(
    ("told", "bandwidth"), [("1.5 Gbps", 150e6), ("3.0 Gbps", 300e6), ("6.0 Gbps", 600e6)]
)
def test_sata(unpack: Unpack, told: str, bandwidth: float) -> None:
    root = unpack(f"/sys/class/ata_link/link7/sata_spd: {told}\n")
    found = link("/sys/devices/pci0000:00/0000:00:17.0/ata7/host6/block/sda", "sata", root)
    assert found is not None
    assert found.bandwidth == found.most_bandwidth == pytest.approx(bandwidth)
    assert str(found) == f"SATA {float(told.split()[0]):g} Gbit/s"


@pytest.mark.parametrize("told", ["<unknown>", "", "0"])
def test_a_port_that_does_not_tell_has_no_link(unpack: Unpack, told: str) -> None:
    """Nor does it have that of its controller, which it shares with other ports."""
    root = unpack(
        f"/sys/class/ata_link/link7/sata_spd: {told}\n{PORT}/:\n"
        "    current_link_speed 5 GT/s\n    current_link_width 1\n"
    )
    assert link(f"{PORT}/ata7/host6/block/sda", "sata", root) is None


@pytest.mark.parametrize("transport", ["virtio", "usb", "mmc", "iscsi", "nvme-tcp", "loop", None])
def test_other_disks_have_no_link(unpack: Unpack, transport: str | None) -> None:
    root = unpack(f"{PORT}/:\n    current_link_speed 5 GT/s\n    current_link_width 1\n")
    assert link(f"{PORT}/any/block/x", transport, root) is None


def test_a_drive_with_several_paths_has_no_single_link(unpack: Unpack) -> None:
    subsystem = "/sys/devices/virtual/nvme-subsystem/nvme-subsys0"
    told = "    current_link_speed 8.0 GT/s PCIe\n    current_link_width 4\n"
    root = unpack(f"{subsystem}/nvme0/:\n{told}{subsystem}/nvme1/:\n{told}")
    assert link(f"{subsystem}/nvme0n1", "nvme", root) is None
    shutil.rmtree(root / subsystem.lstrip("/") / "nvme1")
    assert link(f"{subsystem}/nvme0n1", "nvme", root) == Link("PCIe", 8e9, 4, 8e9, 4)
