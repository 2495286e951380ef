"""What is transferred. This module makes data that no link can shorten, and poison for its place.

Random bytes: some devices compress what is uniform on its way, which makes three times the
bandwidth of it.
"""

from __future__ import annotations

import numpy as np

from hwperf import CheckFailed
from hwperf.devices import HostBuffer
from hwperf.devices.protocol import Bytes

__all__ = ["POISON", "fill", "require_same", "slots"]

POISON = 0x5A
"""What each byte of a destination is before; no byte of the data is."""

_PART = 2**22  # Bytes at a time.
_SHOWN = 3


def fill(array: Bytes, seed: int = 0) -> None:
    """Fill *array* with random bytes, none of which is `POISON`."""
    rng = np.random.default_rng(seed)
    for start in range(0, array.size, _PART):
        part = array[start : start + _PART]
        part[:] = np.frombuffer(rng.bytes(part.size), np.uint8)
        part[part == POISON] = POISON ^ 0xFF


def slots(buffer: HostBuffer, n: int, nbytes: int) -> None:
    """Fill *n* places of *nbytes* each with data, and what lies between them with poison."""
    fill(buffer.array)
    apart = buffer.nbytes // n
    if apart > nbytes:
        buffer.array.reshape(n, apart)[:, nbytes:] = POISON


def require_same(actual: Bytes, expected: Bytes, what: str) -> None:
    """Compare every byte.

    Raises:
        CheckFailed: naming the first bytes that differ, and how many there are; or how many there
            should be.
    """
    if actual.shape != expected.shape:
        raise CheckFailed(f"{what}: {actual.size} bytes in place of {expected.size}")
    n_wrong = 0
    shown: list[str] = []
    for start in range(0, expected.size, _PART):
        is_, should = actual[start : start + _PART], expected[start : start + _PART]
        if np.array_equal(is_, should):
            continue
        wrong = np.flatnonzero(is_ != should)
        n_wrong += wrong.size
        for i in wrong[: _SHOWN - len(shown)]:
            shown.append(f"byte {start + i}: {is_[i]} (is) != {should[i]} (should)")
    if n_wrong:
        raise CheckFailed(f"{what}: {n_wrong} of {expected.size} bytes differ; {'; '.join(shown)}")
