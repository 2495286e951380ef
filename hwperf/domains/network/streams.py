"""A stream of messages to another process that confirms them, call by call.

A call lasts some hundredths of a second; its messages are numbered on from those of the call
before. What the receiver says of it is compared at once, what it has received at the end.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from hwperf import CheckFailed, Figure, KiB, MiB, Seen, Unsupported
from hwperf.checks import Words, require_value
from hwperf.domains.network import channels, other_end
from hwperf.domains.network.channels import Channel
from hwperf.domains.network.confirmed import Expected, wrapped
from hwperf.domains.network.other_end import OtherEnd
from hwperf.kernels import datagrams, echo, flow, message, sockets, zerocopy
from hwperf.units import format_bytes
from hwperf.work import Timing

__all__ = ["Flow", "flowing"]

CALL_S = 0.02
"""Of a call, at the end of which the sender waits for the last message to be confirmed: 0.1 ms."""

RING_BYTES = 256 * KiB
"""Of the memory that is received into, where a message is not larger: as large as a core's own
caches, as a program would have it that looks at what it receives."""

_MOST_SLOTS = 4096  # The calls of a stream of tiny messages are not to last for ever.

HELD_BYTES = 8 * MiB
"""Of messages that are not copied, under way at once: what Linux lets a user lock by default."""

_SO_ZEROCOPY = 60  # Linux, include/uapi/asm-generic/socket.h
_WANTED_BUFFER = 4 * MiB  # Of a socket that receives datagrams; the system gives what it allows.
_UNDER_WAY = 512 * KiB  # Of datagrams, where there is room for as many.
_MOST_UNDER_WAY = 1024
# What a datagram takes of its socket's buffer: the system rounds it up to a power of two, and adds
# what it notes of it (Linux, SKB_TRUESIZE).
_DATAGRAM_SHARE, _DATAGRAM_EXTRA = 2, 2 * KiB


@dataclass
class Flow:
    """This end of a channel, ready to send.

    Attributes:
        channel: the way there.
        nbytes: of a message.
        expected: what the receiver should confirm.
        other: the process that receives.
        placed: the CPUs of both ends, this one's first.
        received: int64, the memory that it receives into.
        slots: int64, messages that are sent in turn, one in each row.
        window: datagrams that may be under way; 0 for a stream.
        is_zero_copy: whether the system is asked not to copy.
        n: messages of a call.
        sent: messages that were sent in all.
        lost: those that did not come.
    """

    channel: Channel
    nbytes: int
    expected: Expected
    other: OtherEnd
    placed: tuple[int, ...]
    received: Words
    slots: Words
    window: int
    is_zero_copy: bool
    n: int
    about: dict[str, Figure]
    sent: int = 0
    lost: int = 0
    counts: Words = field(default_factory=lambda: np.zeros(zerocopy.N_COUNTS, np.int64))
    told: Words = field(default_factory=lambda: np.full(echo.N_WORDS, -1))
    _heard: Words = field(default_factory=lambda: zerocopy.room())

    def run(self) -> Timing:
        """Send for a while.

        Returns:
            The seconds of one message that was confirmed.

        Raises:
            CheckFailed: if the receiver does not confirm what was sent.
            Unsupported: if the system has no room for messages that it does not copy.
        """
        first, n = self.sent, self.n
        with self.other.answering():
            self._push(first, n)
        error = int(self.told[echo.ERROR])
        if error:
            raise self._failed(error)
        error = int(self.other.report[echo.ERROR])
        if error:
            raise self.other.failed(error)
        self.sent += n
        came = self._confirmed(first, n)
        seconds = int(self.told[echo.ELAPSED]) * 1e-9 / came
        self._adapt(seconds)
        switches = int(self.other.report[echo.SWITCHES])
        return Timing(seconds, counts={"other_end_switches": switches, "lost": n - came})

    def check(self) -> None:
        """Compare what the receiver said last, and every byte that it has received last.

        Raises:
            CheckFailed: if anything differs, or nothing was sent.
        """
        if not self.told[echo.COUNT] > 0:
            raise CheckFailed("no message was sent")
        n = int(self.told[echo.COUNT])
        first = self.sent - n
        came = self._confirmed(first, n)
        require_value(int(self.told[echo.BYTES]), n * self.nbytes, "bytes that were sent")
        numbers = np.arange(first, self.sent)
        if came == n:
            self.expected.require_received(self.received, numbers[-self.expected.n_slots :])

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return where both ends ran, and what became of the messages."""
        found = {"on_cpus": Figure(", ".join(map(str, self.placed))), **self.about}
        if self.window:
            found["lost"] = Figure(self.lost / self.sent if self.sent else 0.0)
        if self.is_zero_copy:
            taken = int(self.counts[zerocopy.TAKEN])
            found["copied"] = Figure(int(self.counts[zerocopy.COPIED]) / max(1, taken))
        return found

    def forget(self) -> None:
        """Let nothing be left of calls that were made before the first one that counts."""
        self.received.view(np.uint8)[:] = 255
        if self.window:
            rows = self.received.view(np.uint8).reshape(self.expected.n_slots, -1)
            rows[:, self.nbytes :] = 0
        self.told[:] = self.other.report[:] = -1
        self.lost = 0

    def _push(self, first: int, n: int) -> None:
        words, control = other_end.command(first, n), self.other.control.fileno()
        n_slots, slot_bytes = self.slots.shape[0], 8 * self.slots.shape[1]
        before = (self.channel.there, self.slots, n_slots, slot_bytes, self.nbytes, words)
        after = (
            self.is_zero_copy, self._heard, self.counts, control, self.other.report, self.told,
        )  # fmt: skip
        if self.window:
            datagrams.push_datagrams(*before, self.window, *after)
        else:
            flow.push(*before, *after)

    def _confirmed(self, first: int, n: int) -> int:
        """Compare what the receiver said of *n* messages; return how many came."""
        report = self.other.report
        if not self.window:
            self.expected.require_report(report, first, n)
            return n
        came = int(report[echo.COUNT])
        require_value(int(report[datagrams.WRONG]), 0, "messages changed, doubled or out of order")
        require_value(int(report[echo.BYTES]), came * self.nbytes, "bytes that are confirmed")
        missing = (n - came) * self.expected.base + int(report[datagrams.LOST_STAMPS])
        require_value(
            wrapped(int(report[echo.CHECKSUM]) + missing),
            self.expected.checksum(first, n),
            "checksum of what came and what did not",
        )
        if not 0 < came <= n:
            raise CheckFailed(f"{came} of {n} messages came")
        self.lost += n - came
        return came

    def _adapt(self, seconds: float) -> None:
        """Let the next call last as long as it should, in whole rounds of the memory."""
        slots = self.expected.n_slots
        self.n = slots * max(1, round(CALL_S / seconds / slots))

    def _failed(self, error: int) -> Exception:
        if error == errno.EMSGSIZE:
            return Unsupported(
                f"a UDP message of {format_bytes(self.nbytes)} is longer than the interface's "
                "packets (its MTU), and would be cut up"
            )
        if error == errno.ENOBUFS and self.is_zero_copy:
            return Unsupported(
                "the system has no room for messages that it does not copy: see "
                "net.core.optmem_max and the limit of locked memory (ulimit -l)"
            )
        return self.other.failed(error)


@contextmanager
def flowing(transport: str, nbytes: int, is_zero_copy: bool) -> Iterator[Flow]:
    """Open a channel, start the process at its other end, and send a little; end both at the end.

    Raises:
        Unsupported: if this host has no such thing.
    """
    placed = other_end.cpus()
    with ExitStack() as stack:
        channel = stack.enter_context(channels.opened(transport, nbytes))
        if is_zero_copy:
            _ask_for_zero_copy(channel)
        is_stream = channel.kind == sockets.STREAM
        expected = Expected(nbytes, _n_slots(nbytes), is_apart=not is_stream)
        received = channels.shared_words(expected.n_slots * expected.slot_bytes // 8)
        window = 0 if is_stream else _window(channel, nbytes)
        start = _start(channel, received, expected, window)
        other = stack.enter_context(other_end.started(start, channel, placed))
        about = _about(channel, transport)
        n_slots = max(2, min(64, HELD_BYTES // nbytes)) if is_zero_copy else 1
        found = Flow(
            channel=channel,
            nbytes=nbytes,
            expected=expected,
            other=other,
            placed=placed,
            received=received,
            slots=np.tile(message.payload(nbytes), (n_slots, 1)),
            window=window,
            is_zero_copy=is_zero_copy,
            n=expected.n_slots,
            about=about,
        )
        found.forget()
        found.run()
        found.forget()
        yield found


def _start(channel: Channel, received: Words, expected: Expected, window: int) -> other_end.Start:
    if not window:
        return partial(flow.start_pulling, channel.far_in, received, expected.nbytes)
    rows = received.reshape(expected.n_slots, -1)
    return partial(
        datagrams.start_pulling_datagrams, channel.far_in, rows, expected.nbytes, expected.base,
        window,
    )  # fmt: skip


def _n_slots(nbytes: int) -> int:
    """Return for how many messages there is room where they are received: a whole word's worth."""
    n = max(1, min(_MOST_SLOTS, RING_BYTES // nbytes))
    return n if nbytes % 8 == 0 else -(-n // 8) * 8


def _window(channel: Channel, nbytes: int) -> int:
    """Return how many datagrams may be under way: half of what the receiver has room for."""
    with socket.socket(fileno=channel.far_in) as far:
        try:
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _WANTED_BUFFER)
            room = far.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        finally:
            far.detach()
    fits = room // 2 // (_DATAGRAM_SHARE * nbytes + _DATAGRAM_EXTRA)
    wanted = min(_MOST_UNDER_WAY, _UNDER_WAY // nbytes)
    return max(1, min(fits, wanted))


def _ask_for_zero_copy(channel: Channel) -> None:
    assert channel.near is not None
    try:
        channel.near.setsockopt(socket.SOL_SOCKET, _SO_ZEROCOPY, 1)
    except OSError as error:
        raise Unsupported(f"the system has no MSG_ZEROCOPY here: {error.strerror}") from error


def _about(channel: Channel, transport: str) -> dict[str, Figure]:
    if transport != "tcp" or channel.near is None:
        return {}
    name = channel.near.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16)
    return {"congestion_control": Figure(name.rstrip(b"\0").decode("ascii", "replace"))}
