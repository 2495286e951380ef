"""Kernels: the loops that are timed, in numba and LLVM. This package knows nothing of hwperf.

``from hwperf.kernels import stream`` loads neither the module nor numba; the first use of an
attribute does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwperf.kernels.lazy import lazy_module

if TYPE_CHECKING:
    from hwperf.kernels import atomic as atomic
    from hwperf.kernels import blas1 as blas1
    from hwperf.kernels import blocked as blocked
    from hwperf.kernels import branch as branch
    from hwperf.kernels import cache as cache
    from hwperf.kernels import cachedir as cachedir
    from hwperf.kernels import chase as chase
    from hwperf.kernels import clock as clock
    from hwperf.kernels import crew as crew
    from hwperf.kernels import cycle as cycle
    from hwperf.kernels import datagrams as datagrams
    from hwperf.kernels import echo as echo
    from hwperf.kernels import files as files
    from hwperf.kernels import flow as flow
    from hwperf.kernels import fma as fma
    from hwperf.kernels import gate as gate
    from hwperf.kernels import integer as integer
    from hwperf.kernels import io as io
    from hwperf.kernels import jit as jit
    from hwperf.kernels import llvm as llvm
    from hwperf.kernels import message as message
    from hwperf.kernels import mutex as mutex
    from hwperf.kernels import operations as operations
    from hwperf.kernels import pages as pages
    from hwperf.kernels import parallel as parallel
    from hwperf.kernels import pingpong as pingpong
    from hwperf.kernels import plain as plain
    from hwperf.kernels import process as process
    from hwperf.kernels import region as region
    from hwperf.kernels import registers as registers
    from hwperf.kernels import rounding as rounding
    from hwperf.kernels import scattered as scattered
    from hwperf.kernels import shared as shared
    from hwperf.kernels import sockets as sockets
    from hwperf.kernels import splitmix as splitmix
    from hwperf.kernels import stream as stream
    from hwperf.kernels import strided as strided
    from hwperf.kernels import system as system
    from hwperf.kernels import target as target
    from hwperf.kernels import team as team
    from hwperf.kernels import vector as vector
    from hwperf.kernels import zerocopy as zerocopy

__all__ = [
    "atomic",
    "blas1",
    "blocked",
    "branch",
    "cache",
    "cachedir",
    "chase",
    "clock",
    "crew",
    "cycle",
    "datagrams",
    "echo",
    "files",
    "flow",
    "fma",
    "gate",
    "integer",
    "io",
    "jit",
    "llvm",
    "message",
    "mutex",
    "operations",
    "pages",
    "parallel",
    "pingpong",
    "plain",
    "process",
    "region",
    "registers",
    "rounding",
    "scattered",
    "shared",
    "sockets",
    "splitmix",
    "stream",
    "strided",
    "system",
    "target",
    "team",
    "vector",
    "zerocopy",
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
