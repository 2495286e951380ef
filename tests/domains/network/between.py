"""Somebody between the two ends of a channel, who passes on something else than what came."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from hwperf.domains.network import channels
from hwperf.domains.network.channels import Channel
from hwperf.kernels import sockets

Change = Callable[[bytes, int], list[bytes]]
"""Given what came and how many messages (of a stream: bytes) came before, what is passed on."""

PIECE = 2**16


def insert(monkeypatch: pytest.MonkeyPatch, change: Change, *, kind: int = sockets.STREAM) -> None:
    """Let every channel that is opened from now on lead through *change* on its way there."""

    @contextmanager
    def opened(transport: str, nbytes: int) -> Iterator[Channel]:
        how = socket.SOCK_DGRAM if kind == sockets.DATAGRAM else socket.SOCK_STREAM
        with ExitStack() as stack:
            near, first = socket.socketpair(socket.AF_UNIX, how)
            second, far = socket.socketpair(socket.AF_UNIX, how)
            for each in (near, first, second):
                stack.enter_context(each)
            if kind == sockets.DATAGRAM:
                channels.looking(near)
                channels.looking(far)
            step = 1 if kind == sockets.DATAGRAM else 0
            threads = [
                threading.Thread(target=carry, args=(first, second, change, step), daemon=True),
                threading.Thread(target=carry, args=(second, first, unchanged, 0), daemon=True),
            ]
            for thread in threads:
                thread.start()
            number, other = near.fileno(), far.detach()
            channel = Channel(kind, number, number, other, other, near)
            stack.callback(channel.close_far)
            try:
                yield channel
            finally:
                for each in (first, second):
                    with contextlib.suppress(OSError):
                        each.shutdown(socket.SHUT_RDWR)
                for thread in threads:
                    thread.join(2.0)

    monkeypatch.setattr(channels, "opened", opened)


def unchanged(data: bytes, _: int) -> list[bytes]:
    return [data]


def carry(source: socket.socket, to: socket.socket, change: Change, step: int) -> None:
    """Pass on what comes until there is no more."""
    before = 0
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(PIECE)
            if not data and not step:
                break
            for piece in change(data, before) if data else [data]:
                to.sendall(piece)
            before += step or len(data)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_RDWR)


def flip(place: int) -> Change:
    """Change one bit of the byte *place* of a stream."""

    def change(data: bytes, before: int) -> list[bytes]:
        changed = bytearray(data)
        if before <= place < before + len(data):
            changed[place - before] ^= 1
        return [bytes(changed)]

    return change


def cut_out(first: int, last: int) -> Change:
    """Leave out the bytes *first* to *last* - 1 of a stream."""

    def change(data: bytes, before: int) -> list[bytes]:
        ends = (max(0, first - before), max(0, last - before))
        return [data[: ends[0]] + data[ends[1] :]]

    return change


def double(first: int, last: int) -> Change:
    """Pass the bytes *first* to *last* - 1 of a stream on twice."""
    kept = bytearray()

    def change(data: bytes, before: int) -> list[bytes]:
        kept.extend(data[max(0, first - before) : max(0, last - before)])
        if before < last <= before + len(data):
            end = last - before
            return [data[:end] + bytes(kept) + data[end:]]
        return [data]

    return change
