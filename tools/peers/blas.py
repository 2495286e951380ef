"""The BLAS that numpy calls, for C to call it, too. This module finds its file and its names."""

from __future__ import annotations

import ctypes
from itertools import product

from reference import Blas

# numpy's wheels call OpenBLAS's functions scipy_..., and those that take 64-bit integers ...64_.
PREFIXES = ("scipy_", "")
SUFFIXES = ("64_", "")


def find() -> Blas | None:
    """Return the BLAS of numpy in this process, or None where it is no OpenBLAS.

    It starts its threads while it is loaded, as many as there are CPUs for the calling thread: so
    this comes before anything is pinned.
    """
    import numpy  # noqa: F401  (loads its BLAS)
    from threadpoolctl import threadpool_info

    for library in threadpool_info():
        if library["internal_api"] == "openblas":
            return named(library["filepath"])
    return None


def named(path: str) -> Blas | None:
    """Return the BLAS at *path*, with the names by which it has the functions that are needed."""
    library = ctypes.CDLL(path)
    for prefix, suffix in product(PREFIXES, SUFFIXES):
        names = [
            f"{prefix}{function}{suffix}"
            for function in ("cblas_sgemm", "cblas_dgemm", "openblas_set_num_threads")
        ]
        if all(hasattr(library, name) for name in names):
            return Blas(path, *names)
    return None
