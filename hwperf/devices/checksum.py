"""The sum that a device forms of its own memory. This module defines it, and forms it on the host.

Two sums over the buffer as little-endian unsigned 32-bit words, both modulo 2**32: the plain one,
and one with each word times its place (from 1 on), which notices words that have changed places.
The last word is filled up with zeros. Sums modulo 2**32 can be formed on every device, in any
order, with 64-bit or 32-bit integers.
"""

from __future__ import annotations

import numpy as np

from hwperf.devices.protocol import Bytes

__all__ = ["checksum"]

_PART = 2**18  # Words at a time: 1 MiB, which stays in the cache.
_MODULUS = 2**32


def checksum(data: Bytes) -> tuple[int, int]:
    """Return the two sums of *data*, each from 0 to 2**32 - 1.

    Args:
        data: uint8 array of shape (nbytes,), contiguous.
    """
    whole = data.size // 4 * 4
    words = data[:whole].view("<u4")
    plain = weighted = 0
    places = np.arange(1, _PART + 1, dtype=np.uint32)
    for start in range(0, words.size, _PART):
        part = words[start : start + _PART]
        sum_here = int(part.sum(dtype=np.uint64))
        plain += sum_here
        # uint32 wraps, as the sums do; of the place of a part its start is taken apart.
        weighted += int((part * places[: part.size]).sum(dtype=np.uint64)) + start * sum_here
    if whole < data.size:
        last = int.from_bytes(data[whole:].tobytes(), "little")
        plain += last
        weighted += last * (words.size + 1)
    return plain % _MODULUS, weighted % _MODULUS
