"""What a disk can do at most. This module gives the bandwidth of the links below a directory."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST
from hwperf.host.storage.devices import chain, disks
from hwperf.host.storage.mounts import file_system
from hwperf.host.virtualization import is_virtual

__all__ = ["link_bandwidth"]


@lru_cache(maxsize=16)
def link_bandwidth(directory: Path, root: Path = HOST) -> float | None:
    """Return the B/s that the links of the disks below *directory* carry at most, summed.

    Of each link what both ends could do, for an idle one may have slowed down; of mirrored disks
    all, for reads come from each. None for memory and network, where a disk's link is not told,
    where the file system compresses (more goes in than crosses the link), and in virtual machines,
    whose links are what the host made up.
    """
    if is_virtual(root) is not False:
        return None
    try:
        found = file_system(directory, root)
        below = disks(chain(found.device, root))
    except Unavailable:
        return None
    if found.is_memory or found.is_network or _compresses(found.options):
        return None
    links = [disk.link.most_bandwidth for disk in below if disk.link]
    return sum(links) if links and len(links) == len(below) else None


def _compresses(options: tuple[str, ...]) -> bool:
    return any(option.startswith("compress") for option in options)
