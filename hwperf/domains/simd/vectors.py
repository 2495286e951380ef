"""Sweeps over vectors by libraries: axpy, dot and a sum beside our own kernels, and an addition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np

from hwperf import KiB, MiB, Work, limits, workload
from hwperf.checks import POISON, Floats, require_each, require_value
from hwperf.domains.simd.checks import parts, whole_numbers
from hwperf.domains.simd.libraries import missing, on_threads, tensors
from hwperf.host import memory
from hwperf.kernels import blas1, plain, stream

__all__ = ["axpy", "dot", "reduce", "vector_add"]

LIBRARIES = ["numpy", "numba", "torch"]
# Bytes of each array: two of them fit L1 (16 of 32 KiB), L2 (256 of 512 KiB and more), no cache.
SIZES = [8 * KiB, 128 * KiB, 64 * MiB]
# Calls of the library for each of ours, so that ours lasts 0.1 to 0.5 ms in the caches.
CALLS = {8 * KiB: 512, 128 * KiB: 64, 64 * MiB: 1}
KERNEL_BYTES = 16 * MiB  # That our kernel goes through in each array: 0.1 ms and more.
SCALAR = 3.0  # STREAM's

_KERNEL = "hwperf's kernel"


def _lacks_memory(n_arrays: int) -> Callable[[int], str | None]:
    return lambda nbytes: memory.lacking(n_arrays * nbytes)


def _axpy_numpy(x: Floats, y: Floats, n: int) -> None:
    for _ in repeat(None, n):
        y += SCALAR * x


def _axpy_numba(x: Floats, y: Floats, n: int) -> None:
    for _ in repeat(None, n):
        plain.axpy(SCALAR, x, y)


def _axpy_torch(x: Any, y: Any, n: int) -> None:
    for _ in repeat(None, n):
        y.add_(x, alpha=SCALAR)


_AXPY: dict[str, Callable[[Any, Any, int], None]] = {
    "numpy": _axpy_numpy,
    "numba": _axpy_numba,
    "torch": _axpy_torch,
}


@workload(
    "simd.axpy",
    params={"library": LIBRARIES, "nbytes": SIZES},
    limit=limits.copy_bandwidth,
    requires=[missing, _lacks_memory(3)],
    source="BLAS, level 1: DAXPY",
)
def axpy(library: str, nbytes: int) -> Iterator[Work]:
    """Bandwidth of ``y += 3 * x`` by a library, for two float64 arrays of *nbytes* each.

    Counts two loads and one store per element, and two operations. What the library moves beside
    that (numpy writes ``3 * x`` to memory and reads it again) is not counted, its calls are.
    """
    x, y = whole_numbers(nbytes, 97, 89)
    update, (its_x, its_y) = _AXPY[library], _of(library, x, y)
    n_calls, n_passes = CALLS[nbytes], max(1, KERNEL_BYTES // nbytes)
    passes = [0]

    def run() -> None:
        update(its_x, its_y, n_calls)
        passes[0] += n_calls

    def kernel() -> None:
        blas1.axpy(SCALAR, x, y, n_passes)
        passes[0] += n_passes

    with on_threads(library, 1):
        yield Work(
            run,
            bytes=3 * n_calls * nbytes,
            flops=2 * n_calls * x.size,
            against={_KERNEL: Work(kernel, bytes=3 * n_passes * nbytes)},
        )
    require_value(passes[0] > 0, True, "an update was made")
    (before,) = whole_numbers(nbytes, 89)
    require_each(y, lambda part: before[part] + passes[0] * SCALAR * x[part])


def _dot_numpy(x: Floats, y: Floats, n: int) -> float:
    for _ in repeat(None, n):
        result = np.dot(x, y)
    return float(result)


def _dot_numba(x: Floats, y: Floats, n: int) -> float:
    for _ in repeat(None, n):
        result = plain.dot(x, y)
    return result


def _dot_torch(x: Any, y: Any, n: int) -> float:
    for _ in repeat(None, n):
        result = x.dot(y)
    return float(result)


_DOT: dict[str, Callable[[Any, Any, int], float]] = {
    "numpy": _dot_numpy,
    "numba": _dot_numba,
    "torch": _dot_torch,
}


@workload(
    "simd.dot",
    params={"library": LIBRARIES, "nbytes": SIZES},
    limit=limits.load_bandwidth,
    requires=[missing, _lacks_memory(2)],
    source="BLAS, level 1: DDOT",
)
def dot(library: str, nbytes: int) -> Iterator[Work]:
    """Bandwidth of the scalar product of two float64 arrays of *nbytes* each, by a library.

    Counts two loads per element, and two operations. The library's calls are part of the time.
    """
    x, y = whole_numbers(nbytes, 97, 89)
    multiply, (its_x, its_y) = _DOT[library], _of(library, x, y)
    out, own = np.full(1, POISON), np.full(1, POISON)
    n_calls, n_passes = CALLS[nbytes], max(1, KERNEL_BYTES // nbytes)

    def run() -> None:
        out[0] = multiply(its_x, its_y, n_calls)

    with on_threads(library, 1):
        yield Work(
            run,
            bytes=2 * n_calls * nbytes,
            flops=2 * n_calls * x.size,
            against={
                _KERNEL: Work(lambda: blas1.dot(x, y, own, n_passes), bytes=2 * n_passes * nbytes)
            },
        )
    product = sum(
        int((x[part].astype(np.int64) * y[part].astype(np.int64)).sum()) for part in parts(x.size)
    )
    require_value(out[0], product, "scalar product")
    if own[0] != POISON:
        require_value(own[0], n_passes * product, "scalar products of our kernel")


def _sum_numpy(x: Floats, n: int) -> float:
    for _ in repeat(None, n):
        result = x.sum()
    return float(result)


def _sum_numba(x: Floats, n: int) -> float:
    for _ in repeat(None, n):
        result = plain.total(x)
    return result


def _sum_torch(x: Any, n: int) -> float:
    for _ in repeat(None, n):
        result = x.sum()
    return float(result)


_SUM: dict[str, Callable[[Any, int], float]] = {
    "numpy": _sum_numpy,
    "numba": _sum_numba,
    "torch": _sum_torch,
}


@workload(
    "simd.reduce",
    params={"library": LIBRARIES, "nbytes": SIZES},
    limit=limits.load_bandwidth,
    requires=[missing, _lacks_memory(1)],
    source="likwid-bench sum; Higham (1993), The accuracy of floating point summation",
)
def reduce(library: str, nbytes: int) -> Iterator[Work]:
    """Bandwidth of adding up one float64 array of *nbytes*, by a library.

    Counts one load and one operation per element. The library's calls are part of the time.
    """
    (x,) = whole_numbers(nbytes, 97)
    add_up, (its_x,) = _SUM[library], _of(library, x)
    out, own = np.full(1, POISON), np.full(1, POISON)
    n_calls, n_passes = 2 * CALLS[nbytes], max(1, 2 * KERNEL_BYTES // nbytes)

    def run() -> None:
        out[0] = add_up(its_x, n_calls)

    with on_threads(library, 1):
        yield Work(
            run,
            bytes=n_calls * nbytes,
            flops=n_calls * x.size,
            against={_KERNEL: Work(lambda: stream.read(x, own, n_passes), bytes=n_passes * nbytes)},
        )
    total = sum(int(x[part].astype(np.int64).sum()) for part in parts(x.size))
    require_value(out[0], total, "sum")
    if own[0] != POISON:
        require_value(own[0], n_passes * total, "sums of our kernel")


def _add_lists(a: list[float], b: list[float], c: list[float]) -> None:
    for i in range(len(c)):
        c[i] = a[i] + b[i]


def _adding(how: str, a: Any, b: Any, c: Any) -> Callable[[], Any]:
    """Return what adds *a* and *b* into *c* when it is called."""
    if how == "torch":
        import torch

        return partial(torch.add, *tensors(a, b), out=tensors(c)[0])
    adding: dict[str, Callable[..., Any]] = {
        "python": _add_lists,
        "numpy": np.add,
        "numba": plain.add,
    }
    return partial(adding[how], a, b, c)


@workload(
    "simd.vector_add",
    params={
        "how": ["python", "numpy", "numba", "torch"],
        "n": [100, 1000, 10_000, 100_000, 1_000_000],
    },
    requires=lambda how: missing(how),
    limit=limits.loads,
    source="Dive into Deep Learning, section 3.1.2: vectorization for speed",
)
def vector_add(how: str, n: int) -> Iterator[Work]:
    """Time per element of adding two vectors of *n* numbers, by a Python loop or one call.

    Counts elements, each an addition. The result goes to memory that is there already; the loop
    works on lists, the others on float64 arrays, on one thread.
    """
    a = np.arange(n, dtype=np.float64)
    b = 2 * a + 1
    c, numpys = np.full(n, POISON), np.full(n, POISON)
    out: Any = c.tolist() if how == "python" else c
    its_a, its_b = (a.tolist(), b.tolist()) if how == "python" else (a, b)
    add, numpy_add = _adding(how, its_a, its_b, out), _adding("numpy", a, b, numpys)
    n_calls, n_others = _calls(how, n), _calls("numpy", n)

    def run() -> None:
        for _ in repeat(None, n_calls):
            add()

    def run_numpy() -> None:
        for _ in repeat(None, n_others):
            numpy_add()

    others = {} if how == "numpy" else {"numpy": Work(run_numpy, ops=n * n_others)}
    with on_threads(how, 1):
        yield Work(run, ops=n * n_calls, bytes=24 * n * n_calls, against=others)
    require_each(np.asarray(out), lambda part: 3 * a[part] + 1)
    if numpys[0] != POISON:
        require_each(numpys, lambda part: 3 * a[part] + 1)


def _calls(how: str, n: int) -> int:
    """Return the calls that last some 0.15 ms: of a loop at 40 ns, of a library at 0.5 and more."""
    seconds = 40e-9 * n if how == "python" else 0.5e-6 + 0.5e-9 * n
    return max(1, round(0.15e-3 / seconds))


def _of(library: str, *arrays: Floats) -> tuple[Any, ...]:
    """Return *arrays* as *library* takes them."""
    return tensors(*arrays) if library == "torch" else arrays
