"""What really happened during a call: bytes that reached the device, waiting, other people's I/O.

The proof of I/O: the kernel counts, for each process, the bytes that it made the storage layer
fetch or write (/proc/self/io: read_bytes, write_bytes). Over the bytes asked for that is 1 for real
I/O and 0 where the page cache, a hole in the file, or memory has answered.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from hwperf.host import storage
from hwperf.host.facts import Unavailable

__all__ = ["Happened", "Watch", "tick_s"]

_COARSE_CLOCK = 6  # CLOCK_MONOTONIC_COARSE, Linux: it moves with the timer tick.


@dataclass(frozen=True)
class Happened:
    """What happened between two looks; None where the system does not tell.

    Attributes:
        read_bytes: that this process made the storage layer fetch.
        written_bytes: that it made it write.
        wait_s: that the threads were ready to run and waited for a CPU, added up.
        io_pressure_s: in which some task of the system waited for storage.
        foreign_bytes: that the device moved for others.
    """

    read_bytes: int | None
    written_bytes: int | None
    wait_s: float | None
    io_pressure_s: float | None
    foreign_bytes: int | None


class Watch:
    """Looks at the counts before and after; use as a context manager.

    Args:
        directory: whose device is watched.
        thread_ids: whose waiting counts.
    """

    def __init__(self, directory: Path, thread_ids: Sequence[int] = ()) -> None:
        self._files: dict[str, int] = {}
        self._threads = [f"thread {each}" for each in thread_ids]
        self._open("io", "/proc/self/io")
        self._open("pressure", "/proc/pressure/io")
        for name, each in zip(self._threads, thread_ids, strict=True):
            self._open(name, f"/proc/self/task/{each}/schedstat")
        self._device = device_of(directory)
        self._before: _Counts | None = None

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()

    def begin(self) -> None:
        """Look; what happens from now on counts."""
        self._before = self._counts()

    def end(self) -> Happened:
        """Look again and return what happened since :meth:`begin`."""
        before, after = self._before or self._counts(), self._counts()
        read = _less(after.read_bytes, before.read_bytes)
        written = _less(after.written_bytes, before.written_bytes)
        moved = _less(after.device_bytes, before.device_bytes)
        own = None if read is None or written is None else read + written
        return Happened(
            read_bytes=read,
            written_bytes=written,
            wait_s=_less(after.wait_s, before.wait_s),
            io_pressure_s=_less(after.io_pressure_s, before.io_pressure_s),
            foreign_bytes=None if moved is None or own is None else max(0, moved - own),
        )

    def _counts(self) -> _Counts:
        own = dict(line.split(": ", 1) for line in self._text("io").splitlines() if ": " in line)
        pressure = self._text("pressure").partition("\n")[0].rpartition("total=")[2]
        waits = [self._text(name).split() for name in self._threads]
        return _Counts(
            read_bytes=int(own["read_bytes"]) if "read_bytes" in own else None,
            written_bytes=int(own["write_bytes"]) if "write_bytes" in own else None,
            wait_s=(
                sum(int(words[1]) for words in waits) * 1e-9
                if waits and all(len(words) > 1 for words in waits)
                else None
            ),
            io_pressure_s=int(pressure) * 1e-6 if pressure.isdecimal() else None,
            device_bytes=self._device_bytes(),
        )

    def _device_bytes(self) -> int | None:
        if self._device is None:
            return None
        try:
            counts = storage.io_counts(self._device)
        except (Unavailable, OSError, ValueError, LookupError):
            return None
        return counts.read_bytes + counts.written_bytes

    def _open(self, name: str, path: str) -> None:
        try:
            self._files[name] = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        except OSError:
            return

    def _text(self, name: str) -> str:
        descriptor = self._files.get(name)
        if descriptor is None:
            return ""
        try:
            return os.pread(descriptor, 4096, 0).decode("ascii", "replace")
        except OSError:
            return ""


@dataclass(frozen=True)
class _Counts:
    read_bytes: int | None
    written_bytes: int | None
    wait_s: float | None
    io_pressure_s: float | None
    device_bytes: int | None


_Number = TypeVar("_Number", int, float)


def _less(after: _Number | None, before: _Number | None) -> _Number | None:
    return None if after is None or before is None else after - before


@cache
def device_of(directory: Path) -> str | None:
    """Return the name of the block device that the file system lies on, or None."""
    try:
        return storage.chain(storage.file_system(directory).device)[0].name
    except (Unavailable, OSError, LookupError):
        return None


@cache
def tick_s() -> float | None:
    """Return the period of the system's timer tick, or None where it is not told."""
    try:
        return time.clock_getres(_COARSE_CLOCK)
    except (OSError, AttributeError, ValueError):
        return None
