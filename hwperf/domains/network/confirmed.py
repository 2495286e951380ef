"""What the receiver of a stream of messages confirms, beside what it should. This module compares.

Of all messages of a call: how many came, their bytes, and the sum of all their words. Of the last
ones, which still lie where they were received: every byte.
"""

from __future__ import annotations

import numpy as np

from hwperf import CheckFailed
from hwperf.checks import Words, require_each, require_value
from hwperf.kernels import echo, message

__all__ = ["Expected", "wrapped"]


def wrapped(value: int) -> int:
    """Return *value* modulo 2**64, as an int64."""
    return (value + 2**63) % 2**64 - 2**63


class Expected:
    """The messages that are sent, known without what was received.

    Args:
        nbytes: of a message.
        n_slots: of the memory that is received into; messages lie there one behind the other.
        is_apart: whether each of them begins at a whole word, with room behind it.

    Attributes:
        base: sum of a payload without its stamp.
    """

    def __init__(self, nbytes: int, n_slots: int, is_apart: bool) -> None:
        self.nbytes, self.n_slots, self.is_apart = nbytes, n_slots, is_apart
        self._payload = message.payload(nbytes)
        self.base = int(message.total(self._payload))
        self._bytes = self._payload.view(np.uint8)[: self._payload.nbytes if is_apart else nbytes]
        image = np.tile(self._bytes, n_slots)
        self._round = int(message.total(image.view(np.int64)))

    @property
    def slot_bytes(self) -> int:
        """From one message to the next where they are received."""
        return self._bytes.size  # type: ignore[no-any-return]

    def checksum(self, first: int, n: int) -> int:
        """Return the sum of the words of *n* messages, a multiple of the slots."""
        slots = 1 if self.is_apart else self.n_slots
        stamps = int(message.total_of_stamps(first, n, self.nbytes, slots))
        return wrapped(n // self.n_slots * self._round + stamps)

    def require_report(self, report: Words, first: int, n: int) -> int:
        """Compare what the receiver said of *n* messages, all of which must have come.

        Raises:
            CheckFailed: if it does not confirm them.
        """
        require_value(int(report[echo.BYTES]), n * self.nbytes, "bytes that the receiver confirms")
        require_value(
            int(report[echo.CHECKSUM]), self.checksum(first, n), "checksum that it confirms"
        )
        require_value(int(report[echo.COUNT]), n, "messages in their order that it confirms")
        return 0

    def require_received(self, received: Words, numbers: Words) -> None:
        """Compare every byte of the messages *numbers*, in the order of their slots.

        Raises:
            CheckFailed: naming the first that differ.
        """
        rows = received.view(np.uint8).reshape(self.n_slots, self.slot_bytes)[: numbers.size]
        due = np.array([message.stamp_of(int(number), self.nbytes) for number in numbers])
        stamps = due.reshape(-1, 1).view(np.uint8)[:, : min(8, self.nbytes)]
        if not np.array_equal(rows[:, : stamps.shape[1]], stamps):
            wrong = int(np.flatnonzero((rows[:, : stamps.shape[1]] != stamps).any(axis=1))[0])
            raise CheckFailed(f"message {int(numbers[wrong])} does not lie where it was received")
        rest = self._bytes[stamps.shape[1] :]
        for row in rows:
            require_each(row[stamps.shape[1] :], lambda part: rest[part])
