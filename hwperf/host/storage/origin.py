"""The block devices that a file system was mounted from. This module finds their names.

Most file systems have the number of their device. Those that may have several, or none, get a
number of their own with major 0; then what was mounted tells.
"""

from __future__ import annotations

import re
from pathlib import Path

from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, listing, optional
from hwperf.host.storage.mountinfo import MOUNTINFO, Mount, mounts
from hwperf.host.storage.paths import exists, real

__all__ = ["origins"]

_BLOCK = "/sys/class/block"
_BTRFS = "/sys/fs/btrfs"
_NUMBER = re.compile(r"\d+:\d+")


def origins(device: str, root: Path = HOST) -> tuple[str, ...]:
    """Return the names of the block devices of the file system with the number *device*.

    Raises:
        Unavailable: where the system does not tell; the text says why.
    """
    if not _NUMBER.fullmatch(device):
        raise Unavailable(f"{device!r} is no device number")
    if not device.startswith("0:"):
        path = f"/sys/dev/block/{device}"
        if not exists(root, path):
            raise Unavailable(f"{path} does not exist here")
        name = real(root, path).rpartition("/")[2]
        if name == device:  # A tree without links.
            name = _uevent_name(root, path)
        return (name,)
    mount = next((each for each in mounts(root) if each.device == device), None)
    if mount is None:
        raise Unavailable(f"{MOUNTINFO} has no device {device}")
    name = _source_name(mount, root)
    return _together(name, root) if mount.type == "btrfs" else (name,)


def _source_name(mount: Mount, root: Path) -> str:
    """Return the name of the block device that was mounted."""
    if mount.type == "overlay":
        raise Unavailable("an overlay has no device of its own, and its upper directory is hidden")
    if not mount.source.startswith("/dev/"):
        raise Unavailable(f"{mount.type} names {mount.source!r}, which is no device of this system")
    # /dev/mapper/NAME is a link to /dev/dm-N, but not in every container.
    base = real(root, mount.source).rpartition("/")[2]
    if exists(root, f"{_BLOCK}/{base}"):
        return base
    mapped = (name for name in listing(root, _BLOCK) if name.startswith("dm-"))
    found = [name for name in mapped if optional(root, f"{_BLOCK}/{name}/dm/name") == base]
    if not found:
        raise Unavailable(f"{_BLOCK} does not have {mount.source}, which {mount.type} names")
    return found[0]


def _together(name: str, root: Path) -> tuple[str, ...]:
    """Return all devices of the btrfs that *name* belongs to: mountinfo names one of them."""
    for uuid in listing(root, _BTRFS):
        members = listing(root, f"{_BTRFS}/{uuid}/devices")
        if name in members:
            return members
    return (name,)


def _uevent_name(root: Path, path: str) -> str:
    for line in (optional(root, f"{path}/uevent") or "").splitlines():
        if line.startswith("DEVNAME="):
            return line.removeprefix("DEVNAME=")
    raise Unavailable(f"{path} does not tell the name of the device")
