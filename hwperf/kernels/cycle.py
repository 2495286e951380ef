"""Random cycles that need no table: each line's successor is computed.

A cycle over 2**bits lines is a bijection *line_at* from positions to lines; the line after
``line_at(p)`` is ``line_at(p + 1)``. The bijection scrambles the bits of a position by three rounds
of multiplication and xor-shift, each of which can be undone, so that :func:`link` can go through
the lines in their order, without a random access of its own, and where a chase stands after any
number of steps is known at once. A table, and shuffling it, would cost seconds for 1 GiB.

Source: the rounds are those of the finalizer of SplitMix64 (Steele, Lea and Flood, 2014), cut to
*bits* bits. Chases in this order and in one of Sattolo's take the same time (docs/measured.md).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import output_address, store_word

# Odd, hence invertible modulo any power of two: the multipliers of SplitMix64 and its increment.
_M1, _M2, _M3 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x9E3779B97F4A7C15
_W1, _W2, _W3 = (pow(m, -1, 2**64) for m in (_M1, _M2, _M3))


class Cycle(NamedTuple):
    """A cycle over ``2**bits`` lines.

    Args:
        bits: logarithm of the number of lines, at least 1.
        window_bits: logarithm of the lines of a window; a window is visited wholly before the
            next. Equal to *bits* for no windows.
        seed: the same seed gives the same cycle on every host.
    """

    bits: int
    window_bits: int
    seed: int


def over(n_lines: int, *, window_lines: int | None = None, seed: int = 0) -> Cycle:
    """Return a cycle that visits each of *n_lines* lines exactly once.

    Raises:
        ValueError: if n_lines or window_lines is no power of two from 2 on.
    """
    for name, lines in (("n_lines", n_lines), ("window_lines", window_lines or n_lines)):
        if lines < 2 or lines & (lines - 1):
            raise ValueError(f"{name}={lines!r}: expected a power of two, at least 2")
    bits = n_lines.bit_length() - 1
    window_bits = min(bits, (window_lines or n_lines).bit_length() - 1)
    return Cycle(bits, window_bits, seed)


@kernel
def _scramble(x: Any, bits: int, key: Any) -> Any:
    if bits == 0:
        return x
    mask = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    # At least half the bits: then the shift is its own inverse.
    shift = np.uint64((bits + 1) // 2)
    x = (x * np.uint64(_M1) + key) & mask
    x ^= x >> shift
    x = (x * np.uint64(_M2) + key) & mask
    x ^= x >> shift
    x = (x * np.uint64(_M3) + key) & mask
    return x ^ (x >> shift)


@kernel
def _unscramble(x: Any, bits: int, key: Any) -> Any:
    if bits == 0:
        return x
    mask = (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
    shift = np.uint64((bits + 1) // 2)
    x ^= x >> shift
    x = ((x - key) * np.uint64(_W3)) & mask
    x ^= x >> shift
    x = ((x - key) * np.uint64(_W2)) & mask
    x ^= x >> shift
    return ((x - key) * np.uint64(_W1)) & mask


@kernel
def line_at(cycle: Cycle, position: int) -> Any:
    """Return the line at *position*, counted modulo the number of lines."""
    bits, window_bits, seed = cycle
    key = np.uint64(seed) * np.uint64(_M3) + np.uint64(1)
    inside = np.uint64(position) & ((np.uint64(1) << np.uint64(window_bits)) - np.uint64(1))
    window = (np.uint64(position) >> np.uint64(window_bits)) & (
        (np.uint64(1) << np.uint64(bits - window_bits)) - np.uint64(1)
    )
    window = _scramble(window, bits - window_bits, key)
    inside = _scramble(inside, window_bits, key + window * np.uint64(_M2))
    return np.int64((window << np.uint64(window_bits)) | inside)


@kernel
def position_of(cycle: Cycle, line: int) -> Any:
    """Return the position, from 0 on, at which *line* stands."""
    bits, window_bits, seed = cycle
    key = np.uint64(seed) * np.uint64(_M3) + np.uint64(1)
    window = np.uint64(line) >> np.uint64(window_bits)
    inside = np.uint64(line) & ((np.uint64(1) << np.uint64(window_bits)) - np.uint64(1))
    inside = _unscramble(inside, window_bits, key + window * np.uint64(_M2))
    window = _unscramble(window, bits - window_bits, key)
    return np.int64((window << np.uint64(window_bits)) | inside)


def link(buffer: Any, cycle: Cycle, line_bytes: int = 64) -> None:
    """Write into each line of *buffer* the address of the line after it in *cycle*.

    Args:
        buffer: C-contiguous array of at least ``2**bits * line_bytes`` bytes.
        cycle: from :func:`over`.
        line_bytes: distance of two lines.

    Raises:
        ValueError: if the lines do not fit into the buffer.
    """
    if line_bytes < 8 or line_bytes << cycle.bits > buffer.nbytes:
        raise ValueError("cycle.link: the lines do not fit into the buffer")
    _link(buffer, cycle, line_bytes)


@kernel
def _link(buffer: Any, cycle: Cycle, line_bytes: int) -> None:
    start = output_address(buffer)
    for line in range(1 << cycle[0]):
        after = line_at(cycle, position_of(cycle, line) + 1)
        store_word(start + line * line_bytes, start + after * line_bytes)
