"""Which engine measures: hwperf's own, or fio with hwperf's beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Unsupported
from hwperf.domains.storage import engine, fio, wear
from hwperf.domains.storage.engine import Task
from hwperf.domains.storage.layout import drop_cached
from hwperf.domains.storage.proof import DEVICE, Proof
from hwperf.domains.storage.region import Region, lent
from hwperf.domains.storage.watch import Watch
from hwperf.errors import UsageError
from hwperf.host import cpu
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word
from hwperf.work import Timing

__all__ = [
    "ENGINE",
    "ENGINES",
    "Transfers",
    "appending",
    "calls",
    "is_fio",
    "ours_alone",
    "running",
]

ENGINE = "HWPERF_STORAGE_ENGINE"
"""Environment variable: which engine measures storage."""

ENGINES = ("hwperf", "fio")

CALL_S = 0.3
"""Of fio: starting it takes as long again."""

_CALLS = 5  # That write: few and long ones, since fio's clock is coarse.
_LEAST_S = 20 * fio.CLOCK_S  # Half a tick of its clock is then 2.5 %.
_DISAGREE = 0.10
_FOREIGN = 0.05  # Part of fio's bytes that others may have moved meanwhile.


class Transfers(Protocol):
    """What the workloads need of an engine."""

    @property
    def task(self) -> Task: ...
    @property
    def descriptor(self) -> int: ...
    def run(self) -> Timing: ...
    def figures(self, seen: Seen) -> Mapping[str, Figure]: ...
    def check(self) -> None: ...


def ours_alone() -> str | None:
    """Return why a workload that fio cannot measure is left out, or None: fio was not chosen."""
    if os.environ.get(ENGINE) != "fio":
        return None
    return "fio has no counterpart of it: measured by hwperf's own engine, without --engine fio"


def is_fio() -> bool:
    """Return whether fio was chosen.

    Raises:
        UsageError: if the environment names an engine that there is not.
    """
    name = os.environ.get(ENGINE) or ENGINES[0]
    if name not in ENGINES:
        raise UsageError(f"{ENGINE}={name!r} is no engine; there are: {', '.join(ENGINES)}.")
    return name == "fio"


def calls(session: Session, what: str, block: int, depth: int) -> tuple[int, int]:
    """Return the bytes of one call of a point of *what*, and how many calls its share allows."""
    each, most = wear.calls(session, what, block, depth)
    if not is_fio():
        return each, most
    allowed, step = wear.share(session, what), depth * block
    each = max(step, allowed // (_CALLS + 1) // step * step)
    return each, min(_CALLS, allowed // each - 1)


@contextmanager
def running(session: Session, descriptor: int, task: Task) -> Iterator[Transfers]:
    """Give the engine that was chosen, for *task* on the file *descriptor*."""
    if not is_fio():
        with engine.running(session, descriptor, task) as own:
            yield own
        return
    fio.version()
    if task.pages == "huge":
        raise Unsupported("fio's buffers lie on small pages, unless huge ones are reserved by root")
    with ExitStack() as stack:
        size = session.ledger[Word.LAID_OUT]
        region = Region(0, size // task.block * task.block)
        if task.writes_in_ten:
            region = stack.enter_context(lent(session, descriptor))
            task = replace(task, offsets=_within(task, *region.own))
        own = stack.enter_context(engine.running(session, descriptor, task))
        yield Second(
            own=partial(_afresh, own),
            theirs=partial(_fio, _job(task, region), own, region),
            check_own=own.check,
            session=session,
            watch=stack.enter_context(Watch(session.directory)),
            call_bytes=task.call_bytes,
            task=task,
            descriptor=descriptor,
        )


@dataclass
class Second:
    """fio, and hwperf's own engine for as long in turn.

    Attributes:
        calls: seconds per transfer of fio and of hwperf, of each call.
    """

    own: Callable[[], Timing]
    theirs: Callable[[], fio.Outcome]
    check_own: Callable[[], None]
    session: Session
    watch: Watch
    call_bytes: int | None
    task: Any = None
    descriptor: int = -1
    is_median: bool = False
    version: str = ""
    calls: list[tuple[float, float]] = field(default_factory=list)
    # Before the calling thread is pinned to a core, which a program that it starts would share.
    cpus: tuple[int, ...] = field(default_factory=cpu.allowed_cpus)
    proof: Proof = field(init=False)

    def __post_init__(self) -> None:
        self.proof = Proof(DEVICE, self.session.directory)

    def run(self) -> Timing:
        """Let fio transfer for a while, and hwperf before or after it.

        Returns:
            What fio says.
        """
        is_first = len(self.calls) % 2 == 0
        beside_s = self._own_cost() if is_first else 0.0
        self.watch.begin()
        with _on(self.cpus):
            told = self.theirs()
        happened = self.watch.end()  # fio has ended: its I/O counts as this process's.
        self.proof.count(happened, told.bytes_read, told.bytes_written)
        if told.seconds < _LEAST_S:
            raise Unsupported(
                f"fio tells milliseconds, and the {told.ops} transfers of one call of this point "
                f"took {1000 * told.seconds:.0f}: too coarse. hwperf's own engine tells nanoseconds"
            )
        cost_s = told.p50_s if self.is_median and told.p50_s else 1 / told.iops
        beside_s = beside_s or self._own_cost()
        self.version = told.version
        self.calls.append((cost_s, beside_s))
        foreign = happened.foreign_bytes
        # What is made durable brings writes of the file system's own with it.
        moved = told.bytes_per_s * told.seconds
        is_disturbed = bool(foreign and foreign > _FOREIGN * moved and not self.is_median)
        return Timing(
            cost_s,
            latencies=told.latencies.tolist(),
            counts={} if foreign is None else {"foreign_io": foreign},
            causes=("foreign_io",) if is_disturbed else (),
        )

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return which fio it was, and how hwperf's engine compares."""
        pairs = self.calls[-len(seen.counted) :] if seen.counted else self.calls
        ratio = float(np.median([theirs / own for theirs, own in pairs]))
        told = {
            "engine": Figure(f"fio {self.version}"),
            "hwperf_over_fio": Figure(round(ratio, 3)),
        }
        if not abs(ratio - 1) <= _DISAGREE:
            told["disagreement"] = Figure(f"{100 * abs(ratio - 1):.0f} %, above 10 %")
        return told | self.proof.figures()

    def check(self) -> None:
        """Check hwperf's own transfers, and that fio's reached the device."""
        self.check_own()
        if not self.calls:
            raise CheckFailed("fio was not run")
        self.proof.check()

    def _own_cost(self) -> float:
        """Return the seconds per transfer of hwperf's engine over about as long."""
        begin, written = time.monotonic(), self.session.ledger[Word.WRITTEN]
        timings = [self.own()]
        while time.monotonic() - begin < CALL_S and (
            self.call_bytes is None or self.session.ledger[Word.WRITTEN] - written < self.call_bytes
        ):
            timings.append(self.own())
        if self.is_median:
            return float(np.median(np.concatenate([each.latencies for each in timings])))
        counts = [len(each.latencies) for each in timings]
        return float(np.average([each.seconds for each in timings], weights=counts))


@contextmanager
def _on(cpus: tuple[int, ...]) -> Iterator[None]:
    """Let this thread, and the programs that it starts, run on *cpus* meanwhile."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(frozen=True)
class Alone:
    """hwperf's own kernel, as it is."""

    run: Callable[[], Timing]
    figures: Callable[[Seen], Mapping[str, Figure]]
    check: Callable[[], None] = lambda: None


@contextmanager
def appending(
    session: Session,
    how: str,
    block: int,
    call_bytes: int,
    run: Callable[[], Timing],
    figures: Callable[[Seen], Mapping[str, Figure]],
) -> Iterator[Alone | Second]:
    """Give what appends durably: hwperf's own kernel, or fio with it beside.

    Args:
        session: of the run.
        how: "fsync", "fdatasync" or "O_DSYNC".
        block: bytes that are appended at once.
        call_bytes: that a call may write.
        run: hwperf's own kernel.
        figures: what it says.
    """
    if not is_fio():
        yield Alone(run, figures)
        return
    fio.version()
    sync = how.removeprefix("O_").lower()
    job = fio.Job("write", block, 1, CALL_S, is_direct=False, sync=sync, most_bytes=call_bytes)
    path = session.named() / "appended-by-fio"
    with ExitStack() as stack:
        stack.callback(path.unlink, missing_ok=True)
        file = stack.enter_context(path.open("w+b"))
        watch = stack.enter_context(Watch(session.directory))

        def theirs() -> fio.Outcome:
            file.truncate(0)
            return fio.run(job, file.fileno(), call_bytes, session.ledger)

        yield Second(run, theirs, lambda: None, session, watch, call_bytes, is_median=True)


def _job(task: Task, region: Region) -> fio.Job:
    is_ordered = bool((np.diff(task.offsets[:1000]) > 0).all())
    kind = "" if is_ordered else "rand"
    way = {0: "read", 10: "write"}.get(task.writes_in_ten, "rw")
    return fio.Job(
        rw=kind + way,
        block=task.block,
        depth=task.depth,
        seconds=CALL_S,
        # Threads of psync would each read a stripe of their own; hwperf's read one stream.
        engine="libaio" if is_ordered and task.depth > 1 else "psync",
        is_direct=not task.is_cached,
        rwmixread=100 - 10 * task.writes_in_ten,
        most_bytes=task.call_bytes,
        offset=region.begin,
        is_repeated=not task.is_cached,
    )


def _fio(job: fio.Job, own: engine.Engine, region: Region) -> fio.Outcome:
    region.is_touched = True
    return fio.run(job, own.descriptor, region.size, own.session.ledger)


def _afresh(own: engine.Engine) -> Timing:
    """Run hwperf's engine; what is read through the page cache is not there yet."""
    if own.task.is_cached and not own.task.writes_in_ten:
        drop_cached(own.descriptor)
    return own.run()


def _within(task: Task, begin: int, end: int) -> Any:
    """Return the offsets of *task* between two places."""
    offsets = task.offsets
    found = offsets[(offsets >= begin) & (offsets + task.block <= end)]
    if found.size < task.depth:
        raise Unsupported("the part of the scratch file that fio may write to is too small for it")
    return found
