"""Memory that all ranks share. This module lays it out: flags to meet at, times, what came out."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from hwperf.checks import Floats
from hwperf.domains.network.exchange import Elements, Exchange

__all__ = ["MOST_TURNS", "Board", "memory_file"]

MOST_TURNS = 64
"""Of one call: turns whose times there is room for."""

_FLAG_BYTES = 128  # Two lines: x86-64 fetches them in pairs.
_PAGE = mmap.PAGESIZE


class Board:
    """The shared memory of one collective, as one process sees it.

    Args:
        descriptor: of a file that all have open.
        exchange: what is exchanged.
    """

    def __init__(self, descriptor: int, exchange: Exchange) -> None:
        self._exchange = exchange
        ranks = exchange.ranks
        self._times_at = _whole_pages(ranks * _FLAG_BYTES)
        self._outputs_at = self._times_at + _whole_pages(ranks * MOST_TURNS * 8)
        self._row = _whole_pages(exchange.received * np.dtype(exchange.dtype).itemsize)
        self.nbytes = self._outputs_at + ranks * self._row
        if os.fstat(descriptor).st_size < self.nbytes:
            os.ftruncate(descriptor, self.nbytes)
        self._memory = mmap.mmap(descriptor, self.nbytes)

    def flags(self) -> memoryview:
        """Return one integer for each rank, each in a cache line of its own: every 16th counts."""
        nbytes = self._exchange.ranks * _FLAG_BYTES
        return memoryview(self._memory)[:nbytes].cast("q")[:: _FLAG_BYTES // 8]

    def times(self) -> Floats:
        """Return the seconds of each rank's turns, of shape (ranks, MOST_TURNS)."""
        count = self._exchange.ranks * MOST_TURNS
        flat = np.frombuffer(self._memory, np.float64, count, self._times_at)
        return flat.reshape(self._exchange.ranks, MOST_TURNS)

    def output(self, rank: int) -> Elements:
        """Return what *rank* has at the end."""
        at = self._outputs_at + rank * self._row
        return np.frombuffer(self._memory, self._exchange.dtype, self._exchange.received, at)


@contextmanager
def memory_file(name: str) -> Iterator[int]:
    """Give the descriptor of a file without a name: whoever is killed leaves nothing of it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(f"hwperf-{name}", os.MFD_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    else:
        with tempfile.TemporaryFile() as file:
            yield file.fileno()


def _whole_pages(nbytes: int) -> int:
    return -(-nbytes // _PAGE) * _PAGE
