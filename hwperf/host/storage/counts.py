"""What went through a disk. This module reads the kernel's counts of a block device.

Less our own bytes, the difference of two counts is what others moved meanwhile.

Source: Linux, Documentation/block/stat.rst.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, text

__all__ = ["IoCounts", "io_counts"]

_SECTOR_BYTES = 512  # In this file, whatever the device's blocks are.


@dataclass(frozen=True)
class IoCounts:
    """Counts since the device appeared: bytes, completed requests, and time with any in flight."""

    read_bytes: int
    written_bytes: int
    reads: int
    writes: int
    busy_s: float


def io_counts(name: str, root: Path = HOST) -> IoCounts:
    """Return the counts of the block device *name*, such as "nvme0n1p2": one small file.

    Raises:
        Unavailable: where the system does not tell.
    """
    path = f"/sys/class/block/{name}/stat"
    told = text(root, path).split()
    if len(told) < 11 or not all(word.isdecimal() for word in told[:11]):
        raise Unavailable(f"{path} has an unexpected content: {' '.join(told)!r}")
    return IoCounts(
        read_bytes=int(told[2]) * _SECTOR_BYTES,
        written_bytes=int(told[6]) * _SECTOR_BYTES,
        reads=int(told[0]),
        writes=int(told[4]),
        busy_s=int(told[9]) / 1000,
    )
