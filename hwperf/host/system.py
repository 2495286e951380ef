"""The operating system around us. This module finds the cache directory that we own.

hwperf keeps compiled kernels there. Code is loaded from it, so it must be ours alone: a directory
that somebody else could have filled is not used.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["cache_directory"]


def cache_directory(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return the directory for what may be deleted at any time, or None when there is none.

    The first of $HWPERF_CACHE_DIR, $XDG_CACHE_HOME/hwperf and ~/.cache/hwperf that is set decides;
    it is made (mode 0700) when it is missing. One that cannot be made, belongs to somebody else or
    that others may write to is refused, and no other is tried: a user who names a place means it.

    Source: XDG Base Directory Specification 0.8 (paths that are not absolute are ignored).
    """
    for candidate in _candidates(os.environ if environment is None else environment):
        try:
            candidate.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = candidate.stat()
        except OSError:
            return None
        return candidate if _is_ours(status) and os.access(candidate, os.W_OK) else None
    return None


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    for name, below in (("HWPERF_CACHE_DIR", ""), ("XDG_CACHE_HOME", "hwperf")):
        told = environment.get(name, "")
        if told and Path(told).is_absolute():
            yield Path(told) / below
    home = environment.get("HOME") or os.path.expanduser("~")
    if Path(home).is_absolute():
        yield Path(home) / ".cache" / "hwperf"


def _is_ours(status: os.stat_result) -> bool:
    if os.name != "posix":
        return stat.S_ISDIR(status.st_mode)
    others = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not others
