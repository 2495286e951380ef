"""The side that measures. This module connects, proves the token, and times confirmed messages."""

from __future__ import annotations

import hmac
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwperf.peer import protocol
from hwperf.peer.address import Address, resolved
from hwperf.peer.channel import Channel
from hwperf.peer.protocol import PeerError
from hwperf.peer.token import Token

__all__ = ["Batch", "Connection", "connect"]

CONNECT_S = 10.0
"""For the connection and the proof: longer than the other side lets a stranger hold it up."""

ANSWER_S = 30.0
"""For the next confirmation."""

POISON = 2**64 - 1
"""What stands where nothing was confirmed."""


@dataclass(frozen=True)
class Batch:
    """Messages that were sent, and what was confirmed of them.

    Attributes:
        nbytes: of each message.
        confirmed: of each message its number, the bytes that arrived, and their digest.
        expected: what that has to be.
        latencies_ns: of each message, from before it was sent to when its confirmation was here.
        stretch_ns: from before the first was sent to when the last confirmation was here.
    """

    nbytes: int
    confirmed: NDArray[np.uint64]
    expected: NDArray[np.uint64]
    latencies_ns: NDArray[np.int64]
    stretch_ns: int

    def fault(self) -> str | None:
        """Return what of the confirmations is wrong, or None; all of them are compared."""
        wrong = np.flatnonzero(~(self.confirmed == self.expected).all(axis=1))
        if not wrong.size:
            return None
        place = int(wrong[0])
        number, arrived, digest = (int(word) for word in self.confirmed[place])
        which = f"message {place} of {len(self.confirmed)}"
        if number == arrived == digest == POISON:
            return f"{which} was not confirmed"
        if number != place:
            return f"in place of {which} the second host confirms number {number}"
        if arrived != self.nbytes:
            return f"the second host confirms {arrived} of {self.nbytes} B of {which}"
        return (
            f"the second host's checksum of {which} is {digest:#x} (is) != "
            f"{int(self.expected[place, 2]):#x} (should): it did not get what was sent"
        )


@dataclass
class Connection:
    """A connection on which the token was proved, both ways.

    Attributes:
        address: of the second host.
        channel: what is sent and received on.
        sent: messages so far; each carries its number, so that no two that follow are the same.
    """

    address: Address
    channel: Channel
    sent: int = 0
    _words: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64), repr=False)

    def batch(self, nbytes: int, count: int, in_flight: int = 1) -> Batch:
        """Send *count* messages of *nbytes* each; return them with what was confirmed.

        Args:
            nbytes: of each message.
            count: of messages.
            in_flight: the messages that may be under way unconfirmed.

        Raises:
            PeerError: if the other side refuses, goes away or is silent.
        """
        batch = self._prepared(nbytes, count)
        request = protocol.REQUEST.pack(protocol.BATCH, count, nbytes)
        self.channel.send(request)
        self._accepted("the batch")
        try:
            stretch_ns = self._exchange(batch, in_flight)
        except PeerError as why:
            done = int((batch.confirmed[:, 0] != POISON).sum())
            raise PeerError(
                f"the second host failed after {done} of {count} messages: {why}"
            ) from None
        self.sent += count
        return Batch(nbytes, batch.confirmed, batch.expected, batch.latencies_ns, stretch_ns)

    def done(self) -> None:
        """Say that the point is done, so that the other side may count it.

        Raises:
            PeerError: if the other side does not take note.
        """
        self.channel.send(protocol.REQUEST.pack(protocol.DONE, 0, 0))
        self._accepted("the end")

    def _prepared(self, nbytes: int, count: int) -> Batch:
        """Return a batch with what has to be confirmed, and nothing confirmed."""
        if len(self._words) != -(-nbytes // 8):
            random = np.random.default_rng(nbytes)
            self._words = random.integers(0, 2**64, -(-nbytes // 8), np.uint64)
        expected = np.empty((count, 3), np.uint64)
        expected[:, 0] = np.arange(count)
        expected[:, 1] = nbytes
        view = self._view(nbytes)
        stamp = min(8, nbytes)
        for number in range(count):
            view[:stamp] = _stamp(self.sent + number)[:stamp]
            expected[number, 2] = protocol.digest(self._words, nbytes)
        return Batch(
            nbytes,
            np.full((count, 3), POISON, np.uint64),
            expected,
            np.zeros(count, np.int64),
            0,
        )

    def _view(self, nbytes: int) -> memoryview:
        return self._words.data.cast("B")[:nbytes]

    def _exchange(self, batch: Batch, in_flight: int) -> int:
        """Send and receive; return the nanoseconds of the whole."""
        view, count = self._view(batch.nbytes), len(batch.expected)
        stamp = min(8, batch.nbytes)
        size = protocol.CONFIRMATION.size
        frames = bytearray(count * size)
        answers = memoryview(frames)
        begun, ended = np.zeros(count, np.int64), np.zeros(count, np.int64)
        send, fill, now = self.channel.send, self.channel.fill, time.perf_counter_ns
        stamps = [_stamp(self.sent + number)[:stamp] for number in range(count)]
        sent = confirmed = 0
        try:
            start = now()
            while confirmed < count:
                while sent < count and sent - confirmed < in_flight:
                    view[:stamp] = stamps[sent]
                    begun[sent] = now()
                    send(view)
                    sent += 1
                fill(answers[confirmed * size : (confirmed + 1) * size])
                ended[confirmed] = now()
                confirmed += 1
            end = int(ended[-1])
        finally:
            told = np.frombuffer(frames, ">u8").reshape(count, 3)
            batch.confirmed[:confirmed] = told[:confirmed]
        batch.latencies_ns[:] = ended - begun
        return end - start

    def _accepted(self, what: str) -> None:
        (verdict,) = protocol.VERDICT.unpack(self.channel.receive(protocol.VERDICT.size))
        if verdict != protocol.ACCEPTED:
            raise PeerError(f"the second host refuses {what}: {protocol.refusal(verdict)}")


def _stamp(number: int) -> bytes:
    return number.to_bytes(8, "little")


@contextmanager
def connect(address: Address, token: Token) -> Iterator[Connection]:
    """Connect to a second host and prove the token, both ways.

    Raises:
        PeerError: if nobody answers there, or it refuses, or it does not have the token itself.
    """
    try:
        family, end = resolved(address)
        connection = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PeerError(f"{address.host!r} means nothing here: {error}") from None
    with closing(connection):
        connection.settimeout(CONNECT_S)
        try:
            connection.connect(end)
        except OSError as error:
            reason = "no answer in time" if isinstance(error, TimeoutError) else error.strerror
            raise PeerError(
                f"no 'hwperf serve' answers at {address}: {reason or error}. It leaves by itself "
                "when its session is over: start it again there"
            ) from None
        channel = Channel(connection, CONNECT_S)
        try:
            _prove(channel, token)
        except PeerError as why:
            raise PeerError(f"{address}: {why}") from None
        channel.wait(ANSWER_S)
        yield Connection(address, channel)


def _prove(channel: Channel, token: Token) -> None:
    nonce = secrets.token_bytes(protocol.NONCE_BYTES)
    channel.send(protocol.MAGIC + nonce)
    size = len(protocol.MAGIC)
    challenge = channel.receive(size + protocol.NONCE_BYTES)
    if challenge[:size] != protocol.MAGIC:
        raise PeerError("what answers there is no 'hwperf serve' of this version")
    channel.send(token.proof(b"client", nonce, challenge[size:]))
    answer = channel.receive(protocol.VERDICT.size + protocol.PROOF_BYTES)
    if answer[0] != protocol.ACCEPTED:
        raise PeerError(f"the second host refuses: {protocol.refusal(answer[0])}")
    if not hmac.compare_digest(answer[1:], token.proof(b"server", nonce, challenge[size:])):
        raise PeerError("what answers there does not have the token itself")
