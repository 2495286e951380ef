"""From a file system down to the disks: every device once, each described as far as it is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.facts import Unavailable
from hwperf.host.storage import Device, chain, disks, file_system

Unpack = Callable[[str], Path]


def below(root: Path, directory: str = "/") -> tuple[Device, ...]:
    return chain(file_system(Path(directory), root).device, root)


def names(devices: tuple[Device, ...]) -> list[str]:
    return [f"{each.kind} {each.name}" for each in devices]


@pytest.mark.parametrize(
    ("name", "directory", "devices"),
    [
        ("virtio_guest", "/", ["disk vda"]),
        (
            "encrypted_laptop",
            "/",
            ["LVM dm-1", "LUKS dm-0", "partition nvme0n1p2", "disk nvme0n1"],
        ),
        ("encrypted_laptop", "/boot", ["partition nvme0n1p1", "disk nvme0n1"]),
        (
            "mirrored_server",
            "/",
            ["md raid1 md0", "partition sda1", "disk sda", "partition sdb1", "disk sdb"],
        ),
        ("sata_ssd", "/", ["partition sda2", "disk sda"]),
        (
            "btrfs_workstation",
            "/home",
            ["partition nvme0n1p2", "disk nvme0n1", "partition nvme1n1p1", "disk nvme1n1"],
        ),
        (
            "btrfs_workstation",
            "/packed",
            ["dm-crypt dm-0", "partition nvme1n1p1", "disk nvme1n1"],
        ),
        ("cloud_nvme", "/", ["partition nvme0n1p1", "disk nvme0n1"]),
        ("sd_card", "/", ["partition mmcblk0p2", "disk mmcblk0"]),
    ],
)
def test_chains(machine: Unpack, name: str, directory: str, devices: list[str]) -> None:
    assert names(below(machine(name), directory)) == devices


def test_everything_that_is_told_of_a_disk(machine: Unpack) -> None:
    assert below(machine("virtio_guest")) == (
        Device(
            name="vda",
            kind="disk",
            size_bytes=256 * 2**30,
            rotational=True,
            scheduler="mq-deadline",
            queue_depth=256,
            logical_block_bytes=512,
            physical_block_bytes=4096,
            write_cache="write back",
            read_ahead_bytes=8 * 2**20,
            transport="virtio",
        ),
    )


def test_hardware_below_a_disk(machine: Unpack) -> None:
    (disk,) = disks(below(machine("sata_ssd")))
    assert (disk.vendor, disk.model) == ("ATA", "Samsung SSD 870")
    assert (disk.queue_depth, disk.device_queue_depth) == (64, 32)
    assert (disk.transport, disk.rotational, disk.scheduler) == ("sata", False, "mq-deadline")
    assert disk.link_bandwidth == pytest.approx(600e6)


def test_a_partition_has_the_queue_of_its_disk(machine: Unpack) -> None:
    partition = below(machine("sata_ssd"))[0]
    assert (partition.logical_block_bytes, partition.physical_block_bytes) == (512, 4096)
    assert (partition.write_cache, partition.transport) == ("write through", None)


def test_a_card_has_a_name_for_a_model(machine: Unpack) -> None:
    assert below(machine("sd_card"))[-1].model == "SC32G"


def test_a_mapped_device_is_found_by_its_name_where_dev_is_bare(machine: Unpack) -> None:
    root = machine("btrfs_workstation")
    assert not (root / "dev").exists()
    assert below(root, "/packed")[0].name == "dm-0"


def test_a_mapped_device_is_found_by_its_link_in_dev(machine: Unpack) -> None:
    root = machine("btrfs_workstation")
    (root / "dev/mapper").mkdir(parents=True)
    (root / "dev/mapper/packed").symlink_to("../dm-0")
    (root / "sys/devices/virtual/block/dm-0/dm/name").write_text("other")
    assert below(root, "/packed")[0].name == "dm-0"


@pytest.mark.parametrize(
    ("name", "directory", "why"),
    [
        ("mirrored_server", "/data", "nfs4 names 'server:/export', which is no device"),
        ("mirrored_server", "/tank", "zfs names 'tank/home', which is no device"),
        ("mirrored_server", "/mnt/stick", "/sys/class/block does not have /dev/sdc1"),
        ("virtio_guest", "/dev/shm", "tmpfs names 'again', which is no device"),
        ("container", "/", "an overlay has no device of its own"),
    ],
)
def test_what_has_no_device_says_why(machine: Unpack, name: str, directory: str, why: str) -> None:
    with pytest.raises(Unavailable, match=why):
        below(machine(name), directory)


@pytest.mark.parametrize("device", ["9:9", "0:99", "", "x", "0:", "\0", "../..", "8:1/../8:1"])
def test_a_device_that_is_not_there_is_a_reason(machine: Unpack, device: str) -> None:
    with pytest.raises(Unavailable):
        chain(device, machine("sata_ssd"))


def test_a_tree_without_links_still_names_its_device(unpack: Unpack) -> None:
    root = unpack("/sys/dev/block/8:0/uevent: DEVNAME=sda\n/sys/class/block/sda/size: 8\n")
    assert chain("8:0", root)[0].size_bytes == 4096


def test_odd_content_is_not_told(unpack: Unpack) -> None:
    root = unpack(
        "/sys/dev/block/8:0/uevent: DEVNAME=sda\n"
        "/sys/class/block/sda/size: many\n"
        "/sys/class/block/sda/queue/:\n"
        "    rotational maybe\n    nr_requests -1\n    read_ahead_kb \n    scheduler \n"
        "    write_cache \n"
    )
    assert chain("8:0", root) == (Device("sda", "disk"),)


def test_devices_that_lie_on_each_other_are_listed_once(unpack: Unpack) -> None:
    root = unpack(
        "/sys/dev/block/9:0/uevent: DEVNAME=md0\n"
        "/sys/class/block/md0/slaves/md1/\n"
        "/sys/class/block/md1/slaves/md0/\n"
    )
    assert [each.name for each in chain("9:0", root)] == ["md0", "md1"]
