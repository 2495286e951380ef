"""Where a report goes. This module writes it to a file, whole, or to whatever the name is."""

from __future__ import annotations

import os
from pathlib import Path

from hwperf.asv.files import CannotWrite, write_text

__all__ = ["write"]


def write(path: Path, text: str) -> None:
    """Write *text* to *path*: a reader of a file sees the old one or the new one.

    A link is followed; what is no file (``/dev/stdout``, a pipe) is written to as it is.

    Raises:
        CannotWrite: one sentence with the cause; what was there before is as it was.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise CannotWrite(f"cannot write {path}: it is a directory. Name a file with -o.")
    try:
        if path.exists() and not path.is_file():  # Before links: a pipe's leads nowhere.
            path.write_text(text, encoding="utf-8")
        else:
            write_text(target, text)
    except CannotWrite as error:
        # What it advises is about asv's directories.
        cause = error.__cause__
        reason = (cause.strerror if isinstance(cause, OSError) else None) or str(error)
        raise CannotWrite(f"cannot write {path}: {reason}. Name another file with -o.") from error
