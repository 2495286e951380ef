"""What storage is told to be and how it behaves are kept apart, and set against each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.storage import Device, FileSystem, chain, disks, file_system
from hwperf.host.storage.kind import behaves, conflict, needs, told

Unpack = Callable[[str], Path]


def kind_of(root: Path, directory: str = "/") -> str:
    fs = file_system(Path(directory), root)
    return told(fs, () if fs.is_memory or fs.is_network else chain(fs.device, root))


@pytest.mark.parametrize(
    ("name", "directory", "kind"),
    [
        ("virtio_guest", "/", "virtual disk"),
        ("virtio_guest", "/dev/shm", "memory"),
        ("encrypted_laptop", "/", "NVMe"),
        ("mirrored_server", "/", "HDD"),
        ("mirrored_server", "/data", "network"),
        ("mirrored_server", "/mnt/remote", "network"),
        ("sata_ssd", "/", "SATA SSD"),
        ("btrfs_workstation", "/", "NVMe"),
        ("cloud_nvme", "/", "NVMe"),
        ("sd_card", "/", "SD/eMMC"),
        ("container", "/live", "memory"),
    ],
)
def test_recorded_storage(machine: Unpack, name: str, directory: str, kind: str) -> None:
    assert kind_of(machine(name), directory) == kind


EXT4 = FileSystem("ext4", "/", ("rw",), "/dev/x", "8:1", False, False, False)


def disk(transport: str | None, rotational: bool | None = False, **more: str) -> Device:
    return Device("x", "disk", transport=transport, rotational=rotational, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("devices", "kind"),
    [
        ([disk("sata", True)], "HDD"),
        ([disk("sas", True)], "HDD"),
        ([disk("sas")], "SSD"),
        ([disk("scsi")], "SSD"),
        ([disk("sata", None)], "unknown"),
        ([disk("usb", True)], "USB disk"),
        ([disk("zram")], "memory"),
        ([disk("iscsi", True)], "network"),
        ([disk("nvme-tcp")], "network"),
        ([disk("xen")], "virtual disk"),
        ([disk("scsi", True, vendor="VMware", model="Virtual disk")], "virtual disk"),
        ([disk("sata", True, vendor="ATA", model="QEMU HARDDISK")], "virtual disk"),
        ([disk("nvme", model="QEMU NVMe Ctrl")], "NVMe"),
        ([disk("loop")], "loop device"),
        ([disk(None)], "unknown"),
        ([disk("sata"), disk("sata", True)], "unknown"),
        ([], "unknown"),
    ],
)
def test_disks(devices: list[Device], kind: str) -> None:
    assert told(EXT4, tuple(devices)) == kind


@pytest.mark.parametrize(
    ("latency_s", "behaviour"),
    [
        (None, "unknown"), (float("nan"), "unknown"), (0.0, "unknown"),
        (12e-3, "HDD"), (2.01e-3, "HDD"), (2e-3, "network or cloud disk"),
        (0.5e-3, "network or cloud disk"), (250e-6, "network or cloud disk"),
        (249e-6, "flash"), (65e-6, "flash"), (30e-6, "flash"), (29e-6, "faster than flash"),
        (1e-6, "faster than flash"),
    ],
)  # fmt: skip
def test_behaviour_is_by_the_time_of_one_answer(latency_s: float | None, behaviour: str) -> None:
    assert behaves(latency_s) == behaviour


@pytest.mark.parametrize(
    ("kind", "latency_s", "rotational", "sentence"),
    [
        (
            "virtual disk", 65e-6, True,
            "the system says rotational, and it answers in 65 µs, as flash does",
        ),
        (
            "NVMe", 600e-6, False,
            "the system says NVMe, and it answers in 600 µs, as a network or cloud disk does",
        ),
        (
            "virtual disk", 8e-3, False,
            "the system says not rotational, and it answers in 8.0 ms, as a hard disk does",
        ),
        (
            "SATA SSD", 5e-6, False,
            "the system says SATA SSD, and it answers in 5.0 µs, faster than flash does",
        ),
        (
            "network", 12e-6, None,
            "the system says network, and it answers in 12 µs, faster than flash does",
        ),
        ("HDD", 8e-3, True, ""),
        ("NVMe", 80e-6, False, ""),
        ("NVMe", 10e-6, False, ""),
        ("SATA SSD", 400e-6, False, ""),
        ("virtual disk", 500e-6, True, ""),
        ("NVMe", None, True, ""),
        ("unknown", 80e-6, None, ""),
    ],
)  # fmt: skip
def test_contradictions_are_sentences(
    kind: str, latency_s: float | None, rotational: bool | None, sentence: str
) -> None:
    assert conflict(kind, latency_s, rotational) == sentence


@pytest.mark.parametrize(
    ("kind", "behaviour", "rows"),
    [
        ("virtual disk", "flash", {"SSD", "cloud"}),
        ("virtual disk", "network or cloud disk", {"cloud"}),
        ("virtual disk", "HDD", {"HDD", "cloud"}),
        ("virtual disk", "faster than flash", {"cloud"}),
        ("virtual disk", "unknown", {"cloud"}),
        ("NVMe", "flash", {"SSD", "NVMe"}),
        ("NVMe", "unknown", {"SSD", "NVMe"}),
        ("NVMe", "network or cloud disk", {"cloud"}),
        ("SATA SSD", "flash", {"SSD", "SATA SSD"}),
        ("SATA SSD", "HDD", set()),
        ("SSD", "flash", {"SSD"}),
        ("HDD", "HDD", {"HDD"}),
        ("HDD", "unknown", {"HDD"}),
        ("HDD", "flash", {"SSD"}),
        ("network", "flash", {"network"}),
        ("memory", "faster than flash", set()),
        ("SD/eMMC", "flash", set()),
        ("USB disk", "flash", {"SSD"}),
        ("unknown", "HDD", {"HDD"}),
        ("unknown", "unknown", set()),
    ],
)
def test_rows_of_the_lecture_apply_where_both_allow_it(
    kind: str, behaviour: str, rows: set[str]
) -> None:
    assert needs(kind, behaviour) == rows


def test_the_recorded_guest_contradicts_itself(machine: Unpack) -> None:
    root = machine("virtio_guest")
    (vda,) = disks(chain("254:0", root))
    assert conflict(kind_of(root), 65e-6, vda.rotational).startswith("the system says rotational")


def test_a_cloud_disk_that_says_nvme_is_found_out(machine: Unpack) -> None:
    root = machine("cloud_nvme")
    kind = kind_of(root)
    assert conflict(kind, 600e-6, False).endswith("as a network or cloud disk does")
    assert "NVMe" not in needs(kind, behaves(600e-6))
