"""Matrix products by libraries: what they reach of the cores' peak, by type and threads."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf import Figure, Seen, Unsupported, Work, limits, workload
from hwperf.domains.simd import peak
from hwperf.domains.simd.checks import require_product
from hwperf.domains.simd.instructions import BITS, machine
from hwperf.domains.simd.libraries import (
    missing,
    numpy_blas,
    on_threads,
    tensors,
    torch_blas,
    unpin,
)
from hwperf.host import cpu, memory, topology
from hwperf.host import pages as working_memory

__all__ = ["gemm"]

# Whole numbers whose products add up to what each type holds exactly, for n up to 2048: at most
# 2048 x 8 x 8 = 2**17 of the 2**24 of float32; of the 256 of bfloat16 the largest sum is 5 standard
# deviations of 30 (products are -1, 0 or 1); 2048 x 128 x 128 = 2**25 of int32.
_RANGE = {"f64": (-8, 8), "f32": (-8, 8), "bf16": (-1, 1), "int8": (-128, 127)}
_RESULT: dict[str, Any] = {
    "f64": np.float64,
    "f32": np.float32,
    "bf16": np.uint16,
    "int8": np.int32,
}
_TRIAL = 256  # Rows of the product that starts the threads and tells what a product will take.


def _unmeasured(library: str, dtype: str) -> str | None:
    if library == "numpy" and dtype == "bf16":
        return "numpy has no bfloat16"
    if library == "numpy" and dtype == "int8":
        return "numpy has no fast product of integer matrices: no BLAS has one"
    if library == "torch" and dtype == "f64":
        return "f64 is measured with numpy: torch calls a BLAS for it, too"
    return None


def _is_one_thread(threads: str) -> str | None:
    if threads == "all" and _all_threads() == 1:
        most, source = topology.most_threads()
        return f"this process may use {most} CPU ({source}), so threads=all is threads=one"
    return None


def _all_threads() -> int:
    return topology.most_threads()[0]


def _limit(dtype: str, threads: str) -> float | None:
    """Return the FLOP/s of the vector units of the cores at work.

    None where matrix units may multiply: those of Arm, for small types, are told of by no set of
    instructions that is looked for, and Apple's by none at all.
    """
    if machine() == "aarch64" and (sys.platform == "darwin" or dtype in ("bf16", "int8")):
        return None
    return limits.core_flops(dtype=dtype, n_threads=1 if threads == "one" else _all_threads())


@workload(
    "simd.gemm",
    params={
        "library": ["numpy", "torch"],
        "dtype": ["f64", "f32", "bf16", "int8"],
        "n": [256, 1024, 2048],
        "threads": ["one", "all"],
    },
    limit=_limit,
    requires=[_unmeasured, missing, _is_one_thread, lambda n: memory.lacking(3 * 8 * n * n)],
    source="BLAS, level 3: GEMM; Goto and van de Geijn (2008), "
    "Anatomy of high-performance matrix multiplication",
)
def gemm(library: str, dtype: str, n: int, threads: str) -> Iterator[Work]:
    """Throughput of the product of two *n* by *n* matrices by a library.

    Counts 2 n**3 operations, a multiplication and an addition for each product, those of int8 as
    well. *threads* "one" is one thread, "all" one for each CPU that the process may use.
    """
    n_threads = 1 if threads == "one" else _all_threads()
    a, b = _whole_numbers(dtype, n)
    c = _on_a_line(np.zeros((n, n), _RESULT[dtype]))
    c[:] = np.nan if c.dtype.kind == "f" else np.iinfo(c.dtype).max
    with on_threads(library, n_threads):
        _try_out(library, dtype, n)
        blas, n_used = numpy_blas() if library == "numpy" else torch_blas(dtype)
        if n_used > n_threads:
            raise Unsupported(f"{blas}: its threads cannot be limited to {n_threads}")
        its_a, its_b = (_on_a_line(_stored(dtype, each)) for each in (a, b))
        multiply = _multiplying(library, dtype, its_a, its_b, c)

        n_cores = _cores(n_used)  # Told now, as nothing is pinned yet.

        def derive(seen: Seen) -> dict[str, Figure]:
            return _figures(blas, dtype, n_cores, seen)

        # No team=: a library's threads look for more work for a while after each call, and probing
        # beside them would drive two of them onto one CPU (41 in place of 95 GFLOP/s).
        yield Work(multiply, flops=2 * n**3, derive=derive)
        require_product(_read(dtype, c), a, b)


def _cores(n_threads: int) -> int:
    """Return the cores that so many threads fill: two hardware threads of a core count once."""
    return min(n_threads, len({min(cpu.siblings(each)) for each in cpu.allowed_cpus()}))


def _figures(blas: str, dtype: str, n_cores: int, seen: Seen) -> dict[str, Figure]:
    """Return what multiplied, and what it reached of the peak of the cores that it used."""
    figures = {"blas": Figure(blas)}
    if seen.cycles is None or dtype == "int8":  # Of int8 the multiply-adders are others.
        return figures
    top = peak.of_this_core(dtype)
    if top is not None:
        flop_per_cycle = top.flop_per_cycle(BITS[dtype]) * n_cores
        figures["fraction_of_peak"] = Figure(1 / (seen.cycles * flop_per_cycle))
    return figures


def _whole_numbers(dtype: str, n: int) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    low, high = _RANGE[dtype]
    random = np.random.default_rng(0)
    a, b = (random.integers(low, high, (n, n), np.int8, endpoint=True) for _ in range(2))
    return a, b


def _stored(dtype: str, matrix: NDArray[np.int8]) -> NDArray[Any]:
    """Return *matrix* as elements of *dtype*; bfloat16 as the upper half of a float32."""
    if dtype == "bf16":
        return (matrix.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return matrix.astype({"f64": np.float64, "f32": np.float32, "int8": np.int8}[dtype])


def _on_a_line(matrix: NDArray[Any]) -> NDArray[Any]:
    """Return a copy that starts on a page: 16 B off a line cost f32 3 % (Zen 4, OpenBLAS)."""
    there = working_memory.allocate(matrix.nbytes, dtype=matrix.dtype).reshape(matrix.shape)
    there[:] = matrix
    return there


def _read(dtype: str, c: NDArray[Any]) -> NDArray[Any]:
    return (c.astype(np.uint32) << 16).view(np.float32) if dtype == "bf16" else c


def _multiplying(
    library: str, dtype: str, a: NDArray[Any], b: NDArray[Any], c: NDArray[Any]
) -> Callable[[], Any]:
    """Return what computes *c* = *a* *b* when it is called."""
    if library == "numpy":
        return lambda: np.matmul(a, b, out=c)
    import torch

    its_a, its_b, its_c = tensors(a, b, c)
    if dtype == "bf16":
        its_a, its_b, its_c = (each.view(torch.bfloat16) for each in (its_a, its_b, its_c))
    if dtype != "int8":
        return lambda: torch.mm(its_a, its_b, out=its_c)
    product = getattr(torch, "_int_mm", None)  # What torch's own quantised layers call.
    if product is None:
        raise Unsupported("this release of torch has no product of int8 matrices (_int_mm)")
    return lambda: product(its_a, its_b, out=its_c)


def _try_out(library: str, dtype: str, n: int) -> None:
    """Start the library's threads, on all CPUs, by a small product.

    Raises:
        Unsupported: if the library has no kernel of *dtype* for this processor, but a loop that
            would take minutes.
    """
    seconds = _trial_s(library, dtype)
    unpin()
    if dtype in ("bf16", "int8") and n > _TRIAL and seconds > 4 * _trial_s(library, "f32"):
        raise Unsupported(
            f"{library} has no fast product of {dtype} on this processor: at n={_TRIAL}, which is "
            f"measured, it takes {seconds * 1e3:.0f} ms, more than four times what f32 takes"
        )


def _trial_s(library: str, dtype: str) -> float:
    ones = _stored(dtype, np.ones((_TRIAL, _TRIAL), np.int8))
    multiply = _multiplying(library, dtype, ones, ones, np.empty(ones.shape, _RESULT[dtype]))
    multiply()  # The first call starts threads and may compile.
    start = time.perf_counter()
    multiply()
    return time.perf_counter() - start
