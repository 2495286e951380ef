"""Memory for copies. This module holds buffers of the host and of a CUDA device."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwperf.devices.protocol import Bytes

__all__ = ["OnDevice", "OnHost", "pageable"]


@dataclass(frozen=True, eq=False)
class OnHost:
    """Memory of the host; `array` keeps it."""

    array: Bytes

    @property
    def nbytes(self) -> int:
        return int(self.array.size)

    def part(self, offset: int, nbytes: int) -> OnHost:
        return OnHost(self.array[_within(offset, nbytes, self.nbytes)])


@dataclass(frozen=True, eq=False)
class OnDevice:
    """Memory of a device: `array` is numba's, of uint8, and keeps it."""

    array: Any

    @property
    def nbytes(self) -> int:
        return int(self.array.size)

    def part(self, offset: int, nbytes: int) -> OnDevice:
        return OnDevice(self.array[_within(offset, nbytes, self.nbytes)])


def pageable(nbytes: int) -> Bytes:
    """Return ordinary memory of the host that begins with a page."""
    whole = np.empty(nbytes + mmap.PAGESIZE, np.uint8)
    start = -whole.ctypes.data % mmap.PAGESIZE
    return whole[start : start + nbytes]


def _within(offset: int, nbytes: int, whole: int) -> slice:
    if offset < 0 or nbytes < 0 or offset + nbytes > whole:
        raise ValueError(f"{nbytes} B from {offset} on are no part of a buffer of {whole} B")
    return slice(offset, offset + nbytes)
