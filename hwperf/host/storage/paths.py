"""Symbolic links under a root. This module follows them in /sys and /dev, or in a recorded copy."""

from __future__ import annotations

import os
from pathlib import Path

from hwperf.host.facts import Unavailable

__all__ = ["exists", "real"]


def real(root: Path, path: str) -> str:
    """Return where *path* under *root* leads, with all links followed, as a path under *root*.

    The links of /sys and /dev are relative and stay under the root. An absolute one is what it
    would be on the host.

    Raises:
        Unavailable: for what can be no path.
    """
    base = os.path.realpath(root)
    try:
        found = os.path.realpath(os.path.join(base, path.lstrip("/")))
    except (ValueError, OSError) as reason:
        raise Unavailable(f"{path!r} is no path: {reason}") from None
    if found != base and not found.startswith(base.rstrip(os.sep) + os.sep):
        return Path(found).as_posix()
    inside = Path(found).relative_to(base).as_posix()
    return "/" if inside == "." else f"/{inside}"


def exists(root: Path, path: str) -> bool:
    """Return whether there is something at *path* under *root* that we may see."""
    return os.path.exists(os.path.join(root, path.lstrip("/")))
