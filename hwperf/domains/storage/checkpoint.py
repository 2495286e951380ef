"""Checkpoints of a training: saved so that they survive, loaded and mapped again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from hwperf import CheckFailed, Figure, GiB, MiB, Seen, Unsupported, Work, limits, workload
from hwperf.checks import Words, require_value
from hwperf.domains.storage import answer, content, wear
from hwperf.domains.storage.engines import ours_alone
from hwperf.domains.storage.failure import failed
from hwperf.domains.storage.formats import LIBRARIES, Library, lacking_library
from hwperf.domains.storage.layout import drop_cached
from hwperf.domains.storage.proof import DEVICE, Proof
from hwperf.domains.storage.saved import Saved
from hwperf.domains.storage.terms import WAITING
from hwperf.domains.storage.watch import Watch
from hwperf.host import memory, pages
from hwperf.kernels import io
from hwperf.scratch import Session, lacking
from hwperf.scratch.ledger import Word
from hwperf.units import format_bytes
from hwperf.work import Timing

__all__ = ["checkpoint"]

_PART_ROWS = 1024  # Rows of 4 KiB that are compared at a time: 4 MiB of temporary memory.
# The first one, and two samples or one: loading wears nothing, but takes its time.
_TIMEOUT_S = 600.0  # Of 1 GiB: an old memory card writes 5 MB/s.
_MOST_LOADS = {"numpy": 3, "torch": 2}
_MOST_LOADS_AMPLE = 10


@workload(
    "storage.checkpoint",
    params={
        "library": ["numpy", "torch"],
        "op": ["save", "load", "load_mmap"],
        "nbytes": [256 * MiB, 1 * GiB],
    },
    limit=limits.storage_bandwidth,
    requires=[lacking_library, lacking, ours_alone],
    answers="How long do checkpoints keep a training waiting, and how soon can it go on from one?",
    source="MLPerf Storage, checkpointing; Pillai et al. (2014), All file systems are not created "
    "equal, section 2: write, fsync, rename, fsync the directory",
)
def checkpoint(library: str, op: str, nbytes: int) -> Iterator[Work]:
    """Bandwidth of saving a checkpoint of *nbytes* from memory, and of loading it.

    Counts the bytes of the data, as random words. *op* "save": into a file of a temporary name,
    synced, renamed to its final name, and the directory synced; "load": read into memory, of which
    the page cache holds nothing; "load_mmap": mapped, and a word of each page read. Mapping returns
    in milliseconds and reads nothing: whoever uses the data then waits for them, page after page,
    so that the time is that of both.
    """
    with ExitStack() as stack:
        session = answer.session()
        if nbytes >= GiB and not wear.is_ample(session):
            raise Unsupported(
                f"it writes {format_bytes(nbytes)} a call, and this run may write "
                f"{format_bytes(session.ledger[Word.LIMIT])} in all. Use --full, or a directory "
                "with more free space"
            )
        LIBRARIES[library].wake()
        memory.require(3 * nbytes)  # The data, the page cache's, and what a library makes of them.
        saved = Saved(session, f"checkpoint-{nbytes}.{library}", nbytes)
        watch = stack.enter_context(Watch(session.directory))
        proof = Proof(DEVICE, session.directory)
        operation: Any = (
            _Save(LIBRARIES[library], saved, watch, proof)
            if op == "save"
            else stack.enter_context(_loading(LIBRARIES[library], saved, watch, proof, op))
        )
        yield Work(
            answer.within(session, f"{op} of a checkpoint", operation.run, _TIMEOUT_S),
            clock="wall clock around all that the library and the system do",
            derive=operation.figures,
            own_causes=(*WAITING, "major_faults"),
            most_calls=operation.most_calls(session),
            bytes=nbytes,
        )
        operation.check()


class _Save:
    """Saves the same data again and again."""

    def __init__(self, library: Library, saved: Saved, watch: Watch, proof: Proof) -> None:
        self.library, self.saved, self.watch, self.proof = library, saved, watch, proof
        self.generation = content.new_generation()
        self.rows = _filled(saved.nbytes, self.generation)
        self.size = np.full(1, -1)

    def most_calls(self, session: Session) -> int:
        """A quick run can afford one, a full one two beside the rehearsal's, of large ones one."""
        return 2 if wear.is_ample(session) and self.saved.nbytes < GiB else 1

    def run(self) -> Timing:
        nbytes = self.saved.nbytes
        self.saved.remove()
        _back(nbytes)
        self.watch.begin()
        seconds = self.saved.write(lambda file: self.library.save(file, self.rows), self.generation)
        self.proof.count(self.watch.end(), 0, nbytes)
        self.size[0] = self.saved.path.stat().st_size
        return Timing(seconds)

    def figures(self, seen: Seen) -> dict[str, Figure]:
        return {"waited": Figure(seen.cost_s * self.saved.nbytes, "s")} | self.proof.figures()

    def check(self) -> None:
        if not self.size[0] > 0 or not self.saved.path.exists():
            raise CheckFailed("no checkpoint was saved")
        require_value(self.saved.path.stat().st_size, int(self.size[0]), "bytes of the file")
        _forget(self.saved)  # Compared is what the device has.
        _require_whole(self.library.open_mapped(self.saved.path), self.saved, self.generation)
        self.proof.check()


class _Load:
    """Loads the checkpoint of the run, each time from the device."""

    def __init__(
        self, library: Library, saved: Saved, generation: int, watch: Watch, proof: Proof, op: str
    ) -> None:
        self.library, self.saved, self.watch, self.proof = library, saved, watch, proof
        self.generation, self.is_mapped = generation, op == "load_mmap"
        self.parts: list[Words] = []
        self.sum = np.zeros(1, np.int64)
        self.opened: list[float] = []

    def most_calls(self, session: Session) -> int:
        return _MOST_LOADS_AMPLE if wear.is_ample(session) else _MOST_LOADS[self.library.name]

    def run(self) -> Timing:
        self.parts = []  # The page cache forgets nothing of a file that is mapped.
        _forget(self.saved)
        self.watch.begin()
        begin = time.perf_counter()
        load = self.library.open_mapped if self.is_mapped else self.library.load
        self.parts = load(self.saved.path)
        opened = time.perf_counter()
        self.sum[0] = _touched(self.parts)
        seconds = time.perf_counter() - begin
        self.opened.append(opened - begin)
        self.proof.count(self.watch.end(), self.saved.nbytes, 0)
        return Timing(seconds)

    def figures(self, seen: Seen) -> dict[str, Figure]:
        told = {"waited": Figure(seen.cost_s * self.saved.nbytes, "s")}
        if self.is_mapped:
            told["mapped"] = Figure(float(np.median(self.opened)), "s")
        return told | self.proof.figures()

    def check(self) -> None:
        if not self.parts:
            raise CheckFailed("nothing was loaded")
        _require_whole(self.parts, self.saved, self.generation)
        require_value(int(self.sum[0]), _touched(self.parts), "the sum of a word of each page")
        self.proof.check()


@contextmanager
def _loading(
    library: Library, saved: Saved, watch: Watch, proof: Proof, op: str
) -> Iterator[_Load]:
    """Give what loads the checkpoint that the run has saved; save one where there is none."""
    generation = saved.generation()
    if generation is None:
        generation = content.new_generation()
        rows = _filled(saved.nbytes, generation)
        saved.write(lambda file: library.save(file, rows), generation)
        del rows
    load = _Load(library, saved, generation, watch, proof, op)
    try:
        yield load
    finally:
        load.parts = []


def _filled(nbytes: int, generation: int) -> Words:
    rows: Words = np.empty((nbytes // content.BLOCK_BYTES, content.BLOCK_BYTES // 8), np.int64)
    content.fill(rows, generation=generation)
    io.stamp(rows.ctypes.data, nbytes, 0)
    return rows


def _back(nbytes: int) -> None:
    """See that free memory is there: the page cache is about to take so much.

    A virtual machine may get memory from its host only when it is first used: 0.39 to 0.81 s for
    256 MiB in place of 0.16 to 0.23 s. Touching whole huge pages makes the host give what the page
    cache takes next; touching small ones hardly does (0.44 to 0.75 s).
    """
    try:
        pages.allocate(nbytes, pages="huge")
    except Unsupported:
        pages.allocate(nbytes, pages="small")


def _touched(parts: Sequence[Words]) -> int:
    """Return the sum of the first word of each page, modulo 2^64."""
    return int(np.array([part[:, 0].sum() for part in parts]).sum())


def _forget(saved: Saved) -> None:
    try:
        descriptor = os.open(saved.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            drop_cached(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise failed("opening the checkpoint", error.errno or 0) from error


def _require_whole(parts: Sequence[Words], saved: Saved, generation: int) -> None:
    """Compare every word of a checkpoint with what was saved."""
    offset = 0
    for part in parts:
        for first in range(0, len(part), _PART_ROWS):
            rows = part[first : first + _PART_ROWS]
            content.require_stamped(rows, offset, "the checkpoint", generation)
            offset += rows.nbytes
    require_value(offset, saved.nbytes, "bytes of the checkpoint")
