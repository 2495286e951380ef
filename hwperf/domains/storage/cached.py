"""The page cache: the same file read from the device, from memory, and as memory."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from hwperf import CheckFailed, Figure, MiB, Seen, Work, workload
from hwperf.checks import Words, require_equal
from hwperf.domains.storage import answer, content
from hwperf.domains.storage.engine import CALL_S, Engine, Task, running
from hwperf.domains.storage.engines import ours_alone
from hwperf.domains.storage.layout import drop_cached, scratch
from hwperf.domains.storage.proof import DEVICE, MEMORY, Proof
from hwperf.domains.storage.sequential import CACHED_BYTES, forgetting, in_order
from hwperf.domains.storage.terms import CLOCK, PRECISION, WAITING
from hwperf.domains.storage.watch import Watch
from hwperf.kernels import io
from hwperf.scratch import Session, lacking
from hwperf.work import Timing

__all__ = ["cached_read"]

PAGE = content.BLOCK_BYTES
_N_PAGES = CACHED_BYTES // PAGE


@workload(
    "storage.cached_read",
    params={"how": ["read", "mmap"], "cache": ["cold", "warm"], "read_ahead": ["on", "off"]},
    requires=[lacking, ours_alone],
    answers="What does the page cache save, and what does reading ahead?",
    source="Linux, posix_fadvise(2), madvise(2); fio: ioengine=psync and mmap, direct=0",
)
def cached_read(how: str, cache: str, read_ahead: str) -> Iterator[Work]:
    """Bandwidth of reading a file through the page cache, 4 KiB after 4 KiB.

    Counts the bytes of the pages. *how* "read" copies each into a buffer, "mmap" adds up its words
    where they lie. *cache* "cold": the cache has forgotten the file before each sample; "warm": it
    holds all of it. *read_ahead* "off": the system is told that the places are random, and fetches
    nothing beyond what is asked for.
    """
    with ExitStack() as stack:
        session, descriptor, size = stack.enter_context(scratch(0))
        is_random = read_ahead == "off"
        advice = os.POSIX_FADV_RANDOM if is_random else os.POSIX_FADV_NORMAL
        os.posix_fadvise(descriptor, 0, 0, advice)
        if cache == "warm":
            _warm(descriptor, size - CACHED_BYTES, size)
        reading: Any = stack.enter_context(
            _reading(session, descriptor, size, cache, is_random)
            if how == "read"
            else _mapped(session, descriptor, size, cache, is_random)
        )
        yield Work(
            answer.within(session, "reading the file", reading.run, 2 * answer.TIMEOUT_S),
            clock=CLOCK,
            derive=reading.figures,
            own_causes=(*WAITING, "major_faults"),
            precision=PRECISION,
            bytes=PAGE,
            ops=1,
        )
        reading.check()


class _Reading:
    """Pages that are copied by pread."""

    def __init__(self, engine: Engine, is_cold: bool) -> None:
        self.engine, self.is_cold = engine, is_cold

    def run(self) -> Timing:
        return forgetting(self.engine) if self.is_cold else self.engine.run()

    def figures(self, seen: Seen) -> dict[str, Figure]:
        return self.engine.figures(seen)

    def check(self) -> None:
        self.engine.check()


@contextmanager
def _reading(
    session: Session, descriptor: int, size: int, cache: str, is_random: bool
) -> Iterator[_Reading]:
    task = Task(
        PAGE,
        1,
        in_order(size, PAGE, CACHED_BYTES),
        is_whole=cache == "cold" and not is_random,
        is_cached=True,
        proof=DEVICE if cache == "cold" else MEMORY,
    )
    with running(session, descriptor, task) as engine:
        yield _Reading(engine, cache == "cold")


class _Mapped:
    """Pages that are added up where the system maps them; mapped anew for each call.

    The page cache forgets nothing of a file that is mapped.
    """

    def __init__(self, descriptor: int, size: int, cache: str, is_random: bool, watch: Watch):
        self.descriptor, self.offset = descriptor, size - CACHED_BYTES
        self.is_cold, self.is_random, self.watch = cache == "cold", is_random, watch
        self.first, self.n = 0, 0
        self.sums = np.zeros(_N_PAGES, np.int64)
        self.latencies = np.zeros(_N_PAGES, np.int64)
        self.proof: Proof

    def run(self) -> Timing:
        if self.is_cold:
            drop_cached(self.descriptor)
        is_whole = self.is_cold and not self.is_random
        self.first = 0 if is_whole else (self.first + self.n) % _N_PAGES
        lasts_s = answer.TIMEOUT_S if is_whole else CALL_S
        mapping = mmap.mmap(
            self.descriptor, CACHED_BYTES, mmap.MAP_SHARED, mmap.PROT_READ, offset=self.offset
        )
        try:
            if self.is_random:
                mapping.madvise(mmap.MADV_RANDOM)
            address = np.frombuffer(mapping, np.uint8).ctypes.data
            self.watch.begin()
            self.n = io.sum_pages(
                address + self.first * PAGE,
                _N_PAGES - self.first,
                time.monotonic_ns() + int(lasts_s * 1e9),
                self.sums,
                self.latencies,
            )
            happened = self.watch.end()
        finally:
            mapping.close()
        self.proof.count(happened, self.n * PAGE, 0)
        return Timing(float(self.latencies[: self.n].sum()) * 1e-9 / self.n)

    def figures(self, seen: Seen) -> dict[str, Figure]:
        return self.proof.figures()

    def check(self) -> None:
        if not self.n > 0:
            raise CheckFailed("no page was read")
        offset = self.offset + self.first * PAGE
        stands = _read(self.descriptor, offset, self.n * PAGE)
        content.require_stamped(stands, offset, "what was mapped")
        with np.errstate(over="ignore"):
            require_equal(self.sums[: self.n], stands.sum(axis=1))
        self.proof.check()


@contextmanager
def _mapped(
    session: Session, descriptor: int, size: int, cache: str, is_random: bool
) -> Iterator[_Mapped]:
    with Watch(session.directory) as watch:
        mapped = _Mapped(descriptor, size, cache, is_random, watch)
        mapped.proof = Proof(DEVICE if cache == "cold" else MEMORY, session.directory)
        yield mapped


def _read(descriptor: int, offset: int, nbytes: int) -> Words:
    data = os.pread(descriptor, nbytes, offset)
    return np.frombuffer(data, np.int64).reshape(-1, PAGE // 8)


def _warm(descriptor: int, begin: int, end: int) -> None:
    """Read a part of the file into the page cache."""
    for offset in range(begin, end, MiB):
        os.pread(descriptor, MiB, offset)
