"""What both sides agree on. This module holds the frames, their bounds, and the checksum.

All numbers are in network byte order. The client speaks first in everything but the challenge::

    client                                server
    MAGIC, nonce                    ->
                                    <-    MAGIC, nonce
    proof                           ->
                                    <-    verdict, proof
    request BATCH, count, nbytes    ->
                                    <-    verdict
    count messages of nbytes        ->
                                    <-    one confirmation for each
    request DONE                    ->
                                    <-    verdict

Messages have no header: one of 1 B is 1 B of the stream. All sizes are known beforehand, so that
nothing that arrives can make a side take more memory than it has already.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf.errors import HwperfError

__all__ = [
    "BATCH",
    "CONFIRMATION",
    "DONE",
    "MAGIC",
    "MOST_BYTES",
    "MOST_MESSAGES",
    "NONCE_BYTES",
    "PROOF_BYTES",
    "REQUEST",
    "VERDICT",
    "PeerError",
    "PeerGone",
    "digest",
    "refusal",
]

MAGIC = b"hwperf\x00\x01"
"""What both sides begin with; the last byte is the version of the protocol."""

NONCE_BYTES = 32
PROOF_BYTES = 32  # SHA-256

REQUEST = struct.Struct("!BxxxIQ")
"""What the client wants, how many messages, and how many bytes each."""
BATCH, DONE = 1, 2

VERDICT = struct.Struct("!B")
"""0, or why it is refused."""

CONFIRMATION = struct.Struct("!QQQ")
"""Which message since the batch began, how many bytes of it arrived, and their digest."""

MOST_BYTES = 16 * 2**20
MOST_MESSAGES = 2**20

ACCEPTED, WRONG_TOKEN, OTHER_CLIENT, TOO_LARGE = 0, 1, 2, 3
_REFUSALS = {
    WRONG_TOKEN: "the token is not the one that it was started with",
    OTHER_CLIENT: "it serves another client",
    TOO_LARGE: "it takes no messages of that size or number",
}

_CRC_BYTES = 4096  # Up to here CRC-32 takes 1 µs; of 1 MiB it would take longer than a fast link.
_ROW_WORDS = _CRC_BYTES // 8


class PeerError(HwperfError):
    """The other side did something else than was agreed, or went away."""


class PeerGone(PeerError):
    """The other side closed the connection before the first byte of a frame."""


def refusal(verdict: int) -> str:
    """Return the reason that a verdict other than 0 gives, as a clause."""
    return _REFUSALS.get(
        verdict, f"it gives the reason {verdict}, which this version does not know"
    )


def digest(words: NDArray[np.uint64], nbytes: int) -> int:
    """Return a checksum of the first *nbytes* bytes of *words*.

    CRC-32 of up to 4 KiB. Beyond, the sum of the words of each 4 KiB, weighted by an odd number
    that no other 4 KiB has, modulo 2^64: one wrong word changes it, and so do two exchanged blocks.

    Args:
        words: the message, and nothing behind it but the rest of its last word.
        nbytes: up to 4 KiB, or a multiple of it.
    """
    if nbytes <= _CRC_BYTES:
        return zlib.crc32(words.data.cast("B")[:nbytes])
    sums: Any = np.add.reduce(words.reshape(-1, _ROW_WORDS), axis=1)
    weights = np.arange(1, 2 * len(sums), 2, dtype=np.uint64)
    return int(np.dot(sums, weights))


def is_allowed(count: int, nbytes: int) -> bool:
    """Return whether a batch is within the bounds."""
    is_whole = nbytes <= _CRC_BYTES or nbytes % _CRC_BYTES == 0
    return 1 <= count <= MOST_MESSAGES and 1 <= nbytes <= MOST_BYTES and is_whole
