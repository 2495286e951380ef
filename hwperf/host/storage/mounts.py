"""What a directory lies on. This module finds its file system among those that are mounted."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST
from hwperf.host.storage.mountinfo import Mount, holding, mounts
from hwperf.host.storage.paths import exists, real

__all__ = ["FileSystem", "file_system"]

# Files of these are pages of memory. The rootfs of an initramfs is one of ramfs and tmpfs.
_MEMORY = frozenset({"tmpfs", "ramfs", "rootfs", "hugetlbfs", "devtmpfs"})

# Files of these are served by another machine, or by the host of this virtual one.
_NETWORK = frozenset({
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "glusterfs", "gpfs", "lustre", "orangefs",
    "panfs", "smb3", "smbfs", "vboxsf", "virtiofs", "wekafs",
})  # fmt: skip

_DEEPEST = 8  # Overlays on overlays: the kernel allows two levels (FILESYSTEM_MAX_STACK_DEPTH).


@dataclass(frozen=True)
class FileSystem:
    """The file system of a directory.

    Attributes:
        type: as the kernel names it: "ext4", "nfs4", "overlay".
        mount_point: where it is mounted.
        options: of the mount, then of the file system, each once.
        source: what was mounted: a device, a server's directory, or any word.
        device: "MAJOR:MINOR"; of an overlay that of its upper directory, where that is visible.
        is_memory: its files are kept in memory.
        is_network: its files are on another machine, or it is FUSE, of which only fuseblk says
            that it is on a device of this one.
        is_read_only: the mount or the file system is.
        note: of an overlay, where files are written to, or why that is hidden.
    """

    type: str
    mount_point: str
    options: tuple[str, ...]
    source: str
    device: str
    is_memory: bool
    is_network: bool
    is_read_only: bool
    note: str = ""


def file_system(directory: Path, root: Path = HOST) -> FileSystem:
    """Return the file system that *directory* lies on.

    Raises:
        Unavailable: where the system does not tell.
    """
    return _file_system(directory, mounts(root), root, _DEEPEST)


def _file_system(
    directory: Path, mounted: tuple[Mount, ...], root: Path, deepest: int
) -> FileSystem:
    mount = holding(_resolved(directory, root), mounted)
    found = FileSystem(
        type=mount.type,
        mount_point=mount.point,
        options=mount.options,
        source=mount.source,
        device=mount.device,
        is_memory=mount.type in _MEMORY,
        is_network=mount.type in _NETWORK or mount.type.startswith(("nfs", "fuse.")),
        is_read_only="ro" in mount.options,
    )
    if mount.type != "overlay":
        return found
    try:
        path = _upper_directory(mount, mounted, root)
        if deepest == 0:
            raise Unavailable("its upper directory leads back to itself")
        upper = _file_system(Path(path), mounted, root, deepest - 1)
    except Unavailable as reason:
        return replace(found, note=str(reason))
    return replace(
        found,
        device=upper.device,
        is_memory=upper.is_memory,
        is_network=upper.is_network,
        note=f"upper directory {path} on {upper.type}",
    )


def _upper_directory(overlay: Mount, mounted: tuple[Mount, ...], root: Path) -> str:
    """Return where *overlay* writes to; the path is one of who mounted it, seldom one of ours."""
    told = [each for each in overlay.options if each.startswith("upperdir=")]
    if not told:
        raise Unavailable("it has no upper directory, or does not tell it")
    path = told[0].removeprefix("upperdir=")
    hidden = f"its upper directory {path} is hidden from this container or user"
    if not path.startswith("/") or not exists(root, path):
        raise Unavailable(hidden)
    if holding(real(root, path), mounted).device == overlay.device:
        raise Unavailable(hidden)
    return path


def _resolved(directory: Path, root: Path) -> str:
    try:
        return os.path.realpath(directory) if root == HOST else real(root, directory.as_posix())
    except (OSError, ValueError) as reason:  # The current directory may have been removed.
        raise Unavailable(f"{directory} leads nowhere: {reason}") from None
