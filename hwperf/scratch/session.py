"""The scratch files of one run. This module holds them in one process and reaches them from others.

The scratch file has no name from the start (O_TMPFILE, or unlinked at once): whatever happens to
the processes, nothing of it is left. The process that begins the run keeps it open, and those that
measure open it anew by ``/proc/<pid>/fd/<n>``, so that it is laid out once for all points.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hwperf.errors import Unsupported
from hwperf.host import storage
from hwperf.scratch.ledger import Ledger, Word
from hwperf.scratch.litter import Litter, new_name, sweep
from hwperf.scratch.target import HELD_SHARE, require_space, unwritable
from hwperf.units import GiB

__all__ = ["SCRATCH", "Session", "current", "opened", "write_limit"]

SCRATCH = "HWPERF_SCRATCH"
"""Environment variable, set by hwperf: the session of a run, for the processes that measure."""

# B. What a run may write, by its profile. A drive for 600 TB is worn by 0.0003 % of its life by a
# quick run.
WRITE_LIMITS = {"quick": 2 * GiB, "full": 16 * GiB}

_session: Session | None = None


def write_limit(directory: Path, profile: str) -> int:
    """Return the bytes that a run may write: by its profile, at most a tenth of what is free."""
    limit = WRITE_LIMITS.get(profile, WRITE_LIMITS["quick"])
    with contextlib.suppress(OSError):
        limit = min(limit, int(HELD_SHARE * shutil.disk_usage(directory).free))
    return limit


class Session:
    """Scratch files in one directory, and how much may be written.

    Attributes:
        directory: where they are.
        ledger: what was written and laid out.
    """

    def __init__(
        self, directory: Path, *, ledger: Ledger, descriptor: int, litter: Litter, pid: int
    ) -> None:
        self.directory = directory
        self.ledger = ledger
        self._descriptor = descriptor
        self._litter = litter
        self._pid = pid
        self._is_closed = False

    @classmethod
    def begin(cls, directory: Path, *, limit: int) -> Session:
        """Begin a session in *directory*, of which this process is the holder.

        Raises:
            Unsupported: if no file can be made there; the text says why.
        """
        reason = unwritable(directory)
        if reason:
            raise Unsupported(reason)
        directory = directory.resolve()
        sweep(directory)
        try:
            descriptor = _unnamed(directory)
        except OSError as error:
            raise Unsupported(
                f"no scratch file can be made in {directory}: {error.strerror}"
            ) from error
        ledger = Ledger()
        ledger[Word.LIMIT] = limit
        litter = Litter(directory, new_name(), os.getpid())
        return cls(directory, ledger=ledger, descriptor=descriptor, litter=litter, pid=os.getpid())

    @classmethod
    def join(cls, address: str) -> Session:
        """Reach the session that another process holds.

        Raises:
            OSError, ValueError: if it is not there any more, or not ours to reach.
        """
        pid, ledger, descriptor, name, directory = address.split(":", 4)
        opened_ledger = os.open(f"/proc/{pid}/fd/{ledger}", os.O_RDWR | os.O_CLOEXEC)
        try:
            path = Path(directory)
            return cls(
                path,
                ledger=Ledger(opened_ledger),
                descriptor=os.open(f"/proc/{pid}/fd/{descriptor}", os.O_RDWR | os.O_CLOEXEC),
                litter=Litter(path, name, int(pid)),
                pid=int(pid),
            )
        except BaseException:
            with contextlib.suppress(OSError):
                os.close(opened_ledger)
            raise

    @property
    def address(self) -> str:
        """What :meth:`join` takes, for processes that may look into this one."""
        return ":".join(
            map(
                str,
                (
                    os.getpid(), self.ledger.descriptor, self._descriptor,
                    self._litter.path.name, self.directory,
                ),
            )
        )  # fmt: skip

    @property
    def is_own(self) -> bool:
        """Whether this process holds it."""
        return self._pid == os.getpid()

    def open(self, flags: int = 0) -> int:
        """Open the scratch file anew and return the descriptor, which is the caller's to close.

        Args:
            flags: beside O_RDWR: ``os.O_DIRECT``, ``os.O_DSYNC``.

        Raises:
            Unsupported: if the file system does not take *flags*.
        """
        path = f"/proc/self/fd/{self._descriptor}"
        try:
            return os.open(path, os.O_RDWR | os.O_CLOEXEC | flags)
        except OSError as error:
            raise Unsupported(
                f"the scratch file in {self.directory} cannot be opened so: {error.strerror}"
            ) from error

    def hold(self, nbytes: int) -> None:
        """Count *nbytes* of files that are about to be made as held.

        Raises:
            Unsupported: if there is no space for them.
        """
        require_space(self.directory, nbytes, self.ledger[Word.HELD])
        self.ledger[Word.HELD] += nbytes

    def release(self, nbytes: int) -> None:
        """Count *nbytes* of files that were removed as not held any more."""
        self.ledger[Word.HELD] -= nbytes

    def named(self) -> Path:
        """Return the session's private directory, for files that must have names.

        Raises:
            Unsupported: if it cannot be made.
        """
        try:
            return self._litter.make()
        except OSError as error:
            raise Unsupported(
                f"no directory can be made in {self.directory}: {error.strerror}"
            ) from error

    def close(self) -> None:
        """Let go of the files; the holder's named ones are removed. A second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.is_own:
            self._litter.remove()
        with contextlib.suppress(OSError):
            os.close(self._descriptor)
        self.ledger.close()


def current() -> Session:
    """Return the session of the run, or else this process's own, which lasts as long as it does.

    Raises:
        Unsupported: if there is none and none can begin; the text says why.
    """
    global _session
    if _session is not None and _is_usable(_session):
        return _session
    address = os.environ.get(SCRATCH)
    if address:
        with contextlib.suppress(OSError, ValueError):
            _session = Session.join(address)
            return _session
    if _session is not None and _session.is_own:
        _session.close()
    directory = _wanted()
    _session = Session.begin(directory, limit=write_limit(directory, "full"))
    atexit.unregister(_end)
    atexit.register(_end)
    return _session


def _end() -> None:
    if _session is not None:
        _session.close()


@contextmanager
def opened(directory: Path, profile: str) -> Iterator[Session | None]:
    """Hold a session for the processes that this one starts; end it at the end.

    Where none can begin, those that need one find out why themselves.
    """
    before = os.environ.get(SCRATCH)
    try:
        session = Session.begin(directory, limit=write_limit(directory, profile))
    except Unsupported:
        yield None
        return
    os.environ[SCRATCH] = session.address
    try:
        yield session
    finally:
        if before is None:
            os.environ.pop(SCRATCH, None)
        else:
            os.environ[SCRATCH] = before
        session.close()


def _wanted() -> Path:
    return storage.target_directory().resolve()


def _is_usable(session: Session) -> bool:
    """Whether this process made or joined it, and was not forked from one that did."""
    is_ours = session.is_own or os.environ.get(SCRATCH, "").startswith(f"{session._pid}:")
    return is_ours and not session._is_closed and session.directory == _wanted()


def _unnamed(directory: Path) -> int:
    """Open a file that has no name and vanishes with its last user.

    Raises:
        OSError: if none can be made.
    """
    flags = os.O_RDWR | os.O_CLOEXEC
    with contextlib.suppress(OSError):
        return os.open(directory, flags | os.O_TMPFILE, 0o600)
    path = directory / new_name()
    # Signals that can wait do so until the name is gone again.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            path.unlink()
        except OSError:
            os.close(descriptor)
            raise
        return descriptor
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
