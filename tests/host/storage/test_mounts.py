"""A directory's file system is found, with what it means for a measurement."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.facts import Unavailable
from hwperf.host.storage import FileSystem, chain, file_system

Unpack = Callable[[str], Path]


def one(unpack: Unpack, type: str, options: str = "rw", own: str = "rw") -> FileSystem:
    text = f"/proc/self/mountinfo: 2 1 0:30 / / {options} - {type} any {own}\n"
    return file_system(Path("/x"), unpack(text))


def test_options_of_mount_and_file_system_stand_once_each(machine: Unpack) -> None:
    found = file_system(Path("/"), machine("virtio_guest"))
    assert found == FileSystem(
        type="ext4",
        mount_point="/",
        options=("rw", "relatime", "discard"),
        source="/dev/vda",
        device="254:0",
        is_memory=False,
        is_network=False,
        is_read_only=False,
    )


def test_stacked_mounts(machine: Unpack) -> None:
    assert file_system(Path("/dev/shm"), machine("virtio_guest")).source == "again"


def test_a_name_with_a_space(machine: Unpack) -> None:
    found = file_system(Path("/mnt/a disk/deep"), machine("encrypted_laptop"))
    assert (found.mount_point, found.is_read_only) == ("/mnt/a disk", True)


@pytest.mark.parametrize(
    ("directory", "mount_point"),
    [("/data/x", "/data"), ("/data/fast", "/data/fast"), ("/link", "/"), ("/link/../..", "/")],
)
def test_bound_and_linked_directories(machine: Unpack, directory: str, mount_point: str) -> None:
    assert file_system(Path(directory), machine("mirrored_server")).mount_point == mount_point


def test_a_link_leads_to_the_file_system_of_its_target(unpack: Unpack) -> None:
    root = unpack(
        "/proc/self/mountinfo:\n"
        "    2 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "    3 2 8:2 / /mnt rw - xfs /dev/sda2 rw\n"
        "/mnt/deep/\n"
        "/link -> mnt/deep\n"
    )
    assert file_system(Path("/link/new"), root).type == "xfs"


@pytest.mark.parametrize("type", ["tmpfs", "ramfs", "hugetlbfs", "devtmpfs", "rootfs"])
def test_memory(unpack: Unpack, type: str) -> None:
    found = one(unpack, type)
    assert (found.is_memory, found.is_network) == (True, False)


@pytest.mark.parametrize(
    "type",
    ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.glusterfs", "lustre", "ceph",
     "glusterfs", "beegfs", "gpfs", "afs", "virtiofs"],
)  # fmt: skip
def test_network(unpack: Unpack, type: str) -> None:
    found = one(unpack, type)
    assert (found.is_memory, found.is_network) == (False, True)


@pytest.mark.parametrize("type", ["ext4", "xfs", "btrfs", "zfs", "fuseblk", "fusectl", "overlay"])
def test_neither(unpack: Unpack, type: str) -> None:
    found = one(unpack, type)
    assert (found.is_memory, found.is_network) == (False, False)


@pytest.mark.parametrize(("options", "own"), [("ro", "rw"), ("rw", "ro"), ("ro", "ro")])
def test_read_only_by_the_mount_or_by_the_file_system(
    unpack: Unpack, options: str, own: str
) -> None:
    assert one(unpack, "ext4", options, own).is_read_only


def test_an_overlay_is_where_its_upper_directory_is(machine: Unpack) -> None:
    root = machine("container")
    found = file_system(Path("/merged/x"), root)
    assert (found.type, found.device, found.is_memory) == ("overlay", "8:2", False)
    assert found.note == "upper directory /data/up,per on ext4"
    assert [each.name for each in chain(found.device, root)] == ["sda2", "sda"]


def test_an_overlay_on_memory_is_memory(machine: Unpack) -> None:
    found = file_system(Path("/live"), machine("container"))
    assert (found.type, found.is_memory) == ("overlay", True)


def test_an_overlay_whose_upper_directory_is_out_of_sight_says_so(machine: Unpack) -> None:
    root = machine("container")
    found = file_system(Path("/home"), root)
    assert found.device == "0:71"
    assert found.note == (
        "its upper directory /var/lib/docker/overlay2/x/diff is hidden from this container or user"
    )
    with pytest.raises(Unavailable, match="an overlay has no device of its own"):
        chain(found.device, root)


def test_a_directory_of_the_overlay_itself_is_not_its_upper_directory(machine: Unpack) -> None:
    """The path is one of the host; in the container it may exist by chance."""
    root = machine("container")
    (root / "var/lib/docker/overlay2/x/diff").mkdir(parents=True)
    assert "is hidden" in file_system(Path("/home"), root).note


def test_an_overlay_without_an_upper_directory_is_read_only(machine: Unpack) -> None:
    found = file_system(Path("/frozen"), machine("container"))
    assert found.is_read_only
    assert found.note == "it has no upper directory, or does not tell it"


def test_overlays_that_lead_to_each_other_end(unpack: Unpack) -> None:
    root = unpack(
        "/proc/self/mountinfo:\n"
        "    2 1 0:5 / /a rw - overlay x rw,upperdir=/b/u\n"
        "    3 1 0:6 / /b rw - overlay x rw,upperdir=/a/u\n"
        "/a/u/\n/b/u/\n"
    )
    assert file_system(Path("/a"), root).note.endswith("on overlay")


def test_without_a_table_there_is_a_reason(unpack: Unpack) -> None:
    with pytest.raises(Unavailable, match="/proc/self/mountinfo does not exist here"):
        file_system(Path("/"), unpack(""))


def test_a_current_directory_that_is_gone_is_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if sys.platform != "linux":
        pytest.skip("needs mountinfo")

    def gone(path: object) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("hwperf.host.storage.mounts.os.path.realpath", gone)
    with pytest.raises(Unavailable, match="leads nowhere"):
        file_system(Path())


@pytest.mark.skipif(sys.platform != "linux", reason="needs mountinfo")
def test_this_machine_has_a_file_system(tmp_path: Path) -> None:
    assert file_system(tmp_path).type
