"""Messages go through whole, whatever pieces they come in, and an end is told from an error."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from hwperf.kernels import message, process, sockets, zerocopy
from hwperf.kernels.jit import kernel

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="numbers of Linux")

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def control() -> Iterator[Pair]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@pytest.fixture
def stream() -> Iterator[Pair]:
    near, far = socket.socketpair()
    with near, far:
        yield near, far


@kernel
def over(control: int) -> bool:
    return sockets.is_over(control)  # type: ignore[no-any-return]


@kernel
def waited(descriptor: int, events: int, timeout_ms: int) -> int:
    return sockets.wait_for(descriptor, events, timeout_ms)  # type: ignore[no-any-return]


def received(kind: int, source: socket.socket, n: int, control: socket.socket) -> tuple[int, bytes]:
    buffer = np.zeros(n // 8 + 1, np.int64)
    error = sockets.receive_whole(kind, source.fileno(), buffer.ctypes.data, n, control.fileno())
    return int(error), buffer.tobytes()[:n]


def test_a_message_in_pieces_is_put_together(stream: Pair, control: Pair) -> None:
    near, far = stream
    near.sendall(b"some ")
    later = threading.Timer(0.05, near.sendall, (b"words",))
    later.start()
    assert received(sockets.STREAM, far, 10, control[0]) == (0, b"some words")
    later.join()


def test_a_large_message_is_sent_whole(stream: Pair, control: Pair) -> None:
    near, far = stream
    data = np.random.default_rng(0).integers(0, 256, 3_000_001, np.uint8)
    got: list[tuple[int, bytes]] = []
    reader = threading.Thread(
        target=lambda: got.append(received(sockets.STREAM, far, data.size, control[0]))
    )
    reader.start()
    assert sockets.send_whole(sockets.STREAM, near.fileno(), data.ctypes.data, data.size) == 0
    reader.join()
    assert got == [(0, data.tobytes())]


def test_the_end_is_told_from_an_error(stream: Pair, control: Pair) -> None:
    near, far = stream
    near.sendall(b"half")
    near.close()
    assert received(sockets.STREAM, far, 8, control[0])[0] == sockets.CUT_SHORT
    data = np.zeros(1, np.int64)
    error = sockets.send_whole(sockets.STREAM, far.fileno(), data.ctypes.data, 8)
    assert os.strerror(int(error)) == "Broken pipe"


def test_a_signal_does_not_end_a_wait(stream: Pair, control: Pair) -> None:
    """Python's handlers let calls of the system be interrupted: they are made again."""
    near, far = stream
    seen: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: seen.append(number))
    later = threading.Timer(0.1, near.sendall, (b"12345678",))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        later.start()
        assert received(sockets.STREAM, far, 8, control[0]) == (0, b"12345678")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        later.join()
    assert seen


@pytest.mark.parametrize("n", [7, 9])
def test_a_datagram_of_another_length_is_refused(n: int, control: Pair) -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        near.send(b"x" * n)
        assert received(sockets.DATAGRAM, far, 8, control[0])[0] == sockets.SHORT


def test_whoever_has_ended_is_over(control: Pair) -> None:
    near, far = control
    assert not over(near.fileno())
    far.close()
    assert over(near.fileno())


def test_waiting_for_nothing_ends_in_time(control: Pair) -> None:
    near, far = control
    assert waited(near.fileno(), sockets.POLLIN, 1) == 0
    far.send(b"x")
    assert waited(near.fileno(), sockets.POLLIN, 1000) == 1


def test_a_socket_without_news_has_none(stream: Pair) -> None:
    counts = np.zeros(zerocopy.N_COUNTS, np.int64)
    assert zerocopy.gather(stream[0].fileno(), zerocopy.room(), counts) == 0
    assert counts.tolist() == [0, 0, 0]


@pytest.mark.parametrize("nbytes", [1, 3, 7, 8, 9, 4097])
def test_a_stamp_is_read_as_it_was_written_and_changes_nothing_else(nbytes: int) -> None:
    words = message.payload(nbytes)
    before = words.view(np.uint8).copy()
    stamp = message.stamp_of(12345, nbytes)
    message.write_stamp(words.ctypes.data, nbytes, stamp)
    assert message.read_stamp(words.ctypes.data, nbytes) == stamp
    assert (words.view(np.uint8)[min(8, nbytes) :] == before[min(8, nbytes) :]).all()
    added = int(message.total(words)) - int(message.total(before.view(np.int64)))
    assert (added - stamp) % 2**64 == 0


def test_stamps_and_answers_differ() -> None:
    stamps = [message.stamp_of(i, 8) for i in range(1000)]
    answers = [message.answer_to(stamp, 8) for stamp in stamps]
    assert len({*stamps, *answers}) == 2000
    short = [message.stamp_of(i, 1) for i in range(256)]
    assert len({message.answer_to(stamp, 1) for stamp in set(short)}) == len(set(short))


def test_every_single_bit_changes_the_checksum() -> None:
    words = message.payload(13)
    right = message.total(words)
    for place in range(13 * 8):
        wrong = words.copy()
        wrong.view(np.uint8)[place // 8] ^= 1 << place % 8
        assert message.total(wrong) != right


@kernel
def switches() -> int:
    return process.switches()  # type: ignore[no-any-return]


def test_switches_are_those_of_the_whole_process() -> None:
    def told() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw

    before = told()
    assert before <= switches() <= told()
