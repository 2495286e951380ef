"""Whole files or none. This module writes result files atomically and sets damaged ones aside."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from hwperf.errors import UsageError

__all__ = ["CannotWrite", "quick_writes", "set_aside", "sweep", "write_json", "write_text"]

PART = ".part"
"""End of the name of a file that is being written: nothing takes it for a result."""

_durable: ContextVar[bool] = ContextVar("durable", default=True)


class CannotWrite(UsageError):
    """A file of the results or of the pages cannot be written."""


@contextmanager
def quick_writes() -> Iterator[None]:
    """Leave out the fsync: for drafts that are soon replaced, and for pages made of results.

    A write stays atomic, so a killed process leaves no torn file; only a power cut could.
    """
    token = _durable.set(False)
    try:
        yield
    finally:
        _durable.reset(token)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Replace *path* by *text*, at once: a reader sees the old file or the new one.

    Raises:
        CannotWrite: if the directory or the file cannot be written; the old file is as before.
    """
    target = Path(os.path.abspath(path))
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(
            prefix=f".{target.name}-", suffix=PART, dir=target.parent
        )
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            if _durable.get():
                os.fsync(stream.fileno())
        os.chmod(temporary, _mode_of_new_file())
        os.replace(temporary, target)
        temporary = None
        if _durable.get():
            _sync_directory(target.parent)
    except OSError as error:
        raise CannotWrite(sentence(target, error)) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def write_json(path: str, data: Any, api_version: int | None = None, compact: bool = False) -> None:
    """Write *data* as asv's own ``util.write_json`` does, but atomically; same arguments."""
    if api_version is not None:
        data = {**data, "version": api_version}
    text = json.dumps(data) if compact else json.dumps(data, indent=4, sort_keys=True)
    write_text(path, text)


def sweep(directory: str | os.PathLike[str]) -> None:
    """Remove what writers that were killed left half-written; nobody else may be writing."""
    for path in Path(directory).rglob(f".*{PART}"):
        path.unlink(missing_ok=True)


def set_aside(path: str | os.PathLike[str]) -> Path:
    """Rename a damaged file to ``<name>.broken-N``, so that it is neither read nor lost.

    Returns:
        where it lies now.
    """
    number = 1
    while True:
        aside = Path(f"{os.fspath(path)}.broken-{number}")
        if not aside.exists():
            break
        number += 1
    try:
        os.rename(path, aside)
    except OSError as error:
        raise CannotWrite(sentence(Path(path), error)) from error
    return aside


def sentence(path: Path, error: OSError) -> str:
    """Return one sentence that says which file cannot be written, why, and what to do."""
    advice = {
        errno.ENOSPC: "Free some space on that file system",
        errno.EDQUOT: "Free some of your quota",
        errno.EROFS: "Mount it writable",
    }.get(error.errno or 0, "Make it writable for you")
    return (
        f"cannot write {path}: {error.strerror or error}. {advice},"
        " or set another directory in asv.conf.json; what was saved before is untouched."
    )


def _mode_of_new_file() -> int:
    # mkstemp gives 0600; results are as readable as any file that the user makes.
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_directory(directory: Path) -> None:
    # Without it a power cut may undo the rename.
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
