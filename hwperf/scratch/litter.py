"""Files that must have names. This module keeps them in a directory whose owner can be told.

What has no name (the scratch file) vanishes with its last user. What is renamed, listed or synced
as a user's file is needs one: it lies in ``.hwperf-scratch-<16 hex digits>/``, which a file named
``owner`` says whose it is. A session removes its own; what a killed one has left is removed when
the next one begins in the same directory.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import secrets
import shutil
import stat
from pathlib import Path
from typing import Any

__all__ = ["OWNER", "PREFIX", "Litter", "new_name", "sweep"]

PREFIX = ".hwperf-scratch-"
OWNER = "owner"
_TORN = ".owner"
_NAME = re.compile(re.escape(PREFIX) + r"[0-9a-f]{16}")
_MAGIC = "hwperf scratch files; hwperf removes this directory"


def new_name() -> str:
    """Return a name that nobody else has."""
    return PREFIX + secrets.token_hex(8)


class Litter:
    """A private directory of a session, made when it is first asked for.

    Args:
        parent: the directory in which it is made.
        name: its name, from :func:`new_name`.
        pid: number of the process that the session belongs to.
    """

    def __init__(self, parent: Path, name: str, pid: int) -> None:
        self.path = parent / name
        self._pid = pid

    def make(self) -> Path:
        """Return the directory, which exists now.

        Raises:
            OSError: if it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700)
        except FileExistsError:
            return self.path
        torn = self.path / _TORN
        torn.write_text(json.dumps({"what": _MAGIC, **_identity(self._pid)}), encoding="utf-8")
        torn.rename(self.path / OWNER)
        return self.path

    def remove(self) -> None:
        """Remove the directory with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(parent: Path) -> list[Path]:
    """Remove what killed sessions of this user have left in *parent*; return what was removed.

    Removed is only a directory of our own name whose marker says that its owner, a process of this
    host, does not live any more; or, without a marker, an empty one.
    """
    removed = []
    with contextlib.suppress(OSError):
        for entry in os.scandir(parent):
            path = Path(entry.path)
            with contextlib.suppress(OSError):
                if not _NAME.fullmatch(entry.name):
                    continue
                if _is_forgotten_file(path):
                    path.unlink()
                    removed.append(path)
                elif _is_abandoned(path):
                    shutil.rmtree(path, ignore_errors=True)
                    removed.append(path)
    return removed


def _is_forgotten_file(path: Path) -> bool:
    """Whether it is an empty file that was to lose its name as soon as it had one."""
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and status.st_size == 0


def _is_abandoned(path: Path) -> bool:
    status = path.lstat()
    if not path.is_dir() or path.is_symlink() or status.st_uid != os.geteuid():
        return False
    try:
        owner = json.loads((path / OWNER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        # Killed between making the directory and writing the marker: only an empty one goes.
        with contextlib.suppress(OSError):
            (path / _TORN).unlink(missing_ok=True)
            path.rmdir()
        return False
    except ValueError:
        return False
    if not isinstance(owner, dict) or owner.get("what") != _MAGIC:
        return False
    if owner.get("host") != platform.node():
        return False  # A directory that several hosts share.
    here = _identity(int(owner.get("pid", 0)))
    if owner.get("boot") == here["boot"] and owner.get("namespace") != here["namespace"]:
        return False  # A container's, whose processes have other numbers here.
    return here != owner_identity(owner)


def owner_identity(owner: dict[str, Any]) -> dict[str, Any]:
    """Return what a marker says of its owner."""
    return {key: owner.get(key) for key in ("host", "boot", "namespace", "pid", "started")}


def _identity(pid: int) -> dict[str, Any]:
    """Return what tells the process *pid* from any other that has or had its number."""
    return {
        "host": platform.node(),
        "boot": _boot(),
        "namespace": _namespace(),
        "pid": pid,
        "started": _started(pid),
    }


def _namespace() -> int:
    """Return what tells the numbers of processes here from those in a container."""
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _started(pid: int) -> float | None:
    """Return when the process *pid* began, in ticks since the system did; None without one."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[19])  # Field 22, proc(5).
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
