"""Kernels as numba compiles them. This module finds a kernel's source and signature by its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import cuda

from hwperf.devices.numba_cuda import arithmetic, reach, streaming
from hwperf.devices.numba_cuda.geometry import ON_DEVICE, Layout

__all__ = ["compiled", "names", "signature", "source"]

_MODULES = (streaming, reach, arithmetic)

_REAL: dict[str, Any] = {"f32": np.float32, "f64": np.float64}


def names() -> tuple[str, ...]:
    """Return the names of all kernels, as this package calls them."""
    return tuple(name for module in _MODULES for name in module.SOURCES)


def signature(name: str, dtype: str = "f32") -> str:
    """Return what the kernel *name* takes, for elements of *dtype*, in numba's spelling."""
    found: str = next(m.SIGNATURES[name] for m in _MODULES if name in m.SIGNATURES)
    return found.format(np.dtype(_REAL[dtype]).name)


def source(name: str, dtype: str = "f32") -> Callable[..., None]:
    """Return what each thread of the kernel *name* does, for elements of *dtype*."""
    found = next(m.SOURCES[name] for m in _MODULES if name in m.SOURCES)
    made: Callable[..., None] = found(_REAL[dtype])
    return made


def compiled(name: str, dtype: str, layout: Layout) -> Any:
    """Return the kernel *name* for the current device, ready to be configured."""
    if layout == ON_DEVICE:
        return _compiled(name, dtype)
    # The simulator's kernels remember how they were configured last: each call gets its own.
    made = source(name, dtype) if name != "gemm" else arithmetic.gemm_of(layout.each)(_REAL[dtype])
    return cuda.jit(signature(name, dtype))(made)


@cache
def _compiled(name: str, dtype: str) -> Any:
    """Compile once per process; numba loads it on each further device by itself."""
    return cuda.jit(signature(name, dtype))(source(name, dtype))
