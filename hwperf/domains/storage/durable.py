"""Writes that must survive: append and wait until the device has it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from hwperf import CheckFailed, Figure, KiB, Seen, Unsupported, Work, workload
from hwperf.checks import Words
from hwperf.domains.storage import answer, content, engines, records
from hwperf.domains.storage.engine import WRITE_CALL_S
from hwperf.domains.storage.failure import failed
from hwperf.domains.storage.proof import DEVICE, Proof
from hwperf.domains.storage.terms import TERMS
from hwperf.domains.storage.watch import Watch
from hwperf.host import pages
from hwperf.kernels import crew, io
from hwperf.scratch import Session, lacking
from hwperf.work import Timing

__all__ = ["fsync"]

BLOCK = 4 * KiB
_HOW = {"fsync": "APPEND_FSYNC", "fdatasync": "APPEND_FDATASYNC", "O_DSYNC": "APPEND_ONLY"}


@workload(
    "storage.fsync",
    params={"how": list(_HOW)},
    requires=lacking,
    answers="How long does a small write take until it would survive a power cut?",
    source="fio: rw=write, bs=4k, fsync=1 or fdatasync=1 or sync=dsync; POSIX, fsync and fdatasync",
)
def fsync(how: str) -> Iterator[Work]:
    """Latency of appending 4 KiB to a file and waiting until the device has it.

    Counts appends: from before the write to after what makes it durable. *how* "fsync" and
    "fdatasync" are calls after the write, "O_DSYNC" is the flag with which the file was opened.
    The file has a name, as files without one are not made durable by every file system.
    """
    with ExitStack() as stack:
        session = answer.session()
        call_bytes, most = engines.calls(session, "fsync", BLOCK, 1)
        path = stack.enter_context(_named(session.named()))
        descriptor = stack.enter_context(_opened(path, os.O_DSYNC if how == "O_DSYNC" else 0))
        thread = stack.enter_context(_one_thread())
        appender = _Appender(
            session=session,
            path=path,
            descriptor=descriptor,
            how=getattr(io, _HOW[how]),
            thread=thread,
            watch=stack.enter_context(Watch(session.directory, thread.thread_ids)),
            proof=Proof(DEVICE, session.directory),
            latencies=np.zeros(call_bytes // BLOCK, np.int64),
        )
        chosen = stack.enter_context(
            engines.appending(session, how, BLOCK, call_bytes, appender.run, appender.figures)
        )
        yield Work(
            chosen.run,
            latencies=True,
            derive=chosen.figures,
            **TERMS,
            most_calls=most,
            ops=1,
        )
        appender.check()
        chosen.check()


@dataclass
class _Appender:
    """A file that grows by a durable block after the other.

    Attributes:
        end: bytes that were appended.
        calls: one record for each call, in order.
    """

    session: Session
    path: Path
    descriptor: int
    how: int
    thread: crew.Crew
    watch: Watch
    proof: Proof
    latencies: Words
    generation: int = field(default_factory=content.new_generation)
    block: Words = field(init=False)
    out: Words = field(default_factory=lambda: np.full(io.N_WORDS, -1))
    end: int = 0
    calls: list[records.Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.block = pages.allocate(BLOCK, pages="small", dtype=np.int64).reshape(1, -1)
        content.fill(self.block, generation=self.generation)

    def run(self) -> Timing:
        """Append for a while; the seconds are those of the median append."""
        most = self.latencies.size * BLOCK
        self.session.ledger.charge(most)
        self.watch.begin()
        n = self._append()
        happened = self.watch.end()
        self.session.ledger.refund(most - n * BLOCK)
        self.end += n * BLOCK
        if self.out[io.ERROR] or not n:
            raise failed("a durable append of 4 KiB", int(self.out[io.ERROR]))
        self.proof.count(happened, 0, n * BLOCK)
        taken = self.latencies[:n]
        self.calls.append(records.record(happened, taken))
        counts, causes = records.disturbed(
            happened,
            busy_s=float(taken.sum()) * 1e-9,
            nbytes=n * BLOCK,
            waits_for_others=True,
            is_direct=False,
        )
        median_s = float(np.median(taken)) * 1e-9
        return Timing(median_s, (taken * 1e-9).tolist(), counts, causes)

    def _append(self) -> int:
        """Append until the time is over; return how many blocks."""
        end_ns = time.monotonic_ns() + int(WRITE_CALL_S * 1e9)
        task = partial(
            io.append, self.descriptor, self.block.ctypes.data, BLOCK, self.end, self.how, end_ns,
            self.latencies, self.out,
        )  # fmt: skip
        try:
            self.thread.run([task], answer.TIMEOUT_S)
        except crew.CrewError as error:
            raise answer.gave_up(self.session, str(error)) from error
        return int(self.out[io.COUNT])

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return what is kept beside the latencies."""
        return records.figures(self.calls, seen) | self.proof.figures()

    def check(self) -> None:
        """Compare the whole file with what was appended to it.

        Raises:
            CheckFailed: if it differs, or did not reach the device.
        """
        size = self.path.stat().st_size
        if not (self.end > 0 and size == self.end):
            raise CheckFailed(f"the file has {size} bytes, and {self.end} were appended")
        blocks = np.fromfile(self.path, dtype=np.int64).reshape(-1, BLOCK // 8)
        content.require_stamped(blocks, 0, "what was appended", self.generation)
        if not np.array_equal(blocks[-1], self.block[0]):
            raise CheckFailed("the end of the file is not what was appended last")
        self.proof.check()


@contextmanager
def _one_thread() -> Iterator[crew.Crew]:
    try:
        thread = crew.Crew(1)
    except crew.CrewError as error:
        raise Unsupported(str(error)) from error
    with thread:
        yield thread


@contextmanager
def _named(directory: Path) -> Iterator[Path]:
    path = directory / "appended"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    try:
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | flags, 0o600
        )
    except OSError as error:
        raise failed("making a file", error.errno or 0) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
