"""What is compared of memory: the points of hwperf with what the C reference runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ratios import LATENCY, THROUGHPUT, Goal
from reference import ARRAYS, CoresRequest, Request

from hwperf.units import KiB, MiB, format_bytes

LATENCY_SIZES = (16 * KiB, 128 * KiB, 2 * MiB, 256 * MiB)
ARRAY_SIZES = (8 * KiB, 64 * KiB, 2 * MiB, 256 * MiB)
PAGES = ("small", "huge")
STORES = ("regular", "streaming")
WINDOW_BYTES = 256 * KiB  # As in memory.latency: up to it, "local" is the whole set.


@dataclass(frozen=True)
class Case:
    """One point of one workload, and the same for the reference.

    Attributes:
        name: what a person reads and ``--case`` matches.
        workload_id: hwperf's workload.
        params: its point.
        request: what the reference runs, without a style.
        unit: of what is compared, "B/s", "FLOP/s" or "s" (per access or operation).
        amount: units of the workload's primary amount for one count of the request.
        goal: the ratios that are good enough; None where there is no goal.
        threads: CPUs that are at work.
        rest_s: seconds to wait before each side, until what the other one has started sleeps.
        count: of one request, where the workload times itself and does not say how much it does.
    """

    name: str
    workload_id: str
    params: dict[str, Any]
    request: Request | CoresRequest
    unit: str
    amount: float
    goal: Goal | None
    threads: int = 1
    rest_s: float = 0.0
    count: int | None = None


def cases() -> Iterator[Case]:
    """Yield every case of memory, in the order in which they are run."""
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
                    goal=LATENCY,
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
                        goal=THROUGHPUT,
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
            goal=LATENCY,
        )
    for nbytes in (256 * KiB, 256 * MiB):
        yield Case(
            name=f"stride 64B {_size(nbytes)} small",
            workload_id="memory.stride",
            params={"nbytes": nbytes, "stride_bytes": 64},
            request=Request("stride", "64", "small", nbytes),
            unit="s",
            amount=nbytes // 64,
            goal=LATENCY,
        )


def _size(nbytes: int) -> str:
    return format_bytes(nbytes).replace(" ", "")
