"""Ways from one process of this host to another. This module opens them, on the loopback only.

A socket listens for as long as it takes to connect to it from here, before anything else runs.
"""

from __future__ import annotations

import errno
import mmap
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import numpy as np

from hwperf import CheckFailed, Unsupported
from hwperf.checks import Words
from hwperf.kernels import echo, sockets

__all__ = [
    "DATAGRAM_BYTES",
    "HOST",
    "MEMORY",
    "Channel",
    "lacking",
    "looking",
    "opened",
    "shared_words",
]

MEMORY = "shared_memory"

HOST = "127.0.0.1"

DATAGRAM_BYTES = 65507
"""Most bytes of a UDP message over IPv4: 65535 of a packet, less 20 and 8 of headers (RFC 768)."""

LOOK_S = 0.25
"""After which who waits for a datagram looks whether there is still somebody who sends any."""

# Linux, include/uapi/linux/in.h: a message that does not fit into a packet is refused, not cut up.
_IP_MTU_DISCOVER, _IP_PMTUDISC_DO = 10, 2
_BACKLOG = 1
_STRANGERS = 16  # Connections from elsewhere on this host that are turned away before ours comes.

_NO_LOOPBACK = {
    errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.ENETDOWN, errno.EHOSTUNREACH,
}  # fmt: skip


@dataclass
class Channel:
    """Two ends of a way to and fro, both still in this process.

    Attributes:
        kind: what its descriptors are, see :mod:`hwperf.kernels.sockets`.
        there: descriptor that this process sends to.
        back: that it receives from.
        far_in: that the other process receives from.
        far_out: that the other process sends to.
        near: this process's socket, where it is a way through sockets.
        memory: that both processes see, where it is that; the four are then addresses.
    """

    kind: int
    there: int
    back: int
    far_in: int
    far_out: int
    near: socket.socket | None = None
    memory: Words | None = None
    _is_far_open: bool = True

    @property
    def ours(self) -> tuple[int, ...]:
        """This process's descriptors, each once: the other process must not hold them."""
        return () if self.memory is not None else tuple({self.there, self.back})

    def give_up(self) -> None:
        """Let nobody wait any longer for the other process, where nobody else would tell."""
        if self.memory is not None:
            self.memory[0] = self.memory[self.memory.size // 2] = echo.GIVEN_UP

    def close_far(self) -> None:
        """Close the other process's ends in this one, once that one has a copy of its own."""
        if self._is_far_open and self.memory is None:
            self._is_far_open = False
            for descriptor in {self.far_in, self.far_out}:
                os.close(descriptor)


def lacking() -> str | None:
    """Return why there can be no second process here, or None."""
    if sys.platform != "linux":
        return (
            "the other end is a copy of this process that ends with it, for which hwperf asks "
            f"Linux; this is {sys.platform}"
        )
    return None


@contextmanager
def opened(transport: str, nbytes: int) -> Iterator[Channel]:
    """Open a way of the kind *transport*; close this process's ends at the end.

    Args:
        transport: "tcp", "udp", "unix", "pipe" or MEMORY.
        nbytes: of a message.

    Raises:
        Unsupported: if this host has no such thing, or its loopback does not work.
    """
    with ExitStack() as stack:
        try:
            channel = _memory(nbytes) if transport == MEMORY else _OPEN[transport](stack)
        except OSError as error:
            raise _refused(transport, error) from error
        stack.callback(channel.close_far)
        yield channel


def _refused(transport: str, error: OSError) -> Unsupported:
    """Return what to raise where a way cannot be opened."""
    why = f"{transport} cannot be opened here: {error.strerror or error}"
    if error.errno in _NO_LOOPBACK:
        return Unsupported(f"{why}. The interface lo is down, or has not the address {HOST}")
    return Unsupported(why)


def _tcp(stack: ExitStack) -> Channel:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind((HOST, 0))
        listening.listen(_BACKLOG)
        near = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        near.settimeout(5.0)
        near.connect(listening.getsockname())
        far = _accepted(listening, near)
    near.settimeout(None)
    for each in (near, far):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _of_sockets(sockets.STREAM, near, far)


def _accepted(listening: socket.socket, near: socket.socket) -> socket.socket:
    """Return the other end of *near*; whoever else has connected is turned away."""
    listening.settimeout(5.0)
    for _ in range(_STRANGERS):
        far, address = listening.accept()
        if address == near.getsockname():
            far.settimeout(None)
            return far
        far.close()
    raise CheckFailed(f"other programs keep connecting to {HOST}, port {near.getpeername()[1]}")


def _udp(stack: ExitStack) -> Channel:
    near = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with ExitStack() as until_done:
        far = until_done.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        for each in (near, far):
            each.bind((HOST, 0))
        near.connect(far.getsockname())
        far.connect(near.getsockname())
        for each in (near, far):
            each.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO)
            looking(each)
            _drop(each)
        until_done.pop_all()
    return _of_sockets(sockets.DATAGRAM, near, far)


def looking(each: socket.socket) -> None:
    """Let nobody wait for a datagram for longer than LOOK_S."""
    wait = struct.pack("ll", int(LOOK_S), int(LOOK_S % 1 * 1e6))
    each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)


def _drop(each: socket.socket) -> None:
    """Throw away what strangers have sent before the socket was connected."""
    with suppress(BlockingIOError):
        while True:
            each.recv(DATAGRAM_BYTES, socket.MSG_DONTWAIT)


def _unix(stack: ExitStack) -> Channel:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    stack.enter_context(near)
    return _of_sockets(sockets.STREAM, near, far)


def _pipe(stack: ExitStack) -> Channel:
    far_in, there = os.pipe()
    stack.callback(os.close, there)
    try:
        back, far_out = os.pipe()
    except OSError:
        os.close(far_in)
        raise
    stack.callback(os.close, back)
    return Channel(sockets.PIPE, there, back, far_in, far_out)


def _memory(nbytes: int) -> Channel:
    size = echo.memory_bytes(nbytes)
    memory = shared_words(2 * size // 8)
    there = memory.ctypes.data
    return Channel(echo.MEMORY, there, there + size, there, there + size, memory=memory)


def shared_words(n: int) -> Words:
    """Return an int64 array of zeros that processes see which are started from now on."""
    return np.frombuffer(mmap.mmap(-1, 8 * n), np.int64)


def _of_sockets(kind: int, near: socket.socket, far: socket.socket) -> Channel:
    number, other = near.fileno(), far.detach()
    return Channel(kind, number, number, other, other, near)


_OPEN: dict[str, Callable[[ExitStack], Channel]] = {
    "tcp": _tcp,
    "udp": _udp,
    "unix": _unix,
    "pipe": _pipe,
}
