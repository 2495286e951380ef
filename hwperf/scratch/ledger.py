"""How much a run has written. This module holds the counts that all processes of a run share."""

from __future__ import annotations

import mmap
import os
import sys
from enum import IntEnum

from hwperf.errors import Unsupported
from hwperf.units import format_bytes

__all__ = ["Ledger", "Word"]


class Word(IntEnum):
    """What each word of the ledger holds, in bytes."""

    LIMIT = 0
    WRITTEN = 1
    LAID_OUT = 2  # Of the scratch file, written whole and synced.
    HELD = 3  # By all scratch files.
    HUNG = 4  # No bytes: when (Unix time) a point gave up on the device, or 0.


class Ledger:
    """Counts in shared memory, opened by descriptor where the system has such memory.

    One process of a run measures at a time, so that words need no lock.

    Args:
        descriptor: of a ledger that exists; by default a new one is made.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = _memory() if descriptor is None else descriptor
        self._map = mmap.mmap(-1 if self.descriptor is None else self.descriptor, mmap.PAGESIZE)

    def __getitem__(self, word: Word) -> int:
        return int.from_bytes(self._map[8 * word : 8 * word + 8], sys.byteorder, signed=True)

    def __setitem__(self, word: Word, value: int) -> None:
        self._map[8 * word : 8 * word + 8] = value.to_bytes(8, sys.byteorder, signed=True)

    @property
    def left(self) -> int:
        """Bytes that the run may still write."""
        return max(0, self[Word.LIMIT] - self[Word.WRITTEN])

    def charge(self, nbytes: int) -> None:
        """Count *nbytes* as written, before they are: a process that is killed has then paid.

        Raises:
            Unsupported: if the run may not write so much any more; nothing is counted.
        """
        if nbytes > self.left:
            raise Unsupported(
                f"it would write {format_bytes(nbytes)}, and of the "
                f"{format_bytes(self[Word.LIMIT])} that a run may write {format_bytes(self.left)} "
                "are left"
            )
        self[Word.WRITTEN] += nbytes

    def refund(self, nbytes: int) -> None:
        """Count *nbytes* that were charged and not written as not written."""
        self[Word.WRITTEN] -= nbytes

    def close(self) -> None:
        """Let go of the memory; the counts live as long as somebody has it open."""
        self._map.close()
        if self.descriptor is not None:
            os.close(self.descriptor)


def _memory() -> int | None:
    if sys.platform != "linux":
        return None
    descriptor = os.memfd_create("hwperf-ledger", os.MFD_CLOEXEC)
    os.ftruncate(descriptor, mmap.PAGESIZE)
    return descriptor
