"""The part of the scratch file that fio may write to. This module makes it whole again afterwards.

What fio writes bears no stamps, and each block of the file is verified by them. So fio gets the end
of the file, hwperf's own writes meanwhile the part before it, as long. While it is lent, the end
counts as not laid out: where a process is killed, the file is shorter for the points that follow.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwperf import CheckFailed, Unsupported
from hwperf.domains.storage import content
from hwperf.host import pages
from hwperf.kernels import io
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word
from hwperf.units import MiB

__all__ = ["Region", "lent"]

_MOST_BYTES = 128 * MiB
_CHUNK_BYTES = 4 * MiB


@dataclass
class Region:
    """A part of the scratch file.

    Attributes:
        begin: offset of its first byte.
        size: its bytes.
        is_touched: whether fio has written to it.
    """

    begin: int
    size: int
    is_touched: bool = False

    @property
    def own(self) -> tuple[int, int]:
        """Where hwperf writes meanwhile: first offset, and the one after the last."""
        return self.begin - self.size, self.begin


@contextmanager
def lent(session: Session, descriptor: int) -> Iterator[Region]:
    """Give the end of the session's scratch file away, and write anew what was changed of it.

    Args:
        session: whose file it is.
        descriptor: of the file, to read it and write to it.
    """
    size = session.ledger[Word.LAID_OUT]
    nbytes = min(_MOST_BYTES, size // 4) // _CHUNK_BYTES * _CHUNK_BYTES
    region = Region(size - nbytes, nbytes)
    session.ledger[Word.LAID_OUT] = region.begin
    try:
        yield region
    finally:
        # Where that fails, or no more may be written, the file stays shorter.
        with suppress(Unsupported, OSError):
            if region.is_touched:
                _make_whole(session, descriptor, region)
            session.ledger[Word.LAID_OUT] = size


def _make_whole(session: Session, descriptor: int, region: Region) -> None:
    """Write the blocks that are not as they were anew; charged like all that is written."""
    chunk = pages.allocate(_CHUNK_BYTES, pages="small", dtype=np.int64)
    blocks = chunk.reshape(-1, content.BLOCK_BYTES // 8)
    generation = content.new_generation()
    for offset in range(region.begin, region.begin + region.size, _CHUNK_BYTES):
        if os.preadv(descriptor, [chunk.view(np.uint8).data], offset) != _CHUNK_BYTES:
            raise OSError("the file is shorter than it was")
        changed = np.array(_changed(blocks, offset), np.int64)
        session.ledger.charge(changed.size * content.BLOCK_BYTES)
        for run in np.split(changed, np.flatnonzero(np.diff(changed) > 1) + 1):
            if run.size:
                part = blocks[run[0] : run[-1] + 1]
                place = offset + int(run[0]) * content.BLOCK_BYTES
                content.fill(part, generation=generation, first_row=int(run[0]))
                io.stamp(part.ctypes.data, part.nbytes, place)
                if (
                    os.pwrite(descriptor, part.reshape(-1).view(np.uint8).data, place)
                    != part.nbytes
                ):
                    raise OSError("a write was cut short")
    os.fsync(descriptor)


def _changed(blocks: Any, offset: int, first: int = 0) -> list[int]:
    """Return the numbers, from *first* on, of the blocks that are not what belongs there.

    All of a block counts: of mixed transfers fio writes what it has read, changed here and there.
    """
    try:
        content.require_stamped(blocks, offset, "what fio may have written to")
    except CheckFailed:
        if len(blocks) == 1:
            return [first]
        half = len(blocks) // 2
        behind = offset + half * content.BLOCK_BYTES
        return _changed(blocks[:half], offset, first) + _changed(
            blocks[half:], behind, first + half
        )
    return []
