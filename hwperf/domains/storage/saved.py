"""A checkpoint in the session's directory: written so that a crash never leaves half of one."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from hwperf import CheckFailed
from hwperf.domains.storage import kept
from hwperf.domains.storage.failure import failed
from hwperf.errors import HwperfError
from hwperf.scratch import Session

__all__ = ["Saved"]


class Saved:
    """A file under its final name, which stays for the other points of the run.

    Args:
        session: in whose private directory it lies.
        name: of the file.
        nbytes: of the data in it.
    """

    def __init__(self, session: Session, name: str, nbytes: int) -> None:
        self.session, self.nbytes = session, nbytes
        self.path = session.named() / name
        self._partial = self.path.with_name(name + ".partial")

    def generation(self) -> int | None:
        """Return the generation of the data, or None where there is no whole checkpoint."""
        facts = kept.noted(self.path)
        if facts is None or self.path.stat().st_size != facts.get("size"):
            return None
        return facts.get("generation")

    def write(self, save: Callable[[IO[bytes]], None], generation: int) -> float:
        """Write the checkpoint anew, in place of one that is there.

        Args:
            save: writes the data to a file that is open.
            generation: of the data.

        Returns:
            The seconds from before the file was made until the device had it under its final name.

        Raises:
            Unsupported: if there is no space, or the run may not write so much.
            CheckFailed: if the device fails.
        """
        self.remove()
        self.session.ledger.charge(self.nbytes)
        try:
            self.session.hold(self.nbytes)
        except HwperfError:
            self.session.ledger.refund(self.nbytes)
            raise
        try:
            begin = time.perf_counter()
            self._write_partial(save)
            os.rename(self._partial, self.path)
            kept.sync_directory(self.path.parent)
            seconds = time.perf_counter() - begin
            kept.note(self.path, size=self.path.stat().st_size, generation=generation)
        except BaseException as error:
            self._give_up()
            if isinstance(error, OSError):
                raise failed("saving a checkpoint", error.errno or 0) from error
            raise
        return seconds

    def remove(self) -> None:
        """Remove the checkpoint, and what a killed process has left of one."""
        kept.forget(self.path)
        for path in (self.path, self._partial):
            with suppress(FileNotFoundError):
                path.unlink()
                self.session.release(self.nbytes)

    def _write_partial(self, save: Callable[[IO[bytes]], None]) -> None:
        with open(self._partial, "xb") as file:
            try:
                save(file)
                file.flush()
                os.fsync(file.fileno())
            except (OSError, RuntimeError) as error:
                # Libraries say that a write failed, and not why: the next one tells.
                if getattr(error, "errno", None):
                    raise
                space = os.fstatvfs(file.fileno())  # numpy looks before it writes.
                if space.f_bavail * space.f_frsize < self.nbytes:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error
                os.lseek(file.fileno(), 0, os.SEEK_END)
                os.write(file.fileno(), bytes(os.sysconf("SC_PAGESIZE")))
                raise CheckFailed(f"saving a checkpoint failed: {error}") from error

    def _give_up(self) -> None:
        """Remove what was written; what was not written does not count as written."""
        written = 0
        for path in (self.path, self._partial):
            with suppress(OSError):
                written = max(written, path.stat().st_size)
                path.unlink()
        kept.forget(self.path)
        self.session.release(self.nbytes)
        self.session.ledger.refund(max(0, self.nbytes - written))
