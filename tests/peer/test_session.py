"""A session confirms each message, counts its points, and leaves by itself."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from hwperf import UsageError, peer
from hwperf.peer import protocol

from .conftest import Session

Serving = Callable[..., Session]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as tried:
            tried.bind(("::1", 0))
    except OSError:
        return False
    return True


HOSTS = [
    "127.0.0.1",
    pytest.param("::1", marks=pytest.mark.skipif(not has_ipv6(), reason="no IPv6 loopback")),
]


@pytest.mark.parametrize("host", HOSTS)
def test_every_message_is_confirmed(serving: Serving, host: str) -> None:
    session = serving(host, points=1)
    with peer.connect(session.address, session.token) as connection:
        for nbytes in (1, 7, 8, 9, 4095, 4096, 8192, 2**20):
            for in_flight in (1, 3, 16):
                batch = connection.batch(nbytes, 20, in_flight)
                assert batch.fault() is None
                assert (batch.latencies_ns > 0).all()
                assert batch.stretch_ns >= batch.latencies_ns.max()
        connection.done()
    outcome = session.over()
    assert (outcome.connections, outcome.points, outcome.wrong) == (1, 1, 0)
    assert outcome.client == host


def test_a_session_outlives_its_connections(serving: Serving) -> None:
    """The points of a run are measured in processes of their own."""
    session = serving(points=3)
    for _ in range(3):
        with peer.connect(session.address, session.token) as connection:  # A rehearsal.
            connection.batch(1, 1)
        with peer.connect(session.address, session.token) as connection:
            assert connection.batch(4096, 3).fault() is None
            connection.done()
    assert session.over().points == 3
    assert session.outcome[0].connections == 6
    assert session.said == []


def test_the_time_begins_anew_after_each_connection(serving: Serving) -> None:
    begin = time.monotonic()
    session = serving(timeout_s=0.4)
    for _ in range(3):
        time.sleep(0.25)
        with peer.connect(session.address, session.token) as connection:
            connection.batch(1, 1)
    assert session.over().connections == 3
    assert time.monotonic() - begin > 3 * 0.25 + 0.4


def test_when_nobody_comes_it_leaves(serving: Serving) -> None:
    session = serving(timeout_s=0.05)
    assert session.over() == peer.Outcome()


def test_a_client_waits_for_the_one_before(serving: Serving) -> None:
    session = serving(points=2)
    done: list[int] = []

    def measure(number: int) -> None:
        with peer.connect(session.address, session.token) as connection:
            assert connection.batch(4096, 50).fault() is None
            connection.done()
            done.append(number)

    threads = [threading.Thread(target=measure, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 1]
    assert session.over().points == 2


def test_no_two_messages_that_follow_are_the_same(serving: Serving) -> None:
    """What was left in the other side's memory by the message before confirms nothing."""
    session = serving()
    with peer.connect(session.address, session.token) as connection:
        for nbytes in (1, 4096, 8192):
            digests = [
                each
                for _ in range(2)
                for each in connection.batch(nbytes, 100).expected[:, 2].tolist()
            ]
            assert all(a != b for a, b in itertools.pairwise(digests))


@pytest.mark.parametrize("nbytes", [1, 8, 4096, 8192, 2**20])
def test_one_wrong_bit_changes_the_digest(nbytes: int) -> None:
    words = np.random.default_rng(1).integers(0, 2**64, -(-nbytes // 8), np.uint64)
    right = protocol.digest(words, nbytes)
    octets = words.view(np.uint8)
    for place in {0, nbytes // 2, nbytes - 1}:
        octets[place] ^= 1
        assert protocol.digest(words, nbytes) != right
        octets[place] ^= 1
    assert protocol.digest(words, nbytes) == right


def test_two_exchanged_blocks_change_the_digest() -> None:
    words = np.random.default_rng(1).integers(0, 2**64, 2048, np.uint64)
    right = protocol.digest(words, words.nbytes)
    words[:512], words[512:1024] = words[512:1024].copy(), words[:512].copy()
    assert protocol.digest(words, words.nbytes) != right


def test_an_address_in_use_is_told() -> None:
    with (
        peer.listening("127.0.0.1", 0) as (_, address),
        pytest.raises(UsageError, match=rf"cannot listen on 127.0.0.1:{address.port}: Address al"),
        peer.listening("127.0.0.1", address.port),
    ):
        pass


def test_it_listens_on_the_address_alone() -> None:
    with peer.listening("127.0.0.1", 0) as (listener, address):
        assert listener.getsockname() == ("127.0.0.1", address.port)
        with pytest.raises(OSError, match="refused"), socket.socket() as other:
            other.connect(("127.0.0.2", address.port))
