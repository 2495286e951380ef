"""The scratch file, laid out: written whole, with data, and synced, before anything is read of it.

A file that was only made longer, or given space without being written, answers from nothing.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np

from hwperf import Unsupported
from hwperf.domains.storage import answer, content, wear
from hwperf.domains.storage.failure import failed
from hwperf.host import pages, storage
from hwperf.kernels import io
from hwperf.scratch import Session, current
from hwperf.scratch.ledger import Word
from hwperf.units import MiB, format_bytes

__all__ = ["DIRECT", "drop_cached", "opened", "scratch"]

DIRECT = getattr(os, "O_DIRECT", 0)
CHUNK_BYTES = 4 * MiB
# Longer is not waited for: what has been written by then is the file.
_MOST_S = 6.0
_LEAST_BYTES = 32 * MiB


@contextmanager
def scratch(flags: int = DIRECT) -> Iterator[tuple[Session, int, int]]:
    """Give the session, a descriptor of its scratch file, laid out, and the size of it.

    Args:
        flags: how it is opened: :data:`DIRECT`, or 0 for the page cache.

    Raises:
        Unsupported: if it cannot be made or opened so; the text says why.
    """
    session = answer.session()
    size = _laid_out(session)
    with opened(session, flags) as descriptor:
        yield session, descriptor, size


@contextmanager
def opened(session: Session, flags: int) -> Iterator[int]:
    """Give a descriptor of the session's scratch file, as it is."""
    descriptor = session.open(flags)
    try:
        if flags & DIRECT:
            _require_alignment(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def drop_cached(descriptor: int) -> None:
    """Let the page cache forget the file; what is dirty is written first.

    Pages of a file that is mapped stay: unmap it before.
    """
    answer.within(current(), "fdatasync", os.fdatasync)(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _laid_out(session: Session) -> int:
    """Return the size of the scratch file after writing what is missing of it."""
    done = session.ledger[Word.LAID_OUT]
    if done:
        return done
    wanted = wear.scratch_bytes(session)
    if wanted < _LEAST_BYTES:
        raise Unsupported(
            f"a run may write {format_bytes(session.ledger[Word.LIMIT])} here, a tenth of the free "
            f"space, and a scratch file has {format_bytes(_LEAST_BYTES)} or more. Free some space, "
            "or name another directory with --path"
        )
    session.hold(wanted)
    session.ledger.charge(wanted)
    written = 0
    try:
        with _writable(session) as descriptor:
            laying_out = answer.within(
                session, "laying out the scratch file", _write, answer.TIMEOUT_S + _MOST_S
            )
            written = laying_out(descriptor, wanted)
    finally:
        session.ledger.refund(wanted - written)
        session.release(wanted - written)
    if written < _LEAST_BYTES:
        raise Unsupported(
            f"only {format_bytes(written)} could be written in {_MOST_S:.0f} s, which is too "
            "little to read from"
        )
    session.ledger[Word.LAID_OUT] = written
    return written


@contextmanager
def _writable(session: Session) -> Iterator[int]:
    with ExitStack() as stack:
        try:
            descriptor = stack.enter_context(opened(session, DIRECT))
        except Unsupported:  # No direct I/O here: through the page cache, then synced.
            descriptor = stack.enter_context(opened(session, 0))
        yield descriptor


def _write(descriptor: int, size: int) -> int:
    chunk = pages.allocate(CHUNK_BYTES, pages=_pages(), dtype=np.int64)
    content.fill(chunk.reshape(-1, content.BLOCK_BYTES // 8), generation=content.new_generation())
    data: Any = chunk.view(np.uint8)
    offset, end = 0, time.monotonic() + _MOST_S
    try:
        while offset < size and time.monotonic() < end:
            io.stamp(chunk.ctypes.data, CHUNK_BYTES, offset)
            moved = os.pwrite(descriptor, data, offset)
            if moved != CHUNK_BYTES:
                space = os.fstatvfs(descriptor)
                is_full = space.f_bavail * space.f_frsize < CHUNK_BYTES
                number = errno.ENOSPC if is_full else errno.EFBIG
                raise OSError(number, os.strerror(number))
            offset += moved
        os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
        raise failed("laying out the scratch file", error.errno or 0) from error
    return offset


def _pages() -> str:
    return "small" if pages.huge_pages_denied() else "huge"


def _require_alignment(descriptor: int) -> None:
    told = storage.direct_alignment(descriptor)
    if told is None:
        return  # Before Linux 6.1: the first transfer tells.
    if not told.is_supported:
        raise Unsupported("the file system offers no direct I/O (statx)")
    if max(told.offset_bytes, told.memory_bytes) > content.BLOCK_BYTES:
        raise Unsupported(
            f"direct I/O needs an alignment of {format_bytes(told.offset_bytes)} here, and "
            f"hwperf's smallest block has {format_bytes(content.BLOCK_BYTES)}"
        )
