"""Whatever arrives, the server goes on and leaves in time, and the client says what was wrong."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from hwperf import peer
from hwperf.peer import protocol, server
from hwperf.peer.channel import Channel

from .conftest import Session, ended, raw

Serving = Callable[..., Session]
pytestmark = pytest.mark.usefixtures("impatient")

REFUSED = "the second host refuses: the token is not the one that it was started with"


def test_a_wrong_token_is_refused_and_three_of_them_end_the_session(serving: Serving) -> None:
    session = serving(timeout_s=5.0)
    for _ in range(3):
        with (
            pytest.raises(peer.PeerError, match=REFUSED),
            peer.connect(session.address, peer.new()),
        ):
            pass
    outcome = session.over()
    assert (outcome.wrong, outcome.connections, outcome.is_attacked) == (3, 0, True)
    assert session.said[-1] == "127.0.0.1: a wrong token, 3 of 3"


def test_after_a_wrong_token_the_right_one_is_served(serving: Serving) -> None:
    session = serving(points=1)
    with pytest.raises(peer.PeerError), peer.connect(session.address, peer.new()):
        pass
    with peer.connect(session.address, session.token) as connection:
        assert connection.batch(1, 1).fault() is None
        connection.done()
    assert session.over().wrong == 1


def test_no_token_is_said_or_sent(serving: Serving) -> None:
    session = serving(points=1)
    sent: list[bytes] = []
    original = Channel.send

    def send(self: Channel, frame: bytes | memoryview) -> None:
        sent.append(bytes(frame))
        original(self, frame)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Channel, "send", send)
        with peer.connect(session.address, session.token) as connection:
            connection.batch(64, 1)
            connection.done()
        with pytest.raises(peer.PeerError), peer.connect(session.address, peer.new()):
            pass
    session.over()
    assert session.token.secret.encode() not in b"".join(sent)
    assert session.token.secret not in " ".join([*session.said, repr(session), str(session.token)])


def test_a_proof_cannot_be_played_back(serving: Serving) -> None:
    """The server's nonce is another each time, and the server's proof is not the client's."""
    session = serving()
    nonce = bytes(32)
    answers = []
    for proof in (None, "played back", "the server's"):
        with raw(session) as connection:
            connection.sendall(protocol.MAGIC + nonce)
            challenge = connection.recv(40, socket.MSG_WAITALL)[8:]
            if proof is None:
                right = session.token.proof(b"client", nonce, challenge)
            elif proof == "the server's":
                right = session.token.proof(b"server", nonce, challenge)
            connection.sendall(right)
            answers.append(connection.recv(1)[0])
    assert answers == [0, protocol.WRONG_TOKEN, protocol.WRONG_TOKEN]


GARBAGE = {
    "nothing": b"",
    "a byte": b"h",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" + 100 * b"x",
    "zeros": bytes(100),
    "another version": b"hwperf\x00\xff" + bytes(32),
    "a truncated proof": protocol.MAGIC + bytes(32) + bytes(31),
    "much": 10**6 * b"\xff",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("stays", [False, True])
def test_a_stranger_costs_the_session_nothing(
    serving: Serving, garbage: bytes, stays: bool
) -> None:
    session = serving(timeout_s=2.0, points=1)
    with raw(session) as stranger:
        with suppress(ConnectionError):
            stranger.sendall(garbage)
        if stays:
            assert ended(stranger)
        else:
            # A reset in place of an orderly end.
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with peer.connect(session.address, session.token) as connection:
        assert connection.batch(4096, 10).fault() is None
        connection.done()
    assert session.over().wrong == 0


def test_a_stranger_who_drips_bytes_is_let_go(serving: Serving) -> None:
    session = serving(timeout_s=2.0, points=1)
    begin = time.monotonic()
    with raw(session) as stranger, suppress(ConnectionError):
        for _ in range(60):
            stranger.sendall(b"h")
            time.sleep(0.05)
    assert time.monotonic() - begin < 2.0
    with peer.connect(session.address, session.token) as connection:
        connection.done()
    session.over()


def proved(session: Session) -> socket.socket:
    """Return a connection that has proved the token, to misuse."""
    connection = raw(session)
    connection.sendall(protocol.MAGIC + bytes(32))
    challenge = connection.recv(40, socket.MSG_WAITALL)[8:]
    connection.sendall(session.token.proof(b"client", bytes(32), challenge))
    assert connection.recv(33, socket.MSG_WAITALL)[0] == 0
    return connection


REQUESTS = {
    "too large": (protocol.BATCH, 1, 2**63, "it wants to send 1 messages of 9223372036854775808 B"),
    "too many": (protocol.BATCH, 2**32 - 1, 1, "it wants to send 4294967295 messages of 1 B"),
    "none": (protocol.BATCH, 0, 1, "it wants to send 0 messages"),
    "empty": (protocol.BATCH, 1, 0, "messages of 0 B"),
    "not whole": (protocol.BATCH, 1, 4097, "messages of 4097 B"),
    "unknown": (77, 1, 1, "it asks for 77, which there is not"),
}


@pytest.mark.parametrize(("kind", "count", "nbytes", "why"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_out_of_bounds_is_refused(
    serving: Serving, kind: int, count: int, nbytes: int, why: str
) -> None:
    session = serving()
    with proved(session) as connection:
        connection.sendall(protocol.REQUEST.pack(kind, count, nbytes))
        assert ended(connection)
    session.over()
    assert why in session.said[-1]


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (protocol.REQUEST.pack(protocol.BATCH, 2, 8)[:5], "it closed the connection after 5 of 16"),
        (protocol.REQUEST.pack(protocol.BATCH, 2, 8), "it closed the connection"),
        (protocol.REQUEST.pack(protocol.BATCH, 2, 8) + bytes(13), "after 5 of 8 B"),
    ],
    ids=["in a request", "before a message", "in a message"],
)
def test_a_client_that_vanishes_is_told_of(serving: Serving, sent: bytes, why: str) -> None:
    session = serving()
    with proved(session) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert ended(connection)
    assert session.over().connections == 1
    assert why in session.said[-1]


@pytest.mark.parametrize("sent", [b"", bytes(5)])
def test_a_client_that_falls_silent_is_let_go(serving: Serving, sent: bytes) -> None:
    session = serving()
    with proved(session) as connection:
        connection.sendall(protocol.REQUEST.pack(protocol.BATCH, 2, 8) + sent)
        assert ended(connection)
    session.over()
    assert "it says nothing for 0.2 s" in session.said[-1]


def test_a_session_is_one_clients(serving: Serving) -> None:
    session = serving("127.0.0.1")
    with peer.connect(session.address, session.token) as connection:
        connection.batch(1, 1)
    try:
        other = socket.create_connection(session.address, 5.0, source_address=("127.0.0.2", 0))
    except OSError:
        pytest.skip("this system's loopback has one address only")
    with other:
        other.sendall(protocol.MAGIC + bytes(32))
        challenge = other.recv(40, socket.MSG_WAITALL)[8:]
        other.sendall(session.token.proof(b"client", bytes(32), challenge))
        answer = other.recv(33, socket.MSG_WAITALL)
    assert answer == bytes([protocol.OTHER_CLIENT]) + bytes(32)
    assert session.over().wrong == 0
    assert session.said[-1] == "127.0.0.2: refused, as this session is 127.0.0.1's"


@contextmanager
def playing(play: Callable[[Channel], None]) -> Iterator[peer.Address]:
    """Let a thread play a second host that is not as it should be."""
    with peer.listening("127.0.0.1", 0) as (listener, address):

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                play(Channel(connection, 2.0))

        thread = threading.Thread(target=run)
        thread.start()
        yield address
        thread.join(10)
        assert not thread.is_alive()


TOKEN = peer.new()


def prove(channel: Channel) -> None:
    nonce = channel.receive(40)[8:]
    channel.send(protocol.MAGIC + bytes(32))
    channel.receive(32)
    channel.send(b"\0" + TOKEN.proof(b"server", nonce, bytes(32)))


def confirming(change: Callable[[int, int, int], bytes]) -> Callable[[Channel], None]:
    """Return a second host that changes each confirmation of a batch."""

    def play(channel: Channel) -> None:
        prove(channel)
        _, count, nbytes = protocol.REQUEST.unpack(channel.receive(protocol.REQUEST.size))
        channel.send(b"\0")
        for number in range(count):
            words = server.np.zeros(-(-nbytes // 8), server.np.uint64)
            channel.fill(words.data.cast("B")[:nbytes])
            frame = change(number, nbytes, protocol.digest(words, nbytes))
            channel.send(frame)
            if len(frame) < protocol.CONFIRMATION.size:
                return

    return play


pack = protocol.CONFIRMATION.pack


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda i, n, d: pack(i, n - (i == 2), d),
         "the second host confirms 4095 of 4096 B of message 2 of 4"),
        (lambda i, n, d: pack(i, n, d ^ (i == 3)), "the second host's checksum of message 3 of 4"),
        (lambda i, n, d: pack(i + (i > 0), n, d),
         "in place of message 1 of 4 the second host confirms number 2"),
        (lambda i, n, d: 24 * b"\xff", "message 0 of 4 was not confirmed"),
    ],
)  # fmt: skip
def test_what_is_confirmed_wrongly_is_named(
    change: Callable[[int, int, int], bytes], why: str
) -> None:
    with playing(confirming(change)) as address, peer.connect(address, TOKEN) as connection:
        fault = connection.batch(4096, 4).fault()
        assert fault is not None
        assert why in fault


def test_a_second_host_that_vanishes_is_named() -> None:
    play = confirming(lambda i, n, d: pack(i, n, d)[: 24 if i < 2 else 10])
    with (
        playing(play) as address,
        peer.connect(address, TOKEN) as connection,
        pytest.raises(
            peer.PeerError,
            match="the second host failed after 2 of 9 messages: it closed the connection after 10",
        ),
    ):
        connection.batch(8, 9)


def silent(channel: Channel) -> None:
    prove(channel)
    channel.receive(protocol.REQUEST.size)
    channel.send(b"\0")
    time.sleep(0.5)


def test_a_second_host_that_falls_silent_is_named() -> None:
    with (
        playing(silent) as address,
        peer.connect(address, TOKEN) as connection,
        pytest.raises(peer.PeerError, match=r"after 0 of 9 messages: it says nothing for 0.2 s"),
    ):
        connection.batch(8, 9)


def no_proof(channel: Channel) -> None:
    channel.receive(40)
    channel.send(protocol.MAGIC + bytes(32))
    channel.receive(32)
    channel.send(bytes(33))


def other_protocol(channel: Channel) -> None:
    channel.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3 \r\n")


@pytest.mark.parametrize(
    ("play", "why"),
    [
        (no_proof, "what answers there does not have the token itself"),
        (other_protocol, "what answers there is no 'hwperf serve' of this version"),
        (lambda channel: None, "it closed the connection|the connection is gone"),
        (lambda channel: time.sleep(0.6), "it says nothing for 0.4 s"),
    ],
)
def test_a_second_host_that_is_none_is_refused(play: Callable[[Channel], None], why: str) -> None:
    with (
        playing(play) as address,
        pytest.raises(peer.PeerError, match=f"{address}: ({why})"),
        peer.connect(address, TOKEN),
    ):
        pass


def test_where_nobody_listens_it_is_said_what_to_do() -> None:
    with peer.listening("127.0.0.1", 0) as (_, address):
        pass
    with (
        pytest.raises(
            peer.PeerError, match=r"refused\. It leaves by itself when its session is ov"
        ),
        peer.connect(address, TOKEN),
    ):
        pass
    with (
        pytest.raises(peer.PeerError, match=r"'nowhere\.invalid' means nothing here"),
        peer.connect(peer.Address("nowhere.invalid", 4), TOKEN),
    ):
        pass
