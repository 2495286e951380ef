"""Small text files under a root. This module reads /proc and /sys, or a recorded copy of them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hwperf.host.facts import Unavailable

__all__ = ["HOST", "data", "listing", "numbered", "optional", "text"]

HOST = Path("/")  # the running machine; tests give the root of a recorded tree instead


def text(root: Path, path: str) -> str:
    """Return the stripped content of the file *path* (absolute on the host) under *root*.

    Raises:
        Unavailable: when it cannot be read; the text says why and for whom it could.
    """
    return data(root, path).decode("utf-8", "replace").strip()


def data(root: Path, path: str) -> bytes:
    """Return the content of the file *path* under *root*.

    Raises:
        Unavailable: when it cannot be read; the text says why and for whom it could.
    """
    try:
        # Not Path.read_bytes, which takes twice as long: a server has thousands of these files.
        with open(os.path.join(root, path.lstrip("/")), "rb", buffering=0) as file:
            return file.read()
    except OSError as error:
        raise Unavailable(_reason(path, error)) from None


def optional(root: Path, path: str) -> str | None:
    """Return the stripped content of *path* under *root*, or None when it cannot be read."""
    try:
        return text(root, path)
    except Unavailable:
        return None


def listing(root: Path, path: str) -> tuple[str, ...]:
    """Return the sorted names in the directory *path* under *root*; empty when unreadable."""
    try:
        return tuple(sorted(os.listdir(os.path.join(root, path.lstrip("/")))))
    except OSError:
        return ()


def numbered(root: Path, path: str, prefix: str) -> tuple[int, ...]:
    """Return the numbers n, ascending, of the entries ``<prefix><n>`` in directory *path*."""
    tails = (name.removeprefix(prefix) for name in listing(root, path) if name.startswith(prefix))
    return tuple(sorted(int(tail) for tail in tails if tail.isdecimal()))


def _reason(path: str, error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"{path} does not exist here"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path} may be read by root only"
    return f"{path} cannot be read: {error.strerror or error}"
