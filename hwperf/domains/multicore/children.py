"""Child processes that answer questions. This module starts them, and leaves none behind.

They are new programs and no copies of this process: a copy would have its locks and not its
threads. Each leads a process group of its own, and ends when nobody can ask it any more.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO

from hwperf import CheckFailed

__all__ = ["Child", "child"]

ANSWER_S = 60.0  # Longest wait for an answer: some libraries take seconds to load from a cold disk.
_END_S = 2.0  # For a child to end by itself, when its stdin is closed.


@dataclass(frozen=True)
class Child:
    """A running child process."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]
    _read: bytearray = field(default_factory=bytearray)

    def tell(self, line: str) -> None:
        """Send a line.

        Raises:
            CheckFailed: if it has ended.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(line.encode() + b"\n")
        except OSError as error:
            raise CheckFailed(self._why()) from error

    def answer(self) -> str:
        """Return the next line that it writes.

        Raises:
            CheckFailed: if it ends, or is silent for too long.
        """
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        watched = select.poll()
        watched.register(descriptor, select.POLLIN)
        while b"\n" not in self._read:
            if not watched.poll(ANSWER_S * 1000):
                raise CheckFailed(f"a child process did not answer within {ANSWER_S:.0f} s")
            part = os.read(descriptor, 65536)
            if not part:
                raise CheckFailed(self._why())
            self._read.extend(part)
        line, _, rest = self._read.partition(b"\n")
        self._read[:] = rest
        return line.decode().strip()

    def ask(self, line: str) -> str:
        """Send a line and return the answer."""
        self.tell(line)
        return self.answer()

    def _why(self) -> str:
        """Return what became of it: its exit status and the last line that it wrote to stderr."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_END_S)
        self.said.seek(0)
        last = self.said.read().decode(errors="replace").strip().rpartition("\n")[2]
        return f"a child process ended with {self.process.poll()}: {last or 'no message'}"


@contextmanager
def child(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Start this Python with *arguments*; end the process, and all that it has started, afterwards.

    It may use the CPUs that the calling thread may use now.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment,
            process_group=0,
        )
        try:
            yield Child(process, said)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the process end, and kill what is left of its group."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        deadline = time.monotonic() + _END_S
        while not _has_ended(process) and time.monotonic() < deadline:
            time.sleep(0.001)
    finally:
        # Not reaped yet, so that the number of the group is still its own.
        if process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if process.returncode is not None:
        return True
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        return os.waitid(os.P_PID, process.pid, options) is not None
    except ChildProcessError:  # SIGCHLD is ignored, so that nobody waits for it.
        return True
