"""The bound is what all links together can carry, or None where something is not told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf import limits
from hwperf.host.storage import DIRECTORY, link_bandwidth

Unpack = Callable[[str], Path]
PCIE_3 = 8e9 * 128 / 130 / 8  # B/s and lane


@pytest.mark.parametrize(
    ("name", "directory", "bandwidth"),
    [
        ("encrypted_laptop", "/", 4 * PCIE_3),  # Not the 2.5 GT/s that it idles at.
        ("mirrored_server", "/", 2 * 600e6),
        ("sata_ssd", "/", 600e6),
        ("btrfs_workstation", "/", 4 * 2 * PCIE_3 + 2 * PCIE_3),
        ("btrfs_workstation", "/packed", None),  # It compresses.
        ("mirrored_server", "/data", None),
        ("mirrored_server", "/tank", None),
        ("virtio_guest", "/", None),
        ("virtio_guest", "/dev/shm", None),
        ("cloud_nvme", "/", None),  # In a guest, where 2.5 GT/s x1 is made up.
        ("container", "/", None),
        ("container", "/merged", None),
        ("sd_card", "/", None),
    ],
)
def test_recorded_storage(
    machine: Unpack, name: str, directory: str, bandwidth: float | None
) -> None:
    expected = None if bandwidth is None else pytest.approx(bandwidth)
    assert link_bandwidth(Path(directory), machine(name)) == expected


def test_one_disk_that_does_not_tell_leaves_no_bound(machine: Unpack) -> None:
    root = machine("mirrored_server")
    (root / "sys/class/ata_link/link2/sata_spd").unlink()
    assert link_bandwidth(Path("/"), root) is None


def test_where_nothing_tells_a_guest_from_a_machine_there_is_no_bound(machine: Unpack) -> None:
    root = machine("sata_ssd")
    (root / "proc/cpuinfo").unlink()
    assert link_bandwidth(Path("/"), root) is None


def test_limits_ask_for_the_directory_that_storage_uses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []
    monkeypatch.setenv(DIRECTORY, str(tmp_path))
    monkeypatch.setattr(limits.storage, "link_bandwidth", lambda path: asked.append(path) or 5.0)
    assert limits.storage_bandwidth(nbytes=4096) == 5.0
    assert asked == [tmp_path]
    shown = {each.name: each.value for each in limits.facts()}
    assert shown["storage link"] == 5.0
