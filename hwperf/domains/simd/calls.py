"""What a call costs, from Python, of something that does as good as nothing."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import numpy as np

from hwperf import Work, workload
from hwperf.checks import Floats, require_value
from hwperf.domains.simd.libraries import missing, on_threads, tensors
from hwperf.kernels import plain

__all__ = ["call_overhead"]

# Calls for each of ours, which lasts 0.1 to 0.3 ms then.
CALLS = {
    "python_function": 4096,
    "numpy_ufunc": 512,
    "ctypes": 512,
    "cffi": 512,
    "numba": 1024,
    "torch_op": 256,
}
_LIBRARIES = {"cffi": "cffi", "torch_op": "torch"}


def _has_no_c_library(what: str) -> str | None:
    if what in ("ctypes", "cffi") and sys.platform == "win32":
        return "the C library's functions are not found by name on Windows"
    return None


@workload(
    "simd.call_overhead",
    params={"what": list(CALLS)},
    requires=[_has_no_c_library, lambda what: missing(_LIBRARIES.get(what, ""))],
    source="Behnel et al. (2011), Cython: the best of both worlds; "
    "Dive into Deep Learning, section 13.1: frameworks and the Python frontend",
)
def call_overhead(what: str) -> Iterator[Work]:
    """Time of a call from Python of something that takes a few nanoseconds itself.

    Counts calls, each of which increases a number by 1 or by the least that there is. The loop
    ``for _ in repeat(None, n)`` around them is part of the time.
    """
    done, functions_done, called = np.zeros(1), np.zeros(1), [0]
    run, run_function, n = _caller(what), _caller("python_function"), CALLS[what]
    n_others = CALLS["python_function"]

    def call() -> None:
        called[0] += n
        run(done, n)

    others = {
        "a Python function": Work(lambda: run_function(functions_done, n_others), ops=n_others)
    }
    with on_threads(_LIBRARIES.get(what, ""), 1):
        yield Work(call, ops=n, against={} if what == "python_function" else others)
    require_value(called[0] > 0, True, "a call was made")
    require_value(float(done[0]), float(called[0]), "calls that did their work")


def _caller(what: str) -> Callable[[Floats, int], None]:
    """Return what makes so many calls and adds to an array's element what they have counted."""
    if what in ("ctypes", "cffi"):
        return _by_nextafter(_nextafter_of_ctypes() if what == "ctypes" else _nextafter_of_cffi())
    return {
        "python_function": _call_function,
        "numpy_ufunc": _call_ufunc,
        "numba": _call_numba,
        "torch_op": _call_torch,
    }[what]


def _successor(x: float) -> float:
    return x + 1.0


def _call_function(done: Floats, n: int) -> None:
    x = 0.0
    for _ in repeat(None, n):
        x = _successor(x)
    done[0] += x


def _call_ufunc(done: Floats, n: int) -> None:
    one, add = np.ones(1), np.add
    for _ in repeat(None, n):
        add(done, one, done)


def _call_numba(done: Floats, n: int) -> None:
    x, successor = 0.0, plain.successor
    for _ in repeat(None, n):
        x = successor(x)
    done[0] += x


def _call_torch(done: Floats, n: int) -> None:
    x, one = tensors(done, np.ones(1))
    for _ in repeat(None, n):
        x.add_(one)


def _by_nextafter(nextafter: Callable[[float, float], float]) -> Callable[[Floats, int], None]:
    """Return a caller of the C library's function that gives the next larger float64.

    It takes a few nanoseconds, and from 1 on counts its calls in steps of 2**-52.
    """

    def call(done: Floats, n: int) -> None:
        x = 1.0
        for _ in repeat(None, n):
            x = nextafter(x, 2.0)
        done[0] += (x - 1.0) * 2.0**52

    return call


def _nextafter_of_ctypes() -> Callable[[float, float], float]:
    function: Any = ctypes.CDLL(None).nextafter
    function.argtypes, function.restype = [ctypes.c_double, ctypes.c_double], ctypes.c_double
    found: Callable[[float, float], float] = function
    return found


def _nextafter_of_cffi() -> Callable[[float, float], float]:
    from cffi import FFI

    interface = FFI()
    interface.cdef("double nextafter(double x, double y);")
    found: Callable[[float, float], float] = interface.dlopen(None).nextafter
    return found
