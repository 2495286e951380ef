"""What is compared of cores: points of simd and multicore with what cores.c runs of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cases import Case
from ratios import SYSTEM_COST, THROUGHPUT, Goal, within
from reference import CoresRequest

from hwperf.units import KiB, MiB

WIDTHS = ("scalar", "128", "256", "512")
CHAINS = (1, 2, 4, 8, 12, 16)
OPERATIONS = ("add", "mul", "fma", "div", "sqrt", "int_mul", "int_div", "load")
SWEEPS = {"read": 1, "copy": 2, "triad": 3}
ORDERS = (256, 1024, 2048)  # Of the matrices.
SYSTEM = ("syscall", "context_switch", "thread_start", "process_start", "sleep", "timer")

STEPS = 16  # Of a chain, for one count of fma, flops and operation.
FLOPS_LANES = 12 * 8  # Of float64, in one step of flops.
CHUNK_BYTES = 256 * KiB  # Of each array, for one count of bandwidth.
ARRAY_BYTES = 256 * MiB  # As multicore.bandwidth has for up to four threads.
# Two words closer than this are in one line on most machines. How often a core then adds before the
# line is taken from it depends on the loop: seven loops of one meaning took 1.2 to 2.0 ns a count
# (Zen 4). So there is no goal.
LINE_BYTES = 64
# OpenBLAS's threads look for more work until 2**26 ticks of the time-stamp counter are over (26 ms
# at 2.6 GHz), and would do so beside the other side.
BLAS_REST_S = 0.05


def cases(n_cpus: int) -> Iterator[Case]:
    """Yield every case of cores on a machine of so many CPUs, in the order of their running."""
    yield from _fma()
    yield from _operations()
    yield from _gemm(n_cpus)
    yield from _scaling(n_cpus)
    if n_cpus > 1:
        yield from _shared()
    yield from _locks(n_cpus)
    for what in SYSTEM:
        yield _case(
            f"multicore.system {what}", {"what": what}, CoresRequest("system", what), "s", 1,
            SYSTEM_COST,
        )  # fmt: skip


def _case(
    name: str,
    params: dict[str, Any],
    request: CoresRequest,
    unit: str,
    amount: float,
    goal: Goal | None,
    **others: Any,
) -> Case:
    return Case(
        name,
        name.split()[0],
        params,
        request,
        unit,
        amount,
        goal,
        threads=request.threads,
        **others,
    )


def _threads(n_cpus: int, least: int = 1) -> Iterator[int]:
    """Yield the numbers of threads that workloads have points for, as many as there are CPUs."""
    n = least
    while n <= min(n_cpus, 256):
        yield n
        n *= 2


def _fma() -> Iterator[Case]:
    for dtype, nbytes in (("f32", 4), ("f64", 8)):
        for width in WIDTHS:
            lanes = 1 if width == "scalar" else int(width) // 8 // nbytes
            for chains in CHAINS:
                yield _case(
                    f"simd.fma {dtype} {width} {chains} chains",
                    {"dtype": dtype, "width": width, "chains": chains},
                    CoresRequest("fma", f"{dtype}-{width}", size=chains),
                    "FLOP/s",
                    2 * STEPS * chains * lanes,
                    THROUGHPUT,
                )


def _operations() -> Iterator[Case]:
    for operation in OPERATIONS:
        yield _case(
            f"simd.operation_latency {operation}", {"operation": operation},
            CoresRequest("operation", operation), "s", STEPS, within(0.03),
        )  # fmt: skip


def _gemm(n_cpus: int) -> Iterator[Case]:
    for dtype in ("f32", "f64"):
        for n in ORDERS:
            for threads in sorted({1, n_cpus}):
                yield _case(
                    f"simd.gemm {dtype} {n} {'one' if threads == 1 else 'all'}",
                    {"library": "numpy", "dtype": dtype, "n": n,
                     "threads": "one" if threads == 1 else "all"},
                    CoresRequest("gemm", dtype, threads, n),
                    "FLOP/s",
                    2 * n**3,
                    THROUGHPUT,
                    rest_s=BLAS_REST_S if threads > 1 else 0.0,
                )  # fmt: skip


def _scaling(n_cpus: int) -> Iterator[Case]:
    for threads in _threads(n_cpus):
        yield _case(
            f"multicore.flops {threads}", {"threads": threads},
            CoresRequest("flops", "f64", threads), "FLOP/s", 2 * STEPS * FLOPS_LANES * threads,
            THROUGHPUT,
        )  # fmt: skip
    for kernel, n_arrays in SWEEPS.items():
        for threads in _threads(n_cpus):
            yield _case(
                f"multicore.bandwidth {kernel} {threads}",
                {"threads": threads, "kernel": kernel},
                CoresRequest("bandwidth", kernel, threads, max(ARRAY_BYTES, threads * 64 * MiB)),
                "B/s",
                n_arrays * CHUNK_BYTES * threads,
                THROUGHPUT,
            )


def _shared() -> Iterator[Case]:
    yield _case(
        "multicore.core_to_core", {}, CoresRequest("core_to_core", "swap", 2), "s", 2, within(0.05),
        count=64 * 200,
    )  # fmt: skip
    for state in ("clean", "modified"):
        yield _case(
            f"multicore.shared_line {state}", {"state": state},
            CoresRequest("shared_line", state, 2), "s", 128, within(0.05),
        )  # fmt: skip
    for update in ("plain", "atomic"):
        for offset_bytes in (8, 16, 32, 64, 128):
            yield _case(
                f"multicore.false_sharing {update} {offset_bytes}B",
                {"offset_bytes": offset_bytes, "update": update, "threads": 2},
                CoresRequest("counters", update, 2, offset_bytes),
                "s",
                1,
                within(0.05) if offset_bytes >= LINE_BYTES else None,
            )


def _locks(n_cpus: int) -> Iterator[Case]:
    for threads in _threads(min(n_cpus, 4)):
        yield _case(
            f"multicore.atomic {threads}", {"threads": threads},
            CoresRequest("counters", "atomic", threads, 0), "s", threads,
            within(0.05) if threads == 1 else None,
        )  # fmt: skip
    for threads in _threads(min(n_cpus, 4)):
        yield _case(
            f"multicore.mutex {threads}", {"kind": "pthread", "threads": threads},
            CoresRequest("mutex", "pthread", threads), "s", threads, SYSTEM_COST,
        )  # fmt: skip
