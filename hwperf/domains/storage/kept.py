"""What files of the session hold, and whether they are whole: a note beside them, written last.

A process that is killed while it writes leaves no note, and the files are made anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["forget", "note", "noted", "sync_directory"]

_SUFFIX = ".json"


def note(path: Path, **facts: int) -> None:
    """Note that what lies at *path* is whole, and *facts* of it."""
    beside = _beside(path)
    partial = beside.with_name(beside.name + ".partial")
    partial.write_text(json.dumps(facts), encoding="ascii")
    os.replace(partial, beside)


def noted(path: Path) -> Mapping[str, int] | None:
    """Return the facts that were noted of *path*, or None if it is not whole or not there."""
    try:
        facts: Any = json.loads(_beside(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    is_sound = isinstance(facts, dict) and all(type(fact) is int for fact in facts.values())
    return facts if is_sound and path.exists() else None


def forget(path: Path) -> None:
    """Take the note away: what lies at *path* is about to change."""
    _beside(path).unlink(missing_ok=True)


def sync_directory(path: Path) -> None:
    """Wait until the device has the names in the directory *path*."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(path: Path) -> Path:
    return path.with_name(path.name + _SUFFIX)
