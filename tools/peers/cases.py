"""What is compared. This module lists the points of hwperf with what the C reference runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reference import Request

from hwperf.units import KiB, MiB, format_bytes

LATENCY_SIZES = (16 * KiB, 128 * KiB, 2 * MiB, 256 * MiB)
ARRAY_SIZES = (8 * KiB, 64 * KiB, 2 * MiB, 256 * MiB)
PAGES = ("small", "huge")
STORES = ("regular", "streaming")
WINDOW_BYTES = 256 * KiB  # As in memory.latency: up to it, "local" is the whole set.

# Bytes by which the arrays of a peer's sweep are moved against one another: none, as hwperf's and
# those of most programs with large arrays lie; or 17 lines, so that a load and a store of the
# same turn differ in the 12 bits by which processors first compare addresses.
APART = (0, 17 * 64)

ARRAYS = {"read": 1, "fill": 1, "copy": 2, "scale": 2, "add": 3, "triad": 3}


@dataclass(frozen=True)
class Case:
    """One point of one workload, and the same for the reference.

    Attributes:
        name: what a person reads and ``--case`` matches.
        workload_id: hwperf's workload.
        params: its point.
        request: what the reference runs, without a style.
        unit: of what is compared, "B/s" or "s" (per access).
        amount: units of the workload's primary amount for one step, pass or read of the reference.
        has_goal: whether a ratio is asked for.
    """

    name: str
    workload_id: str
    params: dict[str, Any]
    request: Request
    unit: str
    amount: float
    has_goal: bool = True

    def contestants(self, styles: list[str]) -> Iterator[Request]:
        """Yield the request in each of *styles* and, where there are arrays, placements."""
        several = ARRAYS.get(self.request.kernel, 1) > 1
        for apart in APART if several else APART[:1]:
            for style in styles:
                yield Request(
                    self.request.kernel, self.request.variant, self.request.pages,
                    self.request.nbytes, style, apart,
                )  # fmt: skip


def cases() -> Iterator[Case]:
    """Yield every case, in the order in which they are run."""
    yield from _latency()
    yield from _sweeps()
    yield from _scattered()


def _latency() -> Iterator[Case]:
    for nbytes in LATENCY_SIZES:
        for pages in PAGES:
            for order in ("whole", "local") if nbytes > WINDOW_BYTES else ("whole",):
                yield Case(
                    name=f"latency {_size(nbytes)} {pages} {order}",
                    workload_id="memory.latency",
                    params={"nbytes": nbytes, "pages": pages, "order": order},
                    request=Request("chase", order, pages, nbytes),
                    unit="s",
                    amount=1,
                )


def _sweeps() -> Iterator[Case]:
    for kernel, n_arrays in ARRAYS.items():
        for nbytes in ARRAY_SIZES:
            for pages in PAGES:
                for stores in STORES if kernel != "read" else ("regular",):
                    params: dict[str, Any] = {"nbytes": nbytes, "pages": pages}
                    if kernel != "read":
                        params["stores"] = stores
                    if kernel == "fill":
                        params["data"] = "varied"
                    named = "" if kernel == "read" else f" {stores}"
                    yield Case(
                        name=f"{kernel} {_size(nbytes)} {pages}{named}",
                        workload_id=f"memory.{kernel}",
                        params=params,
                        request=Request(kernel, stores, pages, nbytes),
                        unit="B/s",
                        amount=n_arrays * nbytes,
                    )


def _scattered() -> Iterator[Case]:
    for pages in PAGES:
        yield Case(
            name=f"random_read 8B {pages}",
            workload_id="memory.random_read",
            params={"burst_bytes": 8, "pages": pages},
            request=Request("random", "-", pages, 256 * MiB),
            unit="s",
            amount=1,
        )
    for nbytes in (256 * KiB, 256 * MiB):
        yield Case(
            name=f"stride 64B {_size(nbytes)} small",
            workload_id="memory.stride",
            params={"nbytes": nbytes, "stride_bytes": 64},
            request=Request("stride", "64", "small", nbytes),
            unit="s",
            amount=nbytes // 64,
        )


def _size(nbytes: int) -> str:
    return format_bytes(nbytes).replace(" ", "")
