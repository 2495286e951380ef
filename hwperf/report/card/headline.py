"""Eight numbers that say what a machine can do. This module picks them from a run, with words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hwperf.report.card.words import shown
from hwperf.report.claims import Evidence, Missing, Quantity
from hwperf.report.claims.expressions import Term, at, best, first
from hwperf.report.claims.needs import accelerator
from hwperf.report.claims.table.device import copied, launch, multiplied
from hwperf.report.claims.table.memory import bandwidth, latency
from hwperf.report.claims.table.processor import multiply_adds
from hwperf.report.claims.table.storage import random_reads, stream
from hwperf.units import KiB, MiB

__all__ = ["MOST", "Headline", "headlines"]

MOST = 8
_THREADS = tuple(2**step for step in range(9))
_PAGES = ("huge", "small")


@dataclass(frozen=True)
class Headline:
    """One number with words.

    Attributes:
        quantity: the number.
        words: what it is, with other numbers beside it.
    """

    quantity: Quantity
    words: str


def headlines(seen: Evidence) -> tuple[Headline, ...]:
    """Return at most :data:`MOST` numbers, the most telling first; what is missing has no line."""
    found = [*_memory(seen), *_arithmetic(seen), *_device(seen), *_rest(seen)]
    return tuple(found[:MOST])


def _memory(seen: Evidence) -> Iterator[Headline]:
    memory, l1 = _of(seen, latency(256 * MiB)), _of(seen, latency(16 * KiB))
    if memory is not None:
        words = "a load from memory, at random"
        if l1 is not None:
            times = memory.value / l1.value
            words += f": {shown(times, 'x', digits=3)} an L1 hit ({shown(l1.value, 's')})"
        yield Headline(memory, words)
    one = _of(seen, first(*(at("memory.read", nbytes=256 * MiB, pages=p) for p in _PAGES)))
    cores = _of(seen, bandwidth())
    if cores is not None:
        beside = "" if one is None else f"; one core reads {shown(one.value, one.unit)}"
        yield Headline(cores, f"memory bandwidth of all cores{beside}")
    elif one is not None:
        yield Headline(one, "memory bandwidth, one core reading")


def _arithmetic(seen: Evidence) -> Iterator[Headline]:
    one = _of(seen, multiply_adds("f64"))
    cores = _of(seen, best(*(at("multicore.flops", threads=n) for n in _THREADS)))
    if cores is not None:
        beside = "" if one is None else f"; one core {shown(one.value, one.unit)}"
        yield Headline(cores, f"multiply-adds (f64) of all cores{beside}")
    elif one is not None:
        yield Headline(one, "multiply-adds (f64) of one core")
    product = _of(
        seen,
        best(
            *(
                at("simd.gemm", library=library, dtype="f32", n=n, threads=threads)
                for library in ("numpy", "torch")
                for n in (256, 1024, 2048)
                for threads in ("one", "all")
            )
        ),
    )
    if product is not None:
        yield Headline(product, "matrix products (f32), the best library and size")


def _device(seen: Evidence) -> Iterator[Headline]:
    """Yield what a real accelerator does, if one was measured."""
    sent = _of(seen, first(copied(64 * MiB, "pinned"), copied(64 * MiB, "pageable")))
    rate, start = _of(seen, multiplied("f32")), _of(seen, launch("queued"))
    for quantity, words in (
        (sent, "from the host to the device"),
        (rate, "matrix products (f32) on the device"),
    ):
        if quantity is None or not _is_real(seen, quantity):
            continue
        if quantity is sent and start is not None:
            words += f"; a launch costs {shown(start.value, 's')}"
        yield Headline(quantity, words)


def _rest(seen: Evidence) -> Iterator[Headline]:
    disk, random = _of(seen, stream()), _of(seen, random_reads(1))
    if disk is not None:
        beside = "" if random is None else f"; 4 KiB at random {shown(random.value, 'op/s')}"
        yield Headline(disk, f"read from the disk in order{beside}")
    for term, words in (
        (at("storage.fsync", how="fdatasync"), "until 4 KiB are safe on the disk (fdatasync)"),
        (at("network.round_trip", transport="tcp", nbytes=1), "a byte to a process and back, TCP"),
        (at("multicore.core_to_core"), "a cache line from core to core"),
        (at("simd.operation_latency", operation="fma"), "a multiply-add that waits for another"),
        (at("core.clock"), "the clock of a busy core"),
    ):
        found = _of(seen, term)
        if found is not None:
            yield Headline(found, words)


def _of(seen: Evidence, term: Term) -> Quantity | None:
    try:
        return term.of(seen)
    except Missing:
        return None


def _is_real(seen: Evidence, quantity: Quantity) -> bool:
    try:
        accelerator(seen, quantity)
    except Missing:
        return False
    return True
