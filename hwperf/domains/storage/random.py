"""Small transfers at random places, alone and many at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np

from hwperf import KiB, Work, workload
from hwperf.checks import Words
from hwperf.domains.storage.bounds import operations
from hwperf.domains.storage.content import BLOCK_BYTES
from hwperf.domains.storage.engine import Task
from hwperf.domains.storage.engines import Transfers, calls, running
from hwperf.domains.storage.layout import scratch
from hwperf.domains.storage.terms import TERMS
from hwperf.scratch import lacking

__all__ = ["mixed", "random_read", "random_write"]

BLOCKS = [4 * KiB, 16 * KiB, 256 * KiB]
DEPTHS = [1, 4, 16, 32, 64]
SOURCE = "fio: rw=randread, randwrite, randrw; direct=1, ioengine=psync, numjobs"


@workload(
    "storage.random_read",
    params={"block_bytes": BLOCKS, "queue_depth": DEPTHS},
    metric="rate",
    limit=operations,
    requires=lacking,
    answers="How many small reads at random places does the disk answer per second, and how soon?",
    source=SOURCE,
)
def random_read(block_bytes: int, queue_depth: int) -> Iterator[Work]:
    """Rate and latency of direct reads of *block_bytes* at random places of a file.

    Counts reads; *queue_depth* of them are under way at any time. Each place is read once before
    any is read again. A latency is the time from before the call of pread to after it.
    """
    with at_random(block_bytes, queue_depth) as (engine, most):
        yield Work(
            engine.run,
            latencies=True,
            derive=engine.figures,
            **TERMS,
            most_calls=most,
            ops=1,
            bytes=block_bytes,
        )
        engine.check()


@workload(
    "storage.random_write",
    params={"block_bytes": BLOCKS, "queue_depth": DEPTHS},
    metric="rate",
    limit=operations,
    requires=lacking,
    answers="How many small writes at random places does the disk take per second, and how soon?",
    source=SOURCE,
)
def random_write(block_bytes: int, queue_depth: int) -> Iterator[Work]:
    """Rate and latency of direct writes of *block_bytes* at random places of a written file.

    Counts writes; *queue_depth* of them are under way at any time. A write has ended when the
    device says so, which may keep it in a cache of its own: what survives a power cut is
    `storage.fsync`. The device is measured as it is found, not brought into a steady state.
    """
    with at_random(block_bytes, queue_depth, "random_write", 10) as (engine, most):
        yield Work(
            engine.run,
            latencies=True,
            derive=engine.figures,
            **TERMS,
            most_calls=most,
            ops=1,
            bytes=block_bytes,
        )
        engine.check()


@workload(
    "storage.mixed",
    params={"queue_depth": [1, 32]},
    metric="rate",
    limit=lambda: operations(4 * KiB),
    requires=lacking,
    answers="How many small transfers per second when most are reads and some are writes?",
    source="fio: rw=randrw, rwmixread=70, bs=4k, direct=1",
)
def mixed(queue_depth: int) -> Iterator[Work]:
    """Rate and latency of direct transfers of 4 KiB at random places, 70 % reads and 30 % writes.

    Counts transfers; *queue_depth* of them are under way at any time. Which of them write is the
    same in each run; the latencies of reads and of writes are also told apart.
    """
    block_bytes = 4 * KiB
    with at_random(block_bytes, queue_depth, "mixed", 3) as (engine, most):
        yield Work(
            engine.run,
            latencies=True,
            derive=engine.figures,
            **TERMS,
            most_calls=most,
            ops=1,
            bytes=block_bytes,
        )
        engine.check()


@contextmanager
def at_random(
    block_bytes: int, queue_depth: int, what: str | None = None, writes_in_ten: int = 0
) -> Iterator[tuple[Transfers, int | None]]:
    """Give an engine that transfers at random places, and how often it may be called.

    Args:
        block_bytes: of one transfer.
        queue_depth: how many are under way.
        what: whose share of what may be written is used; None where nothing is written.
        writes_in_ten: how many of ten transfers are writes.
    """
    with ExitStack() as stack:
        session, descriptor, size = stack.enter_context(scratch())
        call_bytes, most = calls(session, what, block_bytes, queue_depth) if what else (None, None)
        task = Task(
            block_bytes,
            queue_depth,
            shuffled(size, block_bytes),
            writes_in_ten=writes_in_ten,
            call_bytes=call_bytes,
            has_ops=True,
            tells_device=not what and (block_bytes, queue_depth) == (BLOCK_BYTES, 1),
        )
        yield stack.enter_context(running(session, descriptor, task)), most


def shuffled(size: int, block: int) -> Words:
    """Return the offsets of all blocks of *block* bytes in a file of *size*, in random order."""
    order = np.random.default_rng(0).permutation(size // block)
    return order * block
