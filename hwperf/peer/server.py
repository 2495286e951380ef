"""The side that confirms. This module serves one client for one session, and then leaves.

Connections are served one after the other. Nothing is written, and no more memory is taken than
one message of the largest size, whatever arrives.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwperf.errors import UsageError
from hwperf.peer import protocol
from hwperf.peer.address import Address, resolved
from hwperf.peer.channel import Channel
from hwperf.peer.protocol import PeerError, PeerGone
from hwperf.peer.token import Token

__all__ = ["MOST_WRONG", "Outcome", "listening", "serve"]

MOST_WRONG = 3
"""Wrong tokens after which it leaves."""

HANDSHAKE_S = 4.0
"""For the whole proof. Who connects and says nothing holds others up for as long."""

IDLE_S = 60.0
"""For a whole message of a client that has proved itself, and between two batches."""

_BACKLOG = 8

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What came of a session.

    Attributes:
        connections: that proved the token.
        points: that the client called done.
        wrong: proofs that were wrong.
        client: the address of the one client.
    """

    connections: int = 0
    points: int = 0
    wrong: int = 0
    client: str = ""

    @property
    def is_attacked(self) -> bool:
        """Whether too many wrong tokens came."""
        return self.wrong >= MOST_WRONG


@contextmanager
def listening(host: str, port: int) -> Iterator[tuple[socket.socket, Address]]:
    """Listen on exactly this address; yield the socket and where it listens.

    Raises:
        UsageError: if that cannot be.
    """
    try:
        family, end = resolved(Address(host, port))
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}: {error.strerror or error}.") from None
    with closing(listener):
        try:
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            # A session that has just ended leaves its port waiting; it is not in use.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(end)
            listener.listen(_BACKLOG)
        except OSError as error:
            raise UsageError(
                f"cannot listen on {Address(host, port) if port else host}: "
                f"{error.strerror or error}. Give an "
                "address of this machine, and a port that is free (0: any)."
            ) from None
        yield listener, Address(host, listener.getsockname()[1])


def serve(
    listener: socket.socket,
    token: Token,
    *,
    timeout_s: float,
    points: int | None = None,
    say: Say = lambda sentence: None,
) -> Outcome:
    """Serve one client until it is done.

    Args:
        listener: what to accept connections from.
        token: what the client has to prove that it has.
        timeout_s: how long to wait for the client, at first and after each of its connections.
        points: leave after so many that the client calls done; None: when the time is over.
        say: told what happens, in sentences without the token.

    Returns:
        What came of it.
    """
    outcome = Outcome()
    deadline = time.monotonic() + timeout_s
    while not outcome.is_attacked and (points is None or outcome.points < points):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        listener.settimeout(left)
        try:
            connection, end = listener.accept()
        except TimeoutError:
            break
        except OSError as error:
            # The client reset it before it was accepted, or there are too many open files.
            say(f"a connection was lost: {error.strerror or error}")
            time.sleep(min(0.1, max(0.0, left)))
            continue
        with closing(connection):
            if _serve_one(connection, str(end[0]), token, outcome, say):
                deadline = time.monotonic() + timeout_s
    return outcome


def _serve_one(
    connection: socket.socket, client: str, token: Token, outcome: Outcome, say: Say
) -> bool:
    """Serve one connection; return whether it proved the token. Nothing it does raises."""
    is_proved = False
    try:
        channel = Channel(connection, HANDSHAKE_S)
        is_proved = _is_proved(channel, client, token, outcome, say)
        if is_proved:
            outcome.connections += 1
            outcome.client = client
            channel.wait(IDLE_S)
            _serve_batches(channel, outcome)
    except PeerError as why:
        say(f"{client}: {why}")
    except OSError as error:
        say(f"{client}: {error.strerror or error}")
    return is_proved


def _is_proved(channel: Channel, client: str, token: Token, outcome: Outcome, say: Say) -> bool:
    """Return whether the client has the token; tell it, and prove the same to it."""
    deadline = time.monotonic() + HANDSHAKE_S
    size = len(protocol.MAGIC)
    hello = channel.receive(size + protocol.NONCE_BYTES)
    if hello[:size] != protocol.MAGIC:
        raise PeerError("it speaks another protocol, or another version of it")
    nonce = secrets.token_bytes(protocol.NONCE_BYTES)
    channel.send(protocol.MAGIC + nonce)
    channel.wait(max(0.001, deadline - time.monotonic()))
    proof = channel.receive(protocol.PROOF_BYTES)
    verdict = protocol.ACCEPTED
    if not hmac.compare_digest(proof, token.proof(b"client", hello[size:], nonce)):
        outcome.wrong += 1
        verdict = protocol.WRONG_TOKEN
        say(f"{client}: a wrong token, {outcome.wrong} of {MOST_WRONG}")
    elif outcome.client not in ("", client):
        verdict = protocol.OTHER_CLIENT
        say(f"{client}: refused, as this session is {outcome.client}'s")
    own = token.proof(b"server", hello[size:], nonce)
    # One who did not prove the token gets nothing made with it.
    answer = own if verdict == protocol.ACCEPTED else bytes(protocol.PROOF_BYTES)
    channel.send(protocol.VERDICT.pack(verdict) + answer)
    if verdict != protocol.ACCEPTED:
        _let_go(channel)
    return verdict == protocol.ACCEPTED


def _let_go(channel: Channel) -> None:
    """Say that nothing follows, so that the last answer arrives before the end does."""
    with suppress(OSError):
        channel.socket.shutdown(socket.SHUT_WR)


def _serve_batches(channel: Channel, outcome: Outcome) -> None:
    """Confirm batch after batch until the client says that it is done."""
    buffer = np.zeros(0, np.uint64)
    while True:
        try:
            request = channel.receive(protocol.REQUEST.size)
        except PeerGone:
            return  # A rehearsal, or a point that is not done.
        kind, count, nbytes = protocol.REQUEST.unpack(request)
        if kind == protocol.DONE:
            outcome.points += 1
            channel.send(protocol.VERDICT.pack(protocol.ACCEPTED))
            _let_go(channel)
            return
        if kind != protocol.BATCH:
            raise PeerError(f"it asks for {kind}, which there is not")
        if not protocol.is_allowed(count, nbytes):
            channel.send(protocol.VERDICT.pack(protocol.TOO_LARGE))
            raise PeerError(f"it wants to send {count} messages of {nbytes} B, which is too much")
        if 8 * len(buffer) < nbytes or nbytes < 8 * len(buffer) - 7:
            buffer = np.zeros(-(-nbytes // 8), np.uint64)
        channel.send(protocol.VERDICT.pack(protocol.ACCEPTED))
        _confirm(channel, buffer, count, nbytes)


def _confirm(channel: Channel, words: NDArray[np.uint64], count: int, nbytes: int) -> None:
    """Receive *count* messages and confirm each, as soon as it is there."""
    view = words.data.cast("B")[:nbytes]
    pack, fill, send, digest = (
        protocol.CONFIRMATION.pack, channel.fill, channel.send, protocol.digest,
    )  # fmt: skip
    for number in range(count):
        arrived = fill(view)
        send(pack(number, arrived, digest(words, arrived)))
