"""Whole frames over a connection. This module sends and receives them, or gives up in time.

Each wait is bounded twice: a single one by the socket, a whole frame by a deadline, so that a peer
that sends a byte now and then holds nobody up for long.
"""

from __future__ import annotations

import os
import socket
import struct
import time

from hwperf.peer.protocol import PeerError, PeerGone

__all__ = ["Channel"]


class Channel:
    """A connection that is sent and received on in whole frames.

    Args:
        connection: connected; it is closed with the channel.
        wait_s: the longest wait for a whole frame.
    """

    def __init__(self, connection: socket.socket, wait_s: float) -> None:
        self.socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wait(wait_s)

    def wait(self, seconds: float) -> None:
        """Wait no longer than *seconds* for a frame from now on."""
        self.wait_s = seconds
        self._limit(seconds)

    def fill(self, view: memoryview) -> int:
        """Receive into the whole of *view*; return how many bytes came.

        It takes at most twice the wait: asking for the time on the way costs no system call.

        Raises:
            PeerError: if fewer come before the end, or before the time is over.
        """
        size = len(view)
        received = self._some(view)
        if received == size:
            return received
        deadline = time.monotonic() + self.wait_s
        while received < size:
            if time.monotonic() > deadline:
                raise PeerError(f"{received} of {size} B came in {self.wait_s:.3g} s")
            try:
                received += self._some(view[received:])
            except PeerGone as why:
                raise PeerError(f"{why} after {received} of {size} B") from None
        return received

    def receive(self, size: int) -> bytes:
        """Return the next *size* bytes, all within the wait; for frames that are small.

        Raises:
            PeerError: as `fill`.
        """
        frame = bytearray(size)
        view, received = memoryview(frame), 0
        deadline = time.monotonic() + self.wait_s
        while received < size:
            left = deadline - time.monotonic()
            if left <= 0:
                raise PeerError(f"{received} of {size} B came in {self.wait_s:.3g} s")
            self._limit(left)
            try:
                received += self._some(view[received:])
            except PeerGone as why:
                if received:
                    raise PeerError(f"{why} after {received} of {size} B") from None
                raise
        self._limit(self.wait_s)
        return bytes(frame)

    def send(self, frame: bytes | memoryview) -> None:
        """Send all of *frame*.

        Raises:
            PeerError: if it cannot be sent in time, or nobody is there any more.
        """
        try:
            self.socket.sendall(frame)
        except (BlockingIOError, TimeoutError):
            raise PeerError(f"it takes nothing for {self.wait_s:.3g} s") from None
        except OSError as error:
            raise PeerError(f"the connection is gone: {error.strerror or error}") from None

    def close(self) -> None:
        """Close it."""
        self.socket.close()

    def _limit(self, seconds: float) -> None:
        """Bound each single wait."""
        if os.name != "posix":
            self.socket.settimeout(seconds)
            return
        # The kernel's own time-outs: Python's would ask poll before each receive.
        self.socket.settimeout(None)
        whole = int(seconds)
        limit = struct.pack("@ll", whole, max(1, int((seconds - whole) * 1e6)))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def _some(self, view: memoryview) -> int:
        try:
            received = self.socket.recv_into(view)
        except (BlockingIOError, TimeoutError):
            raise PeerError(f"it says nothing for {self.wait_s:.3g} s") from None
        except OSError as error:
            raise PeerError(f"the connection is gone: {error.strerror or error}") from None
        if received == 0:
            raise PeerGone("it closed the connection")
        return received
