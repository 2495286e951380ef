"""Kernels: the loops that are timed, in numba and LLVM. This package knows nothing of hwperf.

``from hwperf.kernels import stream`` loads neither the module nor numba; the first use of an
attribute does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwperf.kernels.lazy import lazy_module

if TYPE_CHECKING:
    from hwperf.kernels import blocked as blocked
    from hwperf.kernels import cache as cache
    from hwperf.kernels import cachedir as cachedir
    from hwperf.kernels import chase as chase
    from hwperf.kernels import clock as clock
    from hwperf.kernels import cycle as cycle
    from hwperf.kernels import jit as jit
    from hwperf.kernels import llvm as llvm
    from hwperf.kernels import pages as pages
    from hwperf.kernels import scattered as scattered
    from hwperf.kernels import splitmix as splitmix
    from hwperf.kernels import stream as stream
    from hwperf.kernels import strided as strided
    from hwperf.kernels import target as target
    from hwperf.kernels import vector as vector

__all__ = [
    "blocked",
    "cache",
    "cachedir",
    "chase",
    "clock",
    "cycle",
    "jit",
    "llvm",
    "pages",
    "scattered",
    "splitmix",
    "stream",
    "strided",
    "target",
    "vector",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = lazy_module(f"{__name__}.{name}")
        globals()[name] = module
        return module


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
