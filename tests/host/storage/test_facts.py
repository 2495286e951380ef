"""Each fact of storage has a value or a reason, whatever is missing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwperf.host import Fact
from hwperf.host.storage import storage_facts

from .conftest import NAMES

Unpack = Callable[[str], Path]


def facts(root: Path, directory: str = "/") -> dict[str, Fact]:
    return {each.name: each for each in storage_facts(Path(directory), root)}


def values(root: Path, directory: str = "/") -> dict[str, Any]:
    return {name: each.value for name, each in facts(root, directory).items()}


def whys(root: Path, directory: str = "/") -> dict[str, str]:
    return {name: each.why for name, each in facts(root, directory).items()}


def subset(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in expected}


def test_the_recorded_guest(machine: Unpack) -> None:
    root = machine("virtio_guest")
    expected = {
        "file system": "ext4",
        "mount point": "/",
        "mount options": ("rw", "relatime", "discard"),
        "device chain": ("disk vda",),
        "size": 256 * 2**30,
        "logical block": 512,
        "physical block": 4096,
        "read-ahead": 8 * 2**20,
        "kind": "virtual disk",
        "disk model": None,
        "transport": "virtio",
        "rotational": True,
        "scheduler": "mq-deadline",
        "queue depth": 256,
        "device queue depth": None,
        "write cache": "write back",
        "link": None,
        "link bandwidth": None,
    }
    assert subset(values(root), expected) == expected
    assert whys(root)["disk model"] == "the disk tells no disk model"
    assert whys(root)["free space"] == "only the running system tells, not a recorded one"


def test_the_recorded_laptop(machine: Unpack) -> None:
    expected = {
        "device chain": ("LVM dm-1", "LUKS dm-0", "partition nvme0n1p2", "disk nvme0n1"),
        "size": 900_000_000 * 512,
        "disk model": "Samsung SSD 980 PRO 1TB",
        "kind": "NVMe",
        "rotational": False,
        "scheduler": "none",
        "link": "PCIe 2.5 GT/s x4, at most PCIe 8 GT/s x4",
        "link bandwidth": pytest.approx(1e9),
    }
    assert subset(values(machine("encrypted_laptop")), expected) == expected


def test_disks_that_differ_are_told_apart(machine: Unpack) -> None:
    expected = {
        "disk model": ("sda: ATA WDC WD40EFRX-68N", "sdb: ATA ST4000VN008-2DR1"),
        "kind": "HDD",
        "rotational": True,
        "scheduler": ("sda: mq-deadline", "sdb: bfq"),
        "device queue depth": 32,
        "link": ("sda: SATA 6 Gbit/s", "sdb: SATA 3 Gbit/s, at most SATA 6 Gbit/s"),
        "link bandwidth": pytest.approx(900e6),
    }
    assert subset(values(machine("mirrored_server")), expected) == expected


def test_what_one_disk_tells_is_not_said_of_all(machine: Unpack) -> None:
    root = machine("mirrored_server")
    sdb = root / "sys/class/block/sdb"
    (sdb / "queue/scheduler").unlink()
    (sdb / "queue/rotational").write_text("0\n")
    shown = values(root)
    assert shown["scheduler"] == ("sda: mq-deadline",)
    assert shown["rotational"] == ("sda: yes", "sdb: no")
    assert shown["kind"] is None


def test_network_has_a_kind_and_no_device(machine: Unpack) -> None:
    root = machine("mirrored_server")
    assert values(root, "/data")["kind"] == "network"
    assert "'server:/export', which is no device" in whys(root, "/data")["transport"]


def test_an_overlay_says_where_it_writes(machine: Unpack) -> None:
    root = machine("container")
    assert values(root, "/merged")["file system"] == (
        "overlay, upper directory /data/up,per on ext4"
    )
    assert "is hidden" in str(values(root)["file system"])
    assert "upper directory is hidden" in whys(root)["device chain"]


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_has_a_value_or_a_reason_and_a_source(machine: Unpack, name: str) -> None:
    shown = list(storage_facts(Path("/"), machine(name)))
    assert len({each.name for each in shown}) == len(shown)
    for each in shown:
        assert (each.value is None) == bool(each.why), each
        assert each.source
        assert "unexpected content" not in each.why, each


@pytest.mark.parametrize("gone", ["proc", "sys", "sys/dev", "sys/class", "sys/devices"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_missing_costs_no_exception(machine: Unpack, name: str, gone: str) -> None:
    root = machine(name)
    if (root / gone).exists():
        shutil.rmtree(root / gone)
    assert all(each.value is not None or each.why for each in facts(root).values())


@pytest.mark.parametrize("content", ["", "x", "-1", "[", "\ufffd" * 50, "9" * 5000, "[] -"])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_broken_costs_no_exception(machine: Unpack, name: str, content: str) -> None:
    root = machine(name)
    for path in (root / "sys").rglob("*"):
        if path.is_file():
            path.write_text(content, encoding="utf-8")
    assert all(each.value is not None or each.why for each in facts(root).values())


def test_a_name_that_is_no_utf_8_can_be_printed(unpack: Unpack) -> None:
    root = unpack("/proc/self/mountinfo: x\n")
    (root / "proc/self/mountinfo").write_bytes(b"2 1 8:1 / / rw - ext4 /dev/sda1 rw,a=\xff\n")
    assert values(root)["mount options"] == ("rw", "a=?")


@pytest.mark.skipif(sys.platform != "linux", reason="needs mountinfo")
def test_this_machine(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    shown = {each.name: each for each in storage_facts(tmp_path)}
    assert shown["directory"].value == str(tmp_path.resolve())
    assert isinstance(shown["free space"].value, int)
    assert shown["file system"].value
    assert all(each.value is not None or each.why for each in shown.values())


def test_a_directory_that_is_not_there_has_reasons(tmp_path: Path) -> None:
    shown = {each.name: each for each in storage_facts(tmp_path / "none")}
    assert shown["free space"].value is None
    assert shown["direct I/O, memory"].value is None


@pytest.mark.skipif(sys.platform != "linux", reason="statx is Linux's")
def test_alignment_is_told_of_a_file_only(tmp_path: Path) -> None:
    shown = {each.name: each for each in storage_facts(tmp_path)}
    assert shown["direct I/O, offset"].why == (
        "only of a file is it told, and the directory has none"
    )
