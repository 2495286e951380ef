"""Large and small transfers one after the other, direct and through the page cache."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import numpy as np

from hwperf import KiB, MiB, Work, limits, workload
from hwperf.checks import Words
from hwperf.domains.storage.engine import Task
from hwperf.domains.storage.engines import Transfers, calls, running
from hwperf.domains.storage.layout import DIRECT, drop_cached, scratch
from hwperf.domains.storage.terms import TERMS
from hwperf.host import pages as working_memory
from hwperf.scratch import lacking
from hwperf.units import format_bytes
from hwperf.work import Timing

__all__ = ["CACHED_BYTES", "forgetting", "in_order", "sequential_read", "sequential_write"]

PARAMS: dict[str, list[Any]] = {
    "block_bytes": [4 * KiB, 64 * KiB, 1 * MiB, 16 * MiB],
    "io": ["direct", "buffered"],
    "queue_depth": [1, 8, 32],
    "pages": ["small", "huge"],
}
CACHED_BYTES = 32 * MiB
"""Of the file, that are read through the page cache: several times what systems read ahead."""

_MOST_BYTES = 64 * MiB  # Under way at once: more is memory, not a queue.
_HUGE_FROM = 1 * MiB


def unwanted(block_bytes: int, io: str, queue_depth: int, pages: str) -> str | None:
    """Return why a combination is not measured, or None."""
    if io == "buffered" and (queue_depth > 1 or pages == "huge"):
        return (
            "the page cache reads ahead, gathers writes and copies: neither a queue nor the "
            "buffer's pages reach the device"
        )
    if pages == "huge" and block_bytes < _HUGE_FROM:
        return (
            f"a block of {format_bytes(block_bytes)} has few small pages: huge ones from 1 MiB on"
        )
    if queue_depth * block_bytes > _MOST_BYTES:
        return (
            f"{queue_depth} x {format_bytes(block_bytes)} under way are more than "
            f"{format_bytes(_MOST_BYTES)}"
        )
    return working_memory.lacking(pages)


@workload(
    "storage.sequential_read",
    params=PARAMS,
    limit=limits.storage_bandwidth,
    requires=[unwanted, lacking],
    answers="How fast does the disk stream, and what do few large reads gain over many small ones?",
    source="fio: rw=read, direct=1 or 0, invalidate=1, ioengine=psync, numjobs",
)
def sequential_read(block_bytes: int, io: str, queue_depth: int, pages: str) -> Iterator[Work]:
    """Bandwidth of reading a file from its beginning to its end in blocks of *block_bytes*.

    Counts the bytes read, and reads beside them. *queue_depth* reads are under way at any time, in
    the order of the file. *io* "direct" goes past the page cache; "buffered" goes through it, which
    has forgotten the file before each sample. *pages* are those of the buffer: on small ones the
    device gets a large read in pieces.
    """
    with ExitStack() as stack:
        session, descriptor, size = stack.enter_context(scratch(DIRECT if io == "direct" else 0))
        is_cached = io == "buffered"
        # Up to the end of the file, beyond which nothing can be read ahead.
        offsets = in_order(size, block_bytes, CACHED_BYTES if is_cached else None)
        task = Task(
            block_bytes, queue_depth, offsets, pages=pages, is_whole=is_cached, is_cached=is_cached
        )
        engine = stack.enter_context(running(session, descriptor, task))
        yield Work(
            lambda: forgetting(engine),
            derive=engine.figures,
            **TERMS,
            bytes=block_bytes,
            ops=1,
        )
        engine.check()


@workload(
    "storage.sequential_write",
    params=PARAMS,
    limit=lambda io: limits.storage_bandwidth() if io == "direct" else None,
    requires=[unwanted, lacking],
    answers="How fast does the disk take large writes, and how much slower small ones?",
    source="fio: rw=write, direct=1, or direct=0 with end_fsync=1; ioengine=psync, numjobs",
)
def sequential_write(block_bytes: int, io: str, queue_depth: int, pages: str) -> Iterator[Work]:
    """Bandwidth of writing over a written file from its beginning on in blocks of *block_bytes*.

    Counts the bytes written, and writes beside them. *io* "direct" goes past the page cache;
    "buffered" goes through it, and each sample ends when the device has all of it (fdatasync).
    The device may keep direct writes in a cache of its own, and is measured as it is found.
    """
    with ExitStack() as stack:
        session, descriptor, size = stack.enter_context(scratch(DIRECT if io == "direct" else 0))
        if io == "buffered":
            drop_cached(descriptor)  # What is dirty already would not count as written.
        call_bytes, most = calls(session, "sequential_write", block_bytes, queue_depth)
        task = Task(
            block_bytes,
            queue_depth,
            in_order(size, block_bytes),
            writes_in_ten=10,
            pages=pages,
            call_bytes=call_bytes,
            is_cached=io == "buffered",
        )
        engine = stack.enter_context(running(session, descriptor, task))
        yield Work(
            engine.run,
            derive=engine.figures,
            **TERMS,
            most_calls=most,
            bytes=block_bytes,
            ops=1,
        )
        engine.check()


def in_order(size: int, block: int, last: int | None = None) -> Words:
    """Return the offsets of blocks of *block* bytes in a file of *size*, or in its *last* bytes."""
    first = 0 if last is None else max(0, size - last) // block
    return np.arange(first, size // block, dtype=np.int64) * block


def forgetting(engine: Transfers) -> Timing:
    """Run a call that finds nothing of the file in the page cache."""
    if engine.task.is_cached:
        drop_cached(engine.descriptor)
    return engine.run()
