"""Where storage is measured. This module says why a directory will not do, writing nothing."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from functools import lru_cache
from pathlib import Path

from hwperf.errors import Unsupported
from hwperf.host import storage
from hwperf.host.facts import Unavailable
from hwperf.units import GiB, format_bytes

__all__ = ["HELD_SHARE", "SPARE_BYTES", "lacking", "require_space", "unwritable"]

HELD_SHARE = 0.1
"""Part of the free space that scratch files take at most."""

SPARE_BYTES = 1 * GiB
"""Free space that is always left: a full file system hurts whoever shares it."""


def lacking() -> str | None:
    """Return why storage cannot be measured in the directory that the user chose, or None.

    Cheap, and nothing is written.
    """
    if sys.platform != "linux":
        return (
            "direct I/O and the count of bytes that reached the device are Linux's; elsewhere "
            "hwperf has not been run"
        )
    return unwritable(storage.target_directory())


@lru_cache(maxsize=64)
def unwritable(directory: Path) -> str | None:
    """Return why no scratch file can be made in *directory*, or None."""
    if not directory.exists():
        return f"{directory} does not exist. Name a directory that does, with --path"
    if not directory.is_dir():
        return f"{directory} is no directory. Name one with --path; hwperf opens no raw device"
    try:
        status = os.statvfs(directory)
        file_system = storage.file_system(directory)
    except OSError as error:
        return f"{directory}: {error.strerror}"
    except Unavailable as why:
        return f"the file system of {directory} is not told: {why}"
    if file_system.is_memory:
        return (
            f"{directory} lies on {file_system.type}, which keeps files in memory. Name a "
            "directory on a disk with --path"
        )
    name = storage.in_memory(directory)
    if name is not None:
        return (
            f"{directory} lies on {name}, which keeps its blocks in memory. Name a directory on a "
            "disk with --path"
        )
    if status.f_flag & os.ST_RDONLY:
        return f"{directory} is on a file system that is mounted read-only"
    if not os.access(directory, os.W_OK | os.X_OK):
        return f"{directory} may not be written to by this user"
    return None


def require_space(directory: Path, nbytes: int, held: int = 0) -> None:
    """See that *nbytes* more may be held in *directory*, where *held* bytes already are.

    Raises:
        Unsupported: if that is more than a tenth of the free space, or leaves too little.
    """
    try:
        free = shutil.disk_usage(directory).free  # What users may have, not what root may.
    except OSError as error:
        raise Unsupported(_cannot(directory, error)) from error
    most = min(int(HELD_SHARE * (free + held)), free + held - SPARE_BYTES)
    if held + nbytes > most:
        raise Unsupported(
            f"{format_bytes(held + nbytes)} of scratch files are more than hwperf takes of "
            f"{directory}, where {format_bytes(free)} are free: a tenth at most, and 1 GiB is left"
        )


def _cannot(directory: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return f"{directory} has vanished"
    return f"{directory}: {error.strerror}"
