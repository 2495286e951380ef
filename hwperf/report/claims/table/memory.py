"""Memory and caches: which points each of their claims is judged from."""

from __future__ import annotations

from collections.abc import Mapping

from hwperf.report.claims.capacities import Capacities
from hwperf.report.claims.expressions import (
    Term,
    at,
    best,
    first,
    minus,
    over,
    scaled,
    worst,
)
from hwperf.report.claims.lines import Line
from hwperf.report.claims.rules import Compared, Law, Laws, Rule
from hwperf.units import KiB, MiB

__all__ = ["RULES", "bandwidth", "latency", "random_access"]

_PAGES = ("huge", "small")  # Small ones where the machine has no huge ones.
_WORD = 8  # Bytes of a 64-bit word.
_SIZES = tuple(4 * KiB << step for step in range(19))
_THREADS = tuple(2**step for step in range(9))


def latency(nbytes: int, order: str = "whole") -> Term:
    """Return the load-to-use latency in a working set of *nbytes*."""
    return first(*(at("memory.latency", nbytes=nbytes, pages=p, order=order) for p in _PAGES))


def random_access(burst_bytes: int) -> Term:
    """Return the time of one burst at a random place of memory."""
    points = (at("memory.random_read", burst_bytes=burst_bytes, pages=p) for p in _PAGES)
    return first(*points)


def bandwidth() -> Term:
    """Return the highest bandwidth of main memory that any number of threads reached."""
    kernels = ("read", "copy", "triad")
    return best(
        *(at("multicore.bandwidth", threads=n, kernel=k) for k in kernels for n in _THREADS)
    )


def _read(nbytes: int) -> Term:
    return first(*(at("memory.read", nbytes=nbytes, pages=p) for p in _PAGES))


def _useful(stride_bytes: int) -> Term:
    """Return the bandwidth of the words that are used, at a stride through main memory."""
    point = at("memory.stride", nbytes=256 * MiB, stride_bytes=stride_bytes)
    return scaled(point, _WORD, "B/s", is_inverse=True)


def _chains(n: int) -> Term:
    return first(*(at("memory.parallel_latency", chains=n, pages=p) for p in _PAGES))


def _read_at(offset_bytes: int) -> Term:
    return at("memory.alignment", offset_bytes=offset_bytes)


def _walk(order: str, direction: str) -> Term:
    return at("memory.walk", order=order, direction=direction)


_L1, _L2, _L3 = latency(16 * KiB), latency(128 * KiB), latency(2 * MiB)
_MEMORY = latency(256 * MiB)

# Within windows whose translations stay in the TLB: of the three latencies of memory this is the
# one of the memory alone.
_FIRST_ACCESS = latency(256 * MiB, "local")

# What each word of 4 KiB costs beyond the first: 511 of 512.
_BURST_WORD = scaled(minus(random_access(4 * KiB), random_access(_WORD)), 1 / 511, "s")

RULES: Mapping[str, Rule] = {
    "dram.first_access": Compared(_FIRST_ACCESS),
    "dram.burst_word": Compared(_BURST_WORD),
    "dram.random_over_burst": Compared(over(_FIRST_ACCESS, _BURST_WORD), is_higher_better=False),
    "dram.random_reads_per_second": Compared(scaled(_MEMORY, 1, "op/s", is_inverse=True)),
    "dram.bank_parallelism": Compared(
        over(_chains(1), best(*(_chains(n) for n in (2, 4, 8, 16, 24, 32)))),
        is_higher_better=True,
        note="of one core, whose misses in flight may be the limit before the banks are",
    ),
    "dram.bandwidth": Compared(bandwidth()),
    "memory.alignment": Laws(
        (
            Law(
                ("within a line", _read_at(0)),
                ("across two lines or pages", worst(*map(_read_at, (57, 60, 4089, 4092)))),
            ),
            Law(("aligned", _read_at(0)), ("misaligned", _read_at(1)), is_strict=False),
        )
    ),
    "memory.stride": Law(("sequential", _useful(8)), ("strided", _useful(512))),
    "memory.row_over_column": Law(
        ("along rows", _walk("row", "forward")), ("along columns", _walk("column", "forward"))
    ),
    "memory.direction": Law(
        ("forwards", _walk("row", "forward")),
        ("backwards", _walk("row", "backward")),
        is_strict=False,
    ),
    "memory.prefetch": Law(
        ("a line in order", at("memory.stride", nbytes=256 * MiB, stride_bytes=64)),
        ("at random", at("memory.random_read", burst_bytes=64, pages="small")),
    ),
    "cache.l1_latency": Compared(_L1),
    "cache.l1_latency_table": Compared(_L1),
    "cache.l2_latency": Compared(_L2),
    "cache.l2_latency_table": Compared(_L2),
    "cache.l3_latency": Compared(_L3),
    "cache.dram_over_l1": Compared(over(_MEMORY, _L1), is_higher_better=False),
    "cache.l2_over_l1": Compared(over(_L2, _L1), is_higher_better=False),
    "cache.line_size": Compared(
        Line(
            tuple(
                (stride, at("memory.stride", nbytes=256 * KiB, stride_bytes=stride))
                for stride in (8, 16, 32, 64, 128, 256, 512, 1 * KiB, 2 * KiB, 4 * KiB)
            )
        )
    ),
    "cache.capacity": Capacities(
        tuple(
            tuple(
                (size, at("memory.latency", nbytes=size, pages=pages, order="whole"))
                for size in _SIZES
            )
            for pages in _PAGES
        )
    ),
    "memory.64MB_reference": Compared(latency(64 * MiB)),
    "memory.256MB_reference": Compared(_MEMORY),
    "cache.temporal_locality": Law(
        (
            "blocked",
            best(*(at("memory.blocked", block_bytes=n) for n in (16 * KiB, 128 * KiB))),
        ),
        ("not blocked", at("memory.blocked", block_bytes=64 * MiB)),
    ),
    "cpu.starved_by_memory": Law(
        ("a core reads from L1", _read(8 * KiB)), ("from memory", _read(256 * MiB))
    ),
}
