"""New pages in place of old ones, at once. This module exchanges two directories."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["exchange", "replacement"]

AT_FDCWD = -100  # Linux, include/uapi/linux/fcntl.h
RENAME_EXCHANGE = 2  # Linux, include/uapi/linux/fs.h


@contextmanager
def replacement(final: Path) -> Iterator[Path]:
    """Give an empty directory that takes the place of *final* when the block ends well.

    When it raises, *final* is as before and nothing is left behind.

    Raises:
        OSError: if a directory beside *final* cannot be made or renamed.
    """
    final = Path(os.path.realpath(final))
    final.parent.mkdir(parents=True, exist_ok=True)
    holder = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    new = holder / final.name
    new.mkdir()
    try:
        yield new
        if final.exists():
            exchange(new, final)
        else:
            new.rename(final)
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def exchange(one: Path, other: Path) -> None:
    """Let two directories change their names: at once on Linux, in two steps elsewhere."""
    if _exchanged_at_once(one, other):
        return
    aside = one.with_name(f"{one.name}.old")
    other.rename(aside)
    try:
        one.rename(other)
    except OSError:
        aside.rename(other)
        raise
    aside.rename(one)


def _exchanged_at_once(one: Path, other: Path) -> bool:
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    # Some file systems (NFS, some overlays) refuse the flag.
    return bool(
        rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0
    )
