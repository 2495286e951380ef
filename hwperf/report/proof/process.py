"""The processes that measure, from outside. This module starts, asks and ends them.

Each leads a process group of its own: Ctrl-C reaches the command alone, and what a process has
started ends with it.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from hwperf.devices import DEVICE
from hwperf.errors import HwperfError

__all__ = ["Ended", "Silent", "Worker"]

_PROGRAM = ("-m", "hwperf.report.proof.worker")
_END_S = 5.0  # For a process to be gone after it was killed: a driver may hold it for a while.
_LAST_WORDS_BYTES = 8192


class Ended(HwperfError):
    """The process has ended without an answer."""


class Silent(HwperfError):
    """The process has not answered in time."""


class Worker:
    """A running process that measures the device *id*.

    Args:
        id: the device.
        program: what Python is to run; by default the worker.
    """

    def __init__(self, id: str, program: tuple[str, ...] = _PROGRAM) -> None:
        self.id = id
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._read = bytearray()
        self._process = subprocess.Popen(
            [sys.executable, *program],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**os.environ, DEVICE: id},
            process_group=0,
        )

    def ask(self, request: Mapping[str, Any], patience_s: float) -> dict[str, Any]:
        """Send a request and return the answer.

        Raises:
            Ended: if the process ends.
            Silent: if it does not answer within *patience_s*.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise Ended(self._end()) from error
        return self.hear(patience_s)

    def hear(self, patience_s: float) -> dict[str, Any]:
        """Return what it says next.

        Raises:
            Ended: if it ends, or what it says is no answer.
            Silent: if it says nothing within *patience_s*.
        """
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        deadline = time.monotonic() + patience_s
        while b"\n" not in self._read:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not poll.poll(1000 * left_s):
                raise Silent(f"did not end within {patience_s:.0f} s: its process was ended")
            part = os.read(descriptor, 65536)
            if not part:
                raise Ended(self._end())
            self._read.extend(part)
        line, _, rest = self._read.partition(b"\n")
        self._read[:] = rest
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise Ended(f"its process said {line[:60]!r}, which is no answer")
        return told

    def close(self) -> None:
        """End the process and all that it has started."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            # One that hangs in its driver cannot be ended; nobody waits for it.
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
        for pipe in (self._process.stdin, self._process.stdout, self._said):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    def _end(self) -> str:
        """Return how it has ended: the signal or the status, and its last words."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        status = self._process.poll()
        if status is not None and status < 0:
            try:
                how = f"was ended by {signal.Signals(-status).name}"
            except ValueError:
                how = f"was ended by signal {-status}"
        else:
            how = "ended" if status is None else f"ended with {status}"
        self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, self._said.tell() - _LAST_WORDS_BYTES))
        words = self._said.read().decode(errors="replace").strip().rpartition("\n")[2]
        return f"its process {how}{': ' + ' '.join(words.split()) if words else ''}"
