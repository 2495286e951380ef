"""Main memory. This module says how much there is, and whether a working set fits.

"Available" is what may be allocated without swapping, under the limits of our control groups.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hwperf.errors import Unsupported
from hwperf.host import cgroup
from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, text
from hwperf.units import format_bytes

__all__ = ["available_bytes", "lacking", "meminfo", "require", "total_bytes"]

# Kept free of what is available: page tables for 4 KiB pages take 8 B / 4096 B = 0.2 %, Linux
# keeps 3 % for the user (vm.user_reserve_kbytes), and the interpreter grows while it measures.
RESERVE = 0.05


def meminfo(root: Path = HOST) -> dict[str, int]:
    """Return /proc/meminfo as bytes by name (counts of huge pages stay counts).

    Raises:
        Unavailable: where the system has no such file.
    """
    table = {}
    for line in text(root, "/proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        number, _, unit = rest.strip().partition(" ")
        if number.isdecimal():
            table[name] = int(number) * (1024 if unit == "kB" else 1)
    return table


def total_bytes(root: Path = HOST) -> int:
    """Return the bytes of memory that the operating system manages.

    Raises:
        Unavailable: where the system does not tell.
    """
    return _bytes(root, "MemTotal", "total")


def available_bytes(root: Path = HOST) -> int:
    """Return the bytes that may be allocated now: by the kernel and by our control groups.

    Raises:
        Unavailable: where the system does not tell.
    """
    return _available(root)[0]


def lacking(nbytes: int, root: Path = HOST) -> str | None:
    """Return why *nbytes* of working memory do not fit, with the figures, or None: they do.

    Nothing is judged where the system does not tell what is available.
    """
    try:
        available, source = _available(root)
    except Unavailable:
        return None
    usable = int(available * (1 - RESERVE))
    if nbytes <= usable:
        return None
    return (
        f"{format_bytes(nbytes)} of memory are needed, {format_bytes(usable)} are usable "
        f"({format_bytes(available)} available by {source}, less "
        f"{RESERVE * 100:.0f} % kept free). "
        "Close other programs, raise the limit, or measure a smaller working set."
    )


def require(nbytes: int, root: Path = HOST) -> None:
    """Raise Unsupported, with the figures, when *nbytes* of working memory do not fit."""
    reason = lacking(nbytes, root)
    if reason:
        raise Unsupported(reason)


def _available(root: Path) -> tuple[int, str]:
    free, source = _bytes(root, "MemAvailable", "available"), "/proc/meminfo MemAvailable"
    limit = cgroup.memory(root)
    if limit is not None and limit.free_bytes < free:
        return limit.free_bytes, limit.source
    return free, source


def _bytes(root: Path, name: str, elsewhere: str) -> int:
    """Return one figure of /proc/meminfo, or psutil's where the running system has no /proc."""
    try:
        return meminfo(root)[name]
    except KeyError:
        raise Unavailable(f"/proc/meminfo has no {name}") from None
    except Unavailable:
        if root != HOST or sys.platform == "linux":  # There psutil reads the same file.
            raise
    import psutil

    return int(getattr(psutil.virtual_memory(), elsewhere))
