"""Many small files: what the file system asks for each of them, whatever is in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hwperf import CheckFailed, Unsupported, Work, workload
from hwperf.checks import require_equal
from hwperf.domains.storage import answer
from hwperf.domains.storage.engines import ours_alone
from hwperf.domains.storage.failure import failed
from hwperf.domains.storage.terms import PRECISION, WAITING
from hwperf.kernels import files
from hwperf.scratch import lacking

__all__ = ["metadata"]

N_FILES = 1000
# Making files soon after others were removed slows down for seconds on some file systems (ext4
# looks for numbers that were not just given back; seen: 11 to 700 µs a file): few calls, and files
# that are not needed any more stay until the run is over.
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_MOST_CALLS = {"create": 3, "unlink": 3}


@workload(
    "storage.metadata",
    params={"what": ["create", "stat", "list", "rename", "unlink"]},
    metric="latency",
    requires=[lacking, ours_alone],
    answers="What does each of many small files cost, before a byte of it is read?",
    source="mdtest (IOR); bonnie++; POSIX, openat, fstatat, readdir, renameat, unlinkat",
)
def metadata(what: str) -> Iterator[Work]:
    """Time per file of an operation on 1,000 empty files in one directory.

    Counts files. They are made and closed ("create"), asked for their status by name, listed
    (os.listdir), given another name, or removed. Nothing is synced: this is what the file system
    takes, and its journal may still write later. What prepares a call is not counted.
    """
    with ExitStack() as stack:
        session = answer.session()
        path, directory = stack.enter_context(_directory(session.named()))
        operation = _OPERATIONS[what](path, directory)
        yield Work(
            answer.within(session, f"{what} of files", operation.run, 2 * answer.TIMEOUT_S),
            clock="wall clock around the operation",
            precision=PRECISION,
            most_calls=_MOST_CALLS.get(what, 10),
            own_causes=WAITING,
            ops=N_FILES,
        )
        operation.check()


class _Operation:
    """An operation on the files of a directory.

    Attributes:
        path: of the directory.
        directory: descriptor of it.
        done: int64 of one word: for how many files it was done in the last call.
    """

    def __init__(self, path: Path, directory: int) -> None:
        self.path, self.directory = path, directory
        self.names, self.new_names = _names("a"), _names("b")
        self.done = np.full(1, -1)

    def prepare(self) -> None:
        """Bring the directory into the state that the operation needs: all files are there."""
        found = sorted(os.listdir(self.path))
        if found == _texts(self.names):
            return
        if found == _texts(self.new_names):
            files.rename(self.directory, self.new_names, self.names, N_FILES)
            return
        self.clear()
        self._require(files.create(self.directory, self.names, N_FILES), "making")

    def clear(self) -> None:
        """Remove all files, whatever they are called."""
        for name in os.listdir(self.path):
            os.unlink(name, dir_fd=self.directory)

    def act(self) -> int:
        """Carry it out; return for how many files it was done."""
        raise NotImplementedError

    def run(self) -> float:
        """Carry the operation out once and return its seconds."""
        self.prepare()
        begin = time.perf_counter()
        self.done[0] = self.act()
        seconds = time.perf_counter() - begin
        self._require(int(self.done[0]), "an operation on")
        return seconds

    def check(self) -> None:
        """See that the directory and what was told are as they should be."""
        if not self.done[0] == N_FILES:
            raise CheckFailed(f"{self.done[0]} files (is) != {N_FILES} (should)")

    def require_listed(self, names: Any) -> None:
        """Compare what the directory holds with *names*."""
        found, wanted = sorted(os.listdir(self.path)), _texts(names)
        if found != wanted:
            raise CheckFailed(
                f"the directory holds {len(found)} files; expected {len(wanted)} of their names"
            )

    def _require(self, n: int, what: str) -> None:
        if n == N_FILES:
            return
        if not self.path.is_dir():
            raise CheckFailed(f"{self.path} has vanished during the run")
        status = os.statvfs(self.directory)
        if status.f_favail == 0 or status.f_bavail == 0:
            raise Unsupported(f"the file system is full: {what} file {n + 1} of {N_FILES} failed")
        raise CheckFailed(f"{what} file {n + 1} of {N_FILES} failed")


class _Create(_Operation):
    def prepare(self) -> None:
        # In the same directory: a new one lies elsewhere, where the search for numbers is longer.
        self.clear()

    def act(self) -> int:
        return int(files.create(self.directory, self.names, N_FILES))

    def check(self) -> None:
        super().check()
        self.require_listed(self.names)


class _Stat(_Operation):
    def __init__(self, path: Path, directory: int) -> None:
        super().__init__(path, directory)
        super().prepare()
        self.answer = np.zeros(files.STATX_WORDS, np.int64)
        self.inodes = np.full(N_FILES, -1)

    def prepare(self) -> None:
        self.inodes[:] = -1

    def act(self) -> int:
        return int(files.look(self.directory, self.names, N_FILES, self.answer, self.inodes))

    def check(self) -> None:
        super().check()
        told = [(self.path / name).stat().st_ino for name in _texts(self.names)]
        require_equal(self.inodes, np.array(told))


class _List(_Operation):
    def __init__(self, path: Path, directory: int) -> None:
        super().__init__(path, directory)
        super().prepare()
        self.listed: list[str] = []

    def prepare(self) -> None:
        self.listed = []

    def act(self) -> int:
        self.listed = os.listdir(self.directory)
        return len(self.listed)

    def check(self) -> None:
        super().check()
        if sorted(self.listed) != _texts(self.names):
            raise CheckFailed("the names that were listed are not those of the files")


class _Rename(_Operation):
    def __init__(self, path: Path, directory: int) -> None:
        super().__init__(path, directory)
        super().prepare()

    def prepare(self) -> None:
        if self.done[0] == N_FILES:
            self.names, self.new_names = self.new_names, self.names

    def act(self) -> int:
        return int(files.rename(self.directory, self.names, self.new_names, N_FILES))

    def check(self) -> None:
        super().check()
        self.require_listed(self.new_names)


class _Unlink(_Operation):
    def act(self) -> int:
        return int(files.unlink(self.directory, self.names, N_FILES))

    def check(self) -> None:
        super().check()
        self.require_listed(self.names[:0])


_OPERATIONS: dict[str, Callable[[Path, int], _Operation]] = {
    "create": _Create,
    "stat": _Stat,
    "list": _List,
    "rename": _Rename,
    "unlink": _Unlink,
}


@contextmanager
def _directory(parent: Path) -> Iterator[tuple[Path, int]]:
    """Give the directory of the run, which stays until the run ends, and a descriptor of it."""
    path = parent / "files"
    try:
        path.mkdir(exist_ok=True)
        descriptor = os.open(path, _DIRECTORY)
    except OSError as error:
        raise failed("making a directory", error.errno or 0) from error
    try:
        yield path, descriptor
    finally:
        os.close(descriptor)


def _names(first: str) -> Any:
    """Return N_FILES names as bytes, files.NAME_BYTES each."""
    texts = [f"{first}{i:06d}".encode() for i in range(N_FILES)]
    return np.array(texts, dtype=f"S{files.NAME_BYTES}").view(np.uint8).reshape(N_FILES, -1).copy()


def _texts(names: Any) -> list[str]:
    return [bytes(name).rstrip(b"\0").decode() for name in names]
