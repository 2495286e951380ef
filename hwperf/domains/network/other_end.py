"""The process at the other end. This module starts it, asks it, and leaves nothing of it behind.

It is a copy of this process that runs one compiled loop and nothing else, so that it is there
within milliseconds. It ends with this process, at the latest when it has not answered for seconds.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np

from hwperf import CheckFailed, Unsupported
from hwperf.checks import Words
from hwperf.domains.network.channels import Channel
from hwperf.host import cpu, topology
from hwperf.kernels import echo, process, sockets

__all__ = ["ANSWER_S", "OtherEnd", "Start", "cpus", "own_causes", "started"]

ANSWER_S = 5.0
"""Longest time for a call, which takes hundredths of a second."""

_LOOK_S = 0.25  # Between two looks whether a call lasts too long.

Start = Callable[[int, int, Words, Words], int]
"""Starts the process, given its end of the control socket, the number of this process, the mask of
the CPUs that it may use, and the descriptors that it must not hold; returns its number."""


def cpus() -> tuple[int, ...]:
    """Return the CPUs of this end and of the other; one for both where no two can work at once."""
    most, _ = topology.most_threads()
    return topology.order(cpu.allowed_cpus())[: min(2, most)]


def own_causes(placed: Sequence[int]) -> tuple[str, ...]:
    """Return what says nothing of others on these CPUs, as each end sleeps until it is woken.

    On one CPU they take it from each other.
    """
    waiting = ("runqueue_wait_s", "team_wait_s")
    return waiting if len(placed) > 1 else ("involuntary_switches", *waiting)


@dataclass
class OtherEnd:
    """A running process at the other end.

    Attributes:
        number: of the process.
        control: this end of the socket on which it is told what to do, and reports.
        channel: the way there.
        report: what it said last, int64 of N_WORDS.
    """

    number: int
    control: socket.socket
    channel: Channel
    report: Words = field(default_factory=lambda: np.full(echo.N_WORDS, -1))
    _deadline: float | None = None
    _is_late: bool = False
    _status: int | None = None
    _is_reaped: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Bound the time of what is done inside: afterwards the process is ended."""
        self._deadline = time.monotonic() + ANSWER_S
        try:
            yield
        finally:
            self._deadline = None

    def tell(self, first: int, n: int) -> None:
        """Tell it that messages *first* to *first* + *n* - 1 come.

        Raises:
            CheckFailed: if it has ended.
        """
        try:
            self.control.sendall(command(first, n).tobytes())
        except OSError as error:
            raise self.failed(error.errno or 0) from error

    def hear(self) -> None:
        """Wait for its report.

        Raises:
            CheckFailed: if it ends before.
        """
        came = b""
        while len(came) < self.report.nbytes:
            try:
                part = self.control.recv(self.report.nbytes - len(came))
            except OSError as error:
                raise self.failed(error.errno or 0) from error
            if not part:
                raise self.failed(sockets.CUT_SHORT)
            came += part
        self.report[:] = np.frombuffer(came, np.int64)

    def failed(self, error: int) -> CheckFailed:
        """Return what to raise where a message could not be sent or received."""
        if self._is_late:
            return CheckFailed(
                f"the other process has not answered for {ANSWER_S:.0f} s, and was ended: a "
                "message or its answer is lost"
            )
        self._reap(within_s=0.2)
        if self._is_reaped:
            return CheckFailed(f"the other process ended in the middle: {self._fate()}")
        if error == sockets.CUT_SHORT:
            error = self._told() or error
        if error == sockets.SHORT:
            return CheckFailed("a message came that has not the length of what was sent")
        if error == sockets.CUT_SHORT:
            return CheckFailed("the other process gave up in the middle")
        return CheckFailed(f"a message could not be sent or received: {os.strerror(error)}")

    def _told(self) -> int:
        """Return the error that it has reported while this end still waited for a message, or 0."""
        with suppress(OSError):
            came = self.control.recv(self.report.nbytes, socket.MSG_DONTWAIT)
            if len(came) == self.report.nbytes:
                return int(np.frombuffer(came, np.int64)[echo.ERROR])
        return 0

    def watch(self) -> None:
        """End the process when a call lasts too long, and give up on one that has ended.

        Runs on a thread of its own.
        """
        while not self._over.wait(_LOOK_S):
            deadline = self._deadline
            if deadline is None:
                continue
            if time.monotonic() > deadline:
                self._is_late = True
                self.kill()
            self._reap(within_s=0.0)
            if self._is_reaped:
                self.channel.give_up()

    def kill(self) -> None:
        """End it at once, if it has not ended."""
        with self._lock:
            if not self._is_reaped:
                with suppress(ProcessLookupError):
                    os.kill(self.number, signal.SIGKILL)

    def close(self) -> None:
        """End it, and wait until nothing is left of it."""
        self._over.set()
        self.control.close()
        self.kill()
        self._reap(within_s=None)

    def _reap(self, within_s: float | None) -> None:
        """Wait for its end; where *within_s* is None, as long as it takes."""
        deadline = None if within_s is None else time.monotonic() + within_s
        while not self._is_reaped:
            with self._lock:
                try:
                    number, status = os.waitpid(self.number, 0 if deadline is None else os.WNOHANG)
                except ChildProcessError:  # SIGCHLD is ignored, so that nobody need wait for it.
                    self._is_reaped = True
                    return
                if number:
                    self._is_reaped, self._status = True, status
                    return
            if deadline is not None and time.monotonic() > deadline:
                return
            time.sleep(0.001)

    def _fate(self) -> str:
        if self._status is None:
            return "nobody told how"
        if os.WIFSIGNALED(self._status):
            return f"killed by signal {os.WTERMSIG(self._status)}"
        return f"exit status {os.waitstatus_to_exitcode(self._status)}"


def command(first: int, n: int) -> Words:
    """Return the words that tell it of *n* messages from number *first* on."""
    words = np.zeros(echo.N_WORDS, np.int64)
    words[echo.FIRST], words[echo.N] = first, n
    return words


@contextmanager
def started(start: Start, channel: Channel, placed: Sequence[int]) -> Iterator[OtherEnd]:
    """Start the process; end it at the end, whatever happens.

    The calling thread is on the first of the CPUs until then, and the process on the last one.

    Args:
        start: starts it.
        channel: between both. This end's descriptors are closed in the other process, which would
            else never see this end closed; the other end's are closed in this one.
        placed: the CPUs of both ends, this one's first.

    Raises:
        Unsupported: if the system has no room for another process.
    """
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with near, far:
        closed = np.array([near.fileno(), *channel.ours], np.int64)
        number = int(start(far.fileno(), os.getpid(), _mask(placed[-1]), closed))
        if number < 0:
            raise Unsupported("the system refuses to start another process (ulimit -u, memory)")
        other = OtherEnd(number, near, channel)
        try:
            far.close()
            channel.close_far()
            watcher = threading.Thread(target=other.watch, daemon=True)
            watcher.start()
        except BaseException:
            other.close()
            raise
        before = os.sched_getaffinity(0)
        try:
            with suppress(OSError):
                os.sched_setaffinity(0, {placed[0]})
            yield other
        finally:
            other.close()
            watcher.join()
            with suppress(OSError):  # Where all of them were taken away, the kernel has moved us.
                os.sched_setaffinity(0, before)


def _mask(number: int) -> Words:
    words = np.zeros(process.MASK_WORDS, np.int64)
    words[number // 64] = np.array(1 << number % 64, np.uint64).astype(np.int64)
    return words
