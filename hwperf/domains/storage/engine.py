"""The engine: threads that transfer blocks of a file for a while, and what that came to.

Each thread is one unit of queue depth. A call lasts 6 ms, with many threads some more, or so long
that each makes some transfers, or until its share of what may be written is used up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Unsupported
from hwperf.domains.storage import answer, buffers, content, nature, readback, records
from hwperf.domains.storage import ceiling as ceilings
from hwperf.domains.storage.failure import failed
from hwperf.domains.storage.proof import Proof
from hwperf.domains.storage.watch import Happened, Watch
from hwperf.host import cpu
from hwperf.kernels import crew, io
from hwperf.units import format_bytes
from hwperf.work import Timing

if TYPE_CHECKING:
    from hwperf.checks import Words
    from hwperf.kernels.crew import Crew
    from hwperf.scratch import Session

__all__ = ["Engine", "Task", "running"]

CALL_S = 0.006
_LEADS = 4  # Times its lead that a call lasts.
# s. Of a call, that is no part of its figures (fio: ramp_time). Between two calls lies half a
# millisecond or more, after which the first transfers take longer: 83 µs in place of 50. With 32
# threads it is 3 ms until the rate is that of a long run (docs/measured.md).
_LEAD_S = 1e-3
_LEAD_OF_A_THREAD_S = 1e-3 / 16
WRITE_CALL_S = 0.02  # A call that writes mostly ends earlier, with its share.
# Transfers of each of several threads in a call, at least: a slow device gets longer calls.
_EACH = 4
_MOST = 2**14  # Transfers of one thread in a call.
_STEADY = 4  # Transfers of each thread, from which the stretch that all share is long enough.


@dataclass(frozen=True)
class Task:
    """What to transfer.

    Attributes:
        block: bytes of one transfer.
        depth: transfers under way at once.
        offsets: int64, in the order of the queue.
        writes_in_ten: how many of ten transfers are writes.
        pages: which pages the buffers lie on.
        call_bytes: that a call may write, or None for a call that only reads.
        is_whole: whether each call goes through all offsets, from the first on, however long it
            takes: what the system reads ahead is then part of what is asked for.
        is_cached: whether the file is opened for the page cache; a call that writes is then only
            over when the device has it.
        proof: what the proof of I/O must say.
        has_ops: whether the metric is by transfers, not by bytes.
        tells_device: whether the latency says what kind of device it is: of one random read of
            4 KiB after the other.
    """

    block: int
    depth: int
    offsets: Words
    writes_in_ten: int = 0
    pages: str = "small"
    call_bytes: int | None = None
    is_whole: bool = False
    is_cached: bool = False
    proof: str = "device"
    has_ops: bool = False
    tells_device: bool = False


@dataclass
class Engine:
    """Threads and buffers, ready to carry out a task.

    Attributes:
        task: what to transfer.
        calls: one record for each call, in order.
        reads_s: of a mixed task, the median latency of the reads of each call.
        writes_s: that of the writes.
    """

    session: Session
    descriptor: int
    task: Task
    crew: Crew
    watch: Watch
    reading: Words
    writing: Words
    queue: Words
    ends: Words
    latencies: Words
    out: Words
    generation: int
    changed_ns: int
    proof: Proof
    n_cpus: int = 1
    ceiling: float | None = None
    call_s: float = CALL_S
    calls: list[Mapping[str, Any]] = field(default_factory=list)
    reads_s: list[float] = field(default_factory=list)
    writes_s: list[float] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Of the part of the file that is transferred, from its beginning."""
        return int(self.task.offsets.max()) + self.task.block

    def run(self) -> Timing:
        """Transfer for a while.

        Returns:
            The seconds of one transfer at the rate that all threads together reached.

        Raises:
            Unsupported: if the file system is full, or refuses.
            CheckFailed: if a transfer fails, or the device does not answer.
        """
        charged = self._charge()
        self.watch.begin()
        try:
            self._transfer()
            done = int(self.out[:, io.COUNT].sum())
            synced_s = self._sync(done)
        finally:
            self.session.ledger.refund(max(0, charged - self._written() if charged else 0))
        happened = self.watch.end()
        n_writes = int((self.ends < 0)[self._is_made()].sum())
        nbytes = self.task.block
        self.proof.count(happened, (done - n_writes) * nbytes, n_writes * nbytes)
        seconds, since_ns = self._seconds_each(done, synced_s)
        began = np.abs(self.ends) - self.latencies
        latencies = self.latencies[self._is_made() & (began >= since_ns)]
        if self.task.depth > 1:
            self.call_s = max(self.call_s, _EACH * float(np.median(latencies)) * 1e-9)
        return self._timing(seconds, latencies, happened)

    def check(self) -> None:
        """Compare what was read and written with what stands in the file.

        Raises:
            CheckFailed: if it differs, or did not come from the device.
        """
        reads, writes = self.out[:, io.LAST_READ], self.out[:, io.LAST_WRITE]
        if not (self.out[:, io.COUNT].sum() > 0 and (reads.max() >= 0 or writes.max() >= 0)):
            raise CheckFailed("no transfer was made")
        for thread in range(self.task.depth):
            if reads[thread] >= 0:
                content.require_stamped(self.reading[thread], int(reads[thread]), "what was read")
        if not self.task.writes_in_ten and os.fstat(self.descriptor).st_mtime_ns != self.changed_ns:
            raise CheckFailed(
                "somebody else has written to the scratch file while it was only being read"
            )
        for require in (readback.require_written, readback.require_readable):
            answer.within(self.session, "reading back", require)(self)
        self.proof.check()

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return what is kept beside the value, per sample where it has the name of a cause."""
        told = records.figures(self.calls, seen)
        told |= self.proof.figures()
        for word, medians in (("read", self.reads_s), ("write", self.writes_s)):
            if medians:
                told[f"{word}_p50"] = Figure(float(np.median(medians)), "s")
        told |= ceilings.figures(self.ceiling, self._rate(seen))
        if self.task.tells_device:
            latency_s = records.median_s(self.calls)
            told |= nature.figures(self.session.directory, latency_s)
        return told

    def _rate(self, seen: Seen) -> float:
        """Return the transfers per second."""
        return 1 / (seen.cost_s * (1 if self.task.has_ops else self.task.block))

    def _charge(self) -> int:
        self.queue[1] = 2**62
        most = self.task.call_bytes
        if self.task.is_whole:
            self.queue[:] = 0, self.task.offsets.size
        if most is None:
            return 0
        self.session.ledger.charge(most)
        self.queue[1] = self.queue[0] + most // self.task.block
        return most

    def _written(self) -> int:
        n = int((self.ends < 0)[self._is_made()].sum())
        return n * self.task.block

    def _transfer(self) -> None:
        task = self.task
        lasts_s = answer.TIMEOUT_S if task.is_whole else self.call_s
        end_ns = time.monotonic_ns() + int(lasts_s * 1e9)
        self.out[:, io.COUNT] = 0
        tasks = [
            partial(
                io.transfer,
                self.descriptor,
                self.reading[thread].ctypes.data if self.reading.size else 0,
                self.writing[thread].ctypes.data if self.writing.size else 0,
                self.writing.shape[1],
                task.block,
                task.offsets,
                self.queue,
                task.writes_in_ten,
                end_ns,
                self.ends[thread],
                self.latencies[thread],
                self.out[thread],
            )
            for thread in range(task.depth)
        ]
        try:
            self.crew.run(tasks, answer.TIMEOUT_S + lasts_s)
        except crew.CrewError as error:
            raise answer.gave_up(self.session, str(error)) from error
        # Threads that came when the last place was taken have counted on.
        self.queue[0] = min(self.queue[0], self.queue[1])
        errors = self.out[:, io.ERROR]
        if errors.any():
            number = int(errors[np.flatnonzero(errors)[0]])
            raise failed(f"a transfer of {format_bytes(task.block)}", number)

    def _sync(self, done: int) -> float:
        """Wait until the device has what was written to the page cache; return the seconds."""
        if not (self.task.is_cached and self.task.writes_in_ten and done):
            return 0.0
        try:
            return answer.within(self.session, "fdatasync", _flush)(self.descriptor)
        except OSError as error:
            raise failed("fdatasync", error.errno or 0) from error

    def _is_made(self) -> Any:
        return np.arange(self.ends.shape[1]) < self.out[:, io.COUNT, None]

    def _seconds_each(self, done: int, synced_s: float) -> tuple[float, int]:
        """Return the seconds of a transfer, and the nanosecond from which on transfers count.

        The rate is that of the stretch in which all threads are at work, without its beginning. Of
        a call that is over with its last transfer, or too short for that, all of it counts.
        """
        if not done:
            raise CheckFailed("no transfer was made")
        counts, begins = self.out[:, io.COUNT], self.out[:, io.BEGAN]
        ends = self.out[:, io.ENDED]
        first, last = int(begins.min()), int(ends.max())
        begin, end = int(begins.max()) + round(1e9 * lead_s(self.task)), int(ends.min())
        has_stretch = counts.min() >= _STEADY and 2 * (end - begin) >= last - first
        if self.task.is_whole or synced_s or not has_stretch:
            return ((last - first) * 1e-9 + synced_s) / done, first
        within = 0.0
        for thread, n in enumerate(counts):
            times = np.concatenate(([begins[thread]], np.abs(self.ends[thread, :n])))
            within += float(np.diff(np.interp((begin, end), times, np.arange(n + 1)))[0])
        return (end - begin) * 1e-9 / within, begin

    def _tell_apart(self) -> None:
        """Keep the median latency of the call's reads, and that of its writes."""
        is_made, is_write = self._is_made(), self.ends < 0
        for medians, chosen in ((self.reads_s, ~is_write), (self.writes_s, is_write)):
            latencies = self.latencies[is_made & chosen]
            if latencies.size:
                medians.append(float(np.median(latencies)) * 1e-9)

    def _timing(self, seconds: float, latencies: Words, happened: Happened) -> Timing:
        task = self.task
        if 0 < task.writes_in_ten < 10:
            self._tell_apart()
        counts, causes = records.disturbed(
            happened,
            busy_s=seconds * latencies.size * task.depth,
            nbytes=latencies.size * task.block,
            # Where there are more threads than CPUs, they wait for one another.
            waits_for_others=task.depth <= self.n_cpus,
            is_direct=not task.is_cached,
        )
        self.calls.append(records.record(happened, latencies, is_clean=not causes))
        return Timing(
            seconds=seconds,
            latencies=(latencies * 1e-9).tolist(),
            counts=counts,
            causes=causes,
        )


@contextmanager
def running(session: Session, descriptor: int, task: Task) -> Iterator[Engine]:
    """Give an engine for *task* on the file *descriptor*; end its threads at the end.

    Raises:
        Unsupported: if the threads or the buffers cannot be had.
    """
    generation = content.new_generation()
    most = _MOST if task.call_bytes is None else max(1, task.call_bytes // task.block)
    with ExitStack() as stack:
        try:
            threads = stack.enter_context(crew.Crew(task.depth))
        except crew.CrewError as error:
            raise Unsupported(str(error)) from error
        engine = Engine(
            session=session,
            descriptor=descriptor,
            task=task,
            crew=threads,
            watch=stack.enter_context(Watch(session.directory, threads.thread_ids)),
            reading=buffers.to_read(task),
            writing=buffers.to_write(task, generation),
            queue=np.zeros(2, np.int64),
            ends=np.zeros((task.depth, min(most, _MOST)), np.int64),
            latencies=np.zeros((task.depth, min(most, _MOST)), np.int64),
            out=np.full((task.depth, io.N_WORDS), -1, np.int64),
            generation=generation,
            changed_ns=os.fstat(descriptor).st_mtime_ns,
            proof=Proof(task.proof, session.directory),
            # Of the threads, which were started before the calling one was pinned to a core.
            n_cpus=len(cpu.allowed_cpus()),
            call_s=_call_s(task),
        )
        _load(engine)
        if not task.is_cached:
            engine.ceiling = ceilings.operations(threads, task.depth)
        yield engine


def _flush(descriptor: int) -> float:
    """Wait until the device has the file; return the seconds, without those of a new thread."""
    begin = time.perf_counter()
    os.fdatasync(descriptor)
    return time.perf_counter() - begin


def lead_s(task: Task) -> float:
    """Return the seconds until *task* runs at its rate."""
    return _LEAD_S if task.depth == 1 else _LEAD_S + _LEAD_OF_A_THREAD_S * task.depth


def _call_s(task: Task) -> float:
    least = WRITE_CALL_S if task.writes_in_ten else CALL_S
    return max(least, _LEADS * lead_s(task))


def _load(engine: Engine) -> None:
    """Compile the kernel, or load it, before a deadline runs: transfer nothing."""
    io.transfer(
        engine.descriptor, 0, 0, 1, engine.task.block, engine.task.offsets, engine.queue, 0, 0,
        engine.ends[0, :0], engine.latencies[0, :0], engine.out[0],
    )  # fmt: skip
    engine.out[:] = -1
