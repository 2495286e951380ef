"""What stands in the files: random data, of which each 4 KiB says where it belongs.

A block of 4 KiB is a row of a table of random words, but for its first three words: a stamp, the
number of the row, and the generation in which it was written. The stamp follows from the other two
and the block's number, so that a block that was never written, lies elsewhere, or was changed by
somebody is told from a right one, without a record of what was written where. No two blocks are
alike, and none can be compressed within 4 MiB: a device or file system that saves such work finds
none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from hwperf import CheckFailed
from hwperf.kernels import io

if TYPE_CHECKING:
    from hwperf.checks import Words

__all__ = ["BLOCK_BYTES", "fill", "new_generation", "require_stamped", "require_whole"]

BLOCK_BYTES = 4096
"""Of what is stamped: the sector that file systems and drives work in."""

_WORDS = BLOCK_BYTES // 8
# 4 MiB: longer than what file systems compress at once (btrfs 128 KiB, ZFS up to 1 MiB).
_ROWS = 1024
_INVERSE = -1018231460777725123
"""What undoes a multiplication by io.STAMP_FACTOR, modulo 2^64: their product is 1."""

_HEAD = 3  # Words of a block's stamp, row and generation.


@cache
def _table() -> Words:
    words = np.random.default_rng(20240214).integers(
        -(2**63), 2**63, size=(_ROWS, _WORDS), dtype=np.int64
    )
    words.flags.writeable = False
    return words


def new_generation() -> int:
    """Return a number that tells what is written from now on from all that was written before."""
    return int(np.random.default_rng().integers(1, 2**62))


def fill(buffer: Any, *, generation: int, first_row: int = 0) -> None:
    """Fill *buffer* with blocks that lack nothing but the stamp of their place.

    Args:
        buffer: int64, shape (n, 512).
        generation: from :func:`new_generation`.
        first_row: row of the first block; the others follow.
    """
    rows = (first_row + np.arange(len(buffer))) % _ROWS
    for start in range(0, len(buffer), _ROWS):
        part = slice(start, start + _ROWS)
        np.take(_table(), rows[part], axis=0, out=buffer[part], mode="clip")
    buffer[:, 1] = rows
    buffer[:, 2] = generation


def require_whole(blocks: Words, size: int, what: str, generation: int) -> None:
    """Compare every word of *blocks* with what belongs anywhere in a file of *size* bytes.

    Args:
        blocks: int64, shape (n, 512), stamped for some place each.
        size: of the file.
        what: what they are, for the message.
        generation: in which they were filled.

    Raises:
        CheckFailed: if one is not what it was filled with, or its stamp is of no such place.
    """
    with np.errstate(over="ignore"):
        numbers = (blocks[:, 0] ^ blocks[:, 1] ^ blocks[:, 2]) * _INVERSE
    for number, block in zip(numbers.tolist(), blocks, strict=True):
        if not 0 <= number < size // BLOCK_BYTES:
            raise CheckFailed(f"{what}: a block is stamped for no place of the file")
        require_stamped(block[None], number * BLOCK_BYTES, what, generation)


def require_stamped(blocks: Words, offset: int, what: str, generation: int | None = None) -> None:
    """Compare every word of *blocks* with what belongs at *offset* of the file.

    Args:
        blocks: int64, shape (n, 512).
        offset: in bytes, of the first.
        what: where they come from, for the message.
        generation: in which they were written; None for any.

    Raises:
        CheckFailed: naming the first block that is not what was written there.
    """
    with np.errstate(over="ignore"):
        numbers = offset // BLOCK_BYTES + np.arange(len(blocks))
        stamps = numbers * np.int64(io.STAMP_FACTOR) ^ blocks[:, 1] ^ blocks[:, 2]
    right = (blocks[:, 0] == stamps) & (blocks[:, 1] >= 0) & (blocks[:, 1] < _ROWS)
    if generation is not None:
        right &= blocks[:, 2] == generation
    if right.all():
        right = (blocks[:, _HEAD:] == _table()[blocks[:, 1], _HEAD:]).all(axis=1)
    wrong = np.flatnonzero(~right)
    if wrong.size:
        place = offset + int(wrong[0]) * BLOCK_BYTES
        raise CheckFailed(
            f"{what}: {wrong.size} of {len(blocks)} blocks of 4 KiB do not hold what was written "
            f"there, the first at offset {place}: never written, or changed by somebody else"
        )
