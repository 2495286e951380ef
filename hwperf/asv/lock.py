"""One writer at a time. This module holds a results directory while a run writes to it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hwperf.asv.files import CannotWrite, sentence

__all__ = ["LOCK_NAME", "hold", "is_writable"]

LOCK_NAME = ".hwperf.lock"


@contextmanager
def hold(results_dir: str | os.PathLike[str], on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold *results_dir* for this process; wait while another run holds it.

    The kernel frees the lock when its holder ends, however it ends.

    Args:
        results_dir: made when it is missing.
        on_wait: called once, with a sentence that names the holder, before waiting.

    Raises:
        CannotWrite: if the directory cannot be written.
    """
    descriptor = _open(Path(results_dir))
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise CannotWrite(sentence(Path(results_dir), error)) from error
            on_wait(f"{_holder(descriptor)} is writing to {results_dir}; waiting until it ends")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def is_writable(results_dir: str | os.PathLike[str]) -> str | None:
    """Return None, or the sentence that says why no run can write to *results_dir*."""
    try:
        os.close(_open(Path(results_dir)))
    except CannotWrite as error:
        return str(error)
    return None


def _open(results_dir: Path) -> int:
    path = results_dir / LOCK_NAME
    try:
        results_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if not os.access(results_dir, os.W_OK):
            os.close(descriptor)
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return descriptor
    except OSError as error:
        raise CannotWrite(sentence(results_dir, error)) from error


def _sign(descriptor: int) -> None:
    text = json.dumps({"pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")})
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(), 0)
    except OSError as error:
        # The lock is held all the same; only its name plate is missing. A full disk is told
        # where it matters, at the first result.
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise


def _holder(descriptor: int) -> str:
    try:
        data = json.loads(os.pread(descriptor, 4096, 0))
        return f"another run (pid {data['pid']}, since {data['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
