"""How much each point may write. This module divides what a run may write among its points.

A quick run may write 2 GiB and a full one 16 GiB (``hwperf.scratch.write_limit``); the shares of
all points, in both rounds of a full run, add up to less, and a test holds that.
"""

from __future__ import annotations

from hwperf import Unsupported
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word
from hwperf.units import GiB, MiB, format_bytes

__all__ = ["SHARES", "calls", "is_ample", "scale", "scratch_bytes", "share"]

# B, of one point of a quick run.
SHARES = {
    "sequential_write": 24 * MiB,
    "random_write": 12 * MiB,
    "mixed": 8 * MiB,
    "fsync": 8 * MiB,
    "write_penalty": 24 * MiB,
    "checkpoint": 256 * MiB,  # Of a library: one call of save; loading finds what that has saved.
    "feed": 32 * MiB,  # Of a layout: all points of it read the same samples.
}

_QUICK_LIMIT = 2 * GiB
_SCRATCH_BYTES = 512 * MiB
_CALLS = 26  # The first one, some two dozen samples, and one to rehearse.
_FEWEST_CALLS = 2
_CALL_BYTES = 8 * MiB  # Some milliseconds at the rates of fast drives.
_AMPLE = 7  # Times a quick run's limit, from which there is enough for what is large.


def scale(session: Session) -> float:
    """Return how many times a quick run's limit this run may write."""
    return session.ledger[Word.LIMIT] / _QUICK_LIMIT


def is_ample(session: Session) -> bool:
    """Whether what is large may be written: in a full run, or one by hand."""
    return scale(session) >= _AMPLE


def share(session: Session, what: str) -> int:
    """Return the bytes that a point of *what* may write in this run."""
    times = scale(session)
    # A full run has two rounds, and checkpoints of 1 GiB.
    return int(SHARES[what] * (times if times <= 1 else max(1.0, 0.6 * times)))


def calls(session: Session, what: str, block: int, depth: int) -> tuple[int, int]:
    """Return the bytes of one call of a point of *what*, and how many calls its share allows.

    Raises:
        Unsupported: if that is too few to measure.
    """
    allowed = share(session, what)
    # So long that each thread has something to do, so short that there are eight samples.
    each = max(depth * block, min(_CALL_BYTES, allowed // _CALLS) // block * block)
    most = allowed // each - 1  # One is for seeing that the check can fail.
    if most < _FEWEST_CALLS:
        raise Unsupported(
            f"{depth} x {format_bytes(block)} under way, {_FEWEST_CALLS + 1} times, are more than "
            f"the {format_bytes(allowed)} that this point may write in such a run. Use --full"
        )
    return each, most


def scratch_bytes(session: Session) -> int:
    """Return the size of the scratch file: a quarter of a quick run's limit."""
    return int(_SCRATCH_BYTES * min(2.0, scale(session))) // (4 * MiB) * (4 * MiB)
