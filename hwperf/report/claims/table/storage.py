"""Storage: which points each of its claims is judged from, and on which kind of disk."""

from __future__ import annotations

from collections.abc import Mapping

from hwperf.report.claims.expressions import Paired, Term, at, best, first, scaled
from hwperf.report.claims.needs import disk
from hwperf.report.claims.rules import Compared, Enough, Law, Rule
from hwperf.units import KiB, MiB

__all__ = ["RULES", "random_reads", "stream"]

_DEPTHS = (1, 4, 16, 32, 64)
_PAGES = ("huge", "small")

# Samples per second at which MLPerf Storage lets one H100 train ResNet-50 (400 in 0.224 s), as
# storage.feed has it.
_ACCELERATOR = 400 / 0.224


def random_reads(queue_depth: int) -> Term:
    """Return the rate of direct reads of 4 KiB at random places."""
    return at("storage.random_read", block_bytes=4 * KiB, queue_depth=queue_depth)


def stream(way: str = "read", *, queue_depths: tuple[int, ...] = (1, 8, 32)) -> Term:
    """Return the highest direct bandwidth in order, in blocks of 1 MiB."""
    return best(*(_in_order(way, 1 * MiB, n, p) for n in queue_depths for p in _PAGES))


def _in_order(way: str, block_bytes: int, queue_depth: int, pages: str) -> Term:
    return at(
        f"storage.sequential_{way}",
        block_bytes=block_bytes,
        io="direct",
        queue_depth=queue_depth,
        pages=pages,
    )


def _one(kind: str) -> Term:
    """Return the time of one direct transfer of 4 KiB at a random place, alone."""
    point = at(f"storage.random_{kind}", block_bytes=4 * KiB, queue_depth=1)
    return scaled(point, 1, "s", is_inverse=True)


def _megabyte() -> Term:
    """Return the time of 1 MB in order, one read of 1 MiB at a time."""
    alone = first(*(_in_order("read", 1 * MiB, 1, pages) for pages in _PAGES))
    return scaled(alone, 1e6, "s", is_inverse=True)


def _penalty(queue_depth: int) -> Law:
    params = {"queue_depth": queue_depth}
    small = scaled(at("storage.write_penalty", **params), 4 * KiB, "B/s")
    gain = scaled(
        Paired("storage.write_penalty", params, "sequential, 1 MiB"), 1, "x", is_inverse=True
    )
    return Law(
        ("large writes in order", stream("write")),
        ("small ones at random", small),
        needs=(disk("SSD"),),
        measured=gain,
    )


def _cached(cache: str) -> Term:
    return at("storage.cached_read", how="read", cache=cache, read_ahead="on")


def _fed() -> Term:
    """Return the most samples per second that any way of loading them gives."""
    points = (
        at("storage.feed", layout=layout, loader=loader, workers=n)
        for layout in ("files", "shard")
        for loader in ("numpy", "torch")
        for n in (0, 1, 2, 4)
    )
    return best(*points)


RULES: Mapping[str, Rule] = {
    "hdd.random_access": Compared(_one("read"), needs=(disk("HDD"),)),
    "hdd.bandwidth": Compared(stream(), needs=(disk("HDD"),)),
    "ssd.iops": Compared(best(*map(random_reads, _DEPTHS)), needs=(disk("SSD"),)),
    "ssd.bandwidth": Compared(stream(), needs=(disk("SSD"),)),
    "ssd.small_random_writes": _penalty(1),
    "nvme.bandwidth": Compared(stream(), needs=(disk("NVMe"),)),
    "nvme.write_4KB": Compared(_one("write"), needs=(disk("NVMe"),)),
    "nvme.read_4KB": Compared(_one("read"), needs=(disk("NVMe"),)),
    "nvme.read_1MB": Compared(_megabyte(), needs=(disk("NVMe"),)),
    "sata.read_4KB": Compared(_one("read"), needs=(disk("SATA SSD"),)),
    "sata.read_1MB": Compared(_megabyte(), needs=(disk("SATA SSD"),)),
    "storage.large_over_small": Law(
        ("1 MiB each", _in_order("read", 1 * MiB, 1, "small")),
        ("4 KiB each", _in_order("read", 4 * KiB, 1, "small")),
    ),
    "storage.queue_depth": Law(
        ("many at once", best(*map(random_reads, _DEPTHS[1:]))),
        ("one at a time", random_reads(1)),
    ),
    "storage.cache": Law(("read again", _cached("warm")), ("from the device", _cached("cold"))),
    "storage.feeds_training": Enough(
        "samples are read at", _fed(), _ACCELERATOR, "an H100 that trains ResNet-50 takes"
    ),
}
