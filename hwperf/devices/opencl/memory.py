"""Memory that OpenCL knows. This module holds buffers of the host and of a device, and their parts.

Parts carry their offset with them, to the copies and to the kernels: sub-buffers of OpenCL must
begin where the device's alignment allows it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hwperf.devices.protocol import Bytes

__all__ = ["Allocation", "DeviceMemory", "HostMemory", "page_aligned"]

_PAGE = 4096  # Bytes; the smallest page of every host that hwperf runs on.


def page_aligned(nbytes: int) -> Bytes:
    """Return *nbytes* of ordinary memory from the begin of a page on, touched."""
    raw = np.empty(nbytes + _PAGE, np.uint8)
    start = -raw.ctypes.data % _PAGE
    array: Bytes = raw[start : start + nbytes]
    array.fill(0)
    return array


def _checked(offset: int, nbytes: int, whole: int) -> None:
    if not (offset >= 0 and nbytes >= 1 and offset + nbytes <= whole):
        raise ValueError(f"part({offset}, {nbytes}) does not lie within a buffer of {whole} B")


class HostMemory:
    """Memory of the host; the array holds on to what it lies in."""

    __slots__ = ("array",)

    def __init__(self, array: Bytes) -> None:
        self.array = array

    @property
    def nbytes(self) -> int:
        """Its bytes."""
        return self.array.size

    def part(self, offset: int, nbytes: int) -> HostMemory:
        """Return the *nbytes* from *offset* on, as a buffer on the same memory."""
        _checked(offset, nbytes, self.nbytes)
        return HostMemory(self.array[offset : offset + nbytes])


class Allocation:
    """What a device allocated: a buffer of OpenCL, which lives as long as a part of it."""

    __slots__ = ("__weakref__", "buffer", "nbytes")

    def __init__(self, buffer: Any, nbytes: int) -> None:
        self.buffer = buffer
        self.nbytes = nbytes


class DeviceMemory:
    """Memory of the device: *nbytes* of an allocation, from *at* on."""

    __slots__ = ("at", "buffer", "nbytes", "whole")

    def __init__(self, whole: Allocation, at: int, nbytes: int) -> None:
        self.whole = whole
        self.buffer = whole.buffer
        self.at = at
        self.nbytes = nbytes

    def part(self, offset: int, nbytes: int) -> DeviceMemory:
        """Return the *nbytes* from *offset* on, as a buffer on the same memory."""
        _checked(offset, nbytes, self.nbytes)
        return DeviceMemory(self.whole, self.at + offset, nbytes)
