"""A disk's place in /sys/devices says how it is attached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.storage.transport import transport

Unpack = Callable[[str], Path]
PCI = "/sys/devices/pci0000:00"
TARGET = "host0/target0:0:0/0:0:0:0/block"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{PCI}/0000:01:00.0/nvme/nvme0/nvme0n1", "nvme"),
        (f"{PCI}/0000:00:17.0/ata1/{TARGET}/sda", "sata"),
        (f"{PCI}/0000:00:14.0/usb2/2-1/2-1:1.0/{TARGET}/sda", "usb"),
        (f"{PCI}/0000:00:02.0/virtio1/block/vda", "virtio"),
        (f"{PCI}/0000:00:02.0/virtio1/{TARGET}/sda", "virtio"),
        (f"{PCI}/0000:02:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda", "sas"),
        (f"{PCI}/0000:02:00.0/{TARGET}/sda", "scsi"),
        (f"/sys/devices/platform/host3/session1/{TARGET}/sdb", "iscsi"),
        (f"{PCI}/0000:03:00.0/host0/rport-0:0-1/target0:0:0/0:0:0:0/block/sda", "fc"),
        (f"/sys/devices/LNXSYSTM:00/VMBUS:01/0000-11/{TARGET}/sda", "vmbus"),
        ("/sys/devices/vbd-51712/block/xvda", "xen"),
        ("/sys/devices/platform/soc/mmc_host/mmc0/mmc0:1/block/mmcblk0", "mmc"),
        ("/sys/devices/virtual/block/loop0", "loop"),
        ("/sys/devices/virtual/block/zram0", "zram"),
        ("/sys/devices/virtual/block/ram0", "brd"),
        ("/sys/devices/virtual/block/nbd0", "nbd"),
        ("/sys/devices/virtual/block/rbd0", "rbd"),
        ("/sys/devices/virtual/block/dm-0", "dm"),
        ("/sys/devices/odd/block/odd0", None),
    ],
)
def test_places(tmp_path: Path, path: str, kind: str | None) -> None:
    assert transport(path.rpartition("/")[2], path, tmp_path) == kind


def test_a_sata_disk_behind_a_sas_adapter_is_one(unpack: Unpack) -> None:
    root = unpack("/sys/class/block/sda/device/vendor: ATA\n")
    assert transport("sda", f"{PCI}/host0/end_device-0:0/target0:0:0/block/sda", root) == "sata"


@pytest.mark.parametrize("place", ["transport", "nvme3/transport"])
def test_nvme_over_a_network_is_told_by_its_controller(unpack: Unpack, place: str) -> None:
    root = unpack(f"/sys/class/block/nvme0n1/device/{place}: tcp\n")
    assert transport("nvme0n1", "/sys/devices/virtual/nvme-fabrics/x", root) == "nvme-tcp"


def test_what_is_left_is_named_by_its_subsystem(unpack: Unpack) -> None:
    root = unpack(
        "/sys/bus/odd/\n"
        "/sys/class/block/x0/device/name: x\n"
        "/sys/class/block/x0/device/subsystem -> ../../../../bus/odd\n"
    )
    assert transport("x0", "/sys/devices/x0", root) == "odd"
