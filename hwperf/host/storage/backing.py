"""Block devices that are no device. This module tells those in memory, and files that play a disk.

What such a device moves is counted as I/O, and need not touch any disk: a loop device answers from
the page cache of its file unless it was set up for direct I/O.
"""

from __future__ import annotations

from pathlib import Path

from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, optional
from hwperf.host.storage.devices import chain, disks
from hwperf.host.storage.mounts import file_system

__all__ = ["in_memory", "is_second_hand"]

_MEMORY = frozenset({"zram", "brd"})


def in_memory(directory: Path, root: Path = HOST) -> str | None:
    """Return the name of the device below *directory* that keeps its blocks in memory, or None."""
    for name, transport in _disks(directory, root):
        if transport in _MEMORY:
            return name
        backing = _backing_file(name, root) if transport == "loop" else None
        if backing is not None:
            try:
                if file_system(backing.parent, root).is_memory:
                    return name
            except (Unavailable, OSError):
                continue
    return None


def is_second_hand(directory: Path, root: Path = HOST) -> bool:
    """Whether what the device below *directory* moves may come from the page cache of its file."""
    return any(
        transport == "loop" and optional(root, f"/sys/class/block/{name}/loop/dio") != "1"
        for name, transport in _disks(directory, root)
    )


def _disks(directory: Path, root: Path) -> list[tuple[str, str | None]]:
    try:
        found = disks(chain(file_system(directory, root).device, root))
    except (Unavailable, OSError):
        return []
    return [(disk.name, disk.transport) for disk in found]


def _backing_file(name: str, root: Path) -> Path | None:
    told = optional(root, f"/sys/class/block/{name}/loop/backing_file")
    return Path(told.removesuffix(" (deleted)")) if told else None
