"""A session of ``hwperf serve`` in a thread of the tests, on the loopback address alone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import pytest

from hwperf import peer

LONGEST_S = 20.0  # For a test that hangs to fail.


@dataclass
class Session:
    """A session that is served.

    Attributes:
        said: what the server said.
        outcome: what came of it, once it is over.
    """

    address: peer.Address
    token: peer.Token
    said: list[str] = field(default_factory=list)
    outcome: list[peer.Outcome] = field(default_factory=list)
    thread: threading.Thread | None = None

    def over(self) -> peer.Outcome:
        """Wait until it has left; return what came of it."""
        assert self.thread is not None
        self.thread.join(LONGEST_S)
        assert not self.thread.is_alive(), "the server hangs"
        return self.outcome[0]

    def end(self) -> None:
        """Let it leave at once, if it has not: by as many wrong tokens as it bears."""
        assert self.thread is not None
        while self.thread.is_alive() and answers(self.address):
            with suppress(peer.PeerError), peer.connect(self.address, peer.new()):
                pass
        self.over()


@pytest.fixture
def serving() -> Iterator[Callable[..., Session]]:
    """Return a function that starts a session; afterwards none is left and nothing listens."""
    sessions: list[Session] = []

    def start(
        host: str = "127.0.0.1", timeout_s: float = 0.3, points: int | None = None
    ) -> Session:
        token = peer.new()
        stack = ExitStack()
        listener, address = stack.enter_context(peer.listening(host, 0))
        session = Session(address, token)

        def run() -> None:
            with stack:
                outcome = peer.serve(
                    listener, token, timeout_s=timeout_s, points=points, say=session.said.append
                )
                session.outcome.append(outcome)

        session.thread = threading.Thread(target=run)
        sessions.append(session)
        session.thread.start()
        return session

    yield start
    for session in sessions:
        session.end()
        assert not answers(session.address)


def answers(address: peer.Address) -> bool:
    """Return whether somebody listens there."""
    try:
        socket.create_connection((address.host, address.port), 1.0).close()
    except OSError:
        return False
    return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let both sides give up within a fraction of a second."""
    monkeypatch.setattr("hwperf.peer.server.HANDSHAKE_S", 0.2)
    monkeypatch.setattr("hwperf.peer.server.IDLE_S", 0.2)
    monkeypatch.setattr("hwperf.peer.client.CONNECT_S", 0.4)
    monkeypatch.setattr("hwperf.peer.client.ANSWER_S", 0.2)


def raw(session: Session) -> socket.socket:
    """Return a connection on which nothing was said yet."""
    connection = socket.create_connection(session.address, 5.0)
    connection.settimeout(5.0)
    return connection


def ended(connection: socket.socket) -> bool:
    """Return whether the other side ends the connection, whatever it still says."""
    begin = time.monotonic()
    try:
        while connection.recv(4096):
            assert time.monotonic() - begin < LONGEST_S
    except ConnectionError:
        pass
    return True
