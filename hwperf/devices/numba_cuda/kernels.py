"""The kernels by numba.cuda. This module binds them to memory, ready to be put into a stream.

What each computes is in :mod:`hwperf.devices.kernels`; what each thread does, in ``streaming``,
``reach`` and ``arithmetic``. numba.cuda has no matrix units: gemm is of f32 and f64.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwperf.devices.kernels import KERNELS
from hwperf.devices.numba_cuda.geometry import (
    ELEMENTS,
    LOCAL_ENTRIES,
    ON_DEVICE,
    SIDE,
    WAYS,
    Layout,
)
from hwperf.devices.protocol import Enqueue
from hwperf.errors import Unsupported

__all__ = ["Target", "build", "checksum", "on_pointers"]

_MOST_ROWS_OF_BLOCKS = 65535  # CUDA C++ Programming Guide, "Technical Specifications": gridDim.y
_MOST_THREADS = 1024  # The same: threads per block.
_REAL = {"f32": np.float32, "f64": np.float64}


@dataclass(frozen=True)
class Target:
    """What kernels are built for: the current device.

    Attributes:
        default: numba's stream that stands for None.
        layout: how the threads are laid out.
    """

    default: Any
    layout: Layout = ON_DEVICE

    @property
    def threads(self) -> int:
        return self.layout.threads


@dataclass(frozen=True)
class _Launch:
    name: str
    dtype: str
    blocks: int | tuple[int, int]
    threads: int | tuple[int, int]
    arguments: tuple[Any, ...]


def build(name: str, arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Enqueue:
    """Return the kernel *name* on *arrays* (numba's, of uint8), compiled for the current device.

    Raises:
        Unsupported: if there is none, or none of this type.
        ValueError: if buffers or parameters are not those of the contract.
    """
    if name not in _BUILDERS:
        raise Unsupported(f"numba_cuda: no kernel {name!r}; there are {', '.join(_BUILDERS)}")
    spec = KERNELS[name]
    if set(params) != set(spec.params) or len(arrays) != len(spec.buffers):
        raise ValueError(
            f"numba_cuda: {name} takes {len(spec.buffers)} buffers and "
            f"{', '.join(spec.params) or 'no parameters'}; got {len(arrays)} buffers and "
            f"{', '.join(params) or 'no parameters'}"
        )
    dtype = params.get("dtype", "f32")
    if dtype not in _REAL:
        why = " (matrix units are not reached from numba.cuda)" if name == "gemm" else ""
        raise Unsupported(f"numba_cuda: no {name} of {dtype}{why}; there is f32 and f64")
    return _enqueue(_BUILDERS[name](arrays, params, target), target)


def checksum(array: Any, sums: Any, target: Target) -> Enqueue:
    """Return the kernel that adds the two sums of *array* to *sums*, two uint64.

    Modulo 2**32 they are what :func:`hwperf.devices.checksum.checksum` says.
    """
    n = int(array.size)
    launch = _Launch(
        "checksum", "f32", _rounds(n // 4 + 1, target), target.threads, (sums, array, np.uint64(n))
    )
    return _enqueue((launch,), target)


def on_pointers(
    name: str, pointers: Sequence[tuple[int, int]], stream_handle: int, **params: Any
) -> Enqueue:
    """Return the kernel *name* on memory of another library, such as tensors of torch.

    Args:
        name: in :mod:`hwperf.devices.kernels`.
        pointers: (address on the device, bytes) of each buffer, in the contract's order. They lie
            on the calling thread's current CUDA device, and the caller keeps them.
        stream_handle: CUDA's handle of the stream that the kernel goes into; 0 is the default one.
        **params: the parameters of the contract.

    Returns:
        A function of one argument: None, or the handle of another stream.

    Raises:
        Unsupported: where numba.cuda has no driver or no compiler, with the reason, or no such
            kernel.
    """
    from numba import cuda
    from numba.core import config

    if config.ENABLE_CUDASIM:
        raise Unsupported("numba.cuda: its simulator does not reach the memory of other libraries")
    if not cuda.is_available():
        said = " ".join(str(cuda.cuda_error() or "libNVVM, its compiler, is not found").split())
        raise Unsupported(f"numba.cuda: {said}")
    arrays = [
        cuda.as_cuda_array(_Foreign(address, nbytes), sync=False) for address, nbytes in pointers
    ]
    put = build(name, arrays, params, Target(None))
    streams: dict[int, Any] = {}

    def enqueue(stream: Any = None) -> None:
        handle = stream_handle if stream is None else int(stream)
        if handle not in streams:
            streams[handle] = cuda.external_stream(handle)
        put(streams[handle])

    return enqueue


@dataclass(frozen=True)
class _Foreign:
    """Memory as numba takes it from others. Source: numba, "CUDA Array Interface (Version 3)"."""

    address: int
    nbytes: int

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {
            "shape": (self.nbytes,), "typestr": "|u1", "data": (self.address, False),
            "strides": None, "version": 3,
        }  # fmt: skip


def _enqueue(launches: Sequence[_Launch], target: Target) -> Enqueue:
    from hwperf.devices.numba_cuda.compiled import compiled

    kernels = [(compiled(each.name, each.dtype, target.layout), each) for each in launches]

    def configured(stream: Any) -> list[tuple[Any, tuple[Any, ...]]]:
        with warnings.catch_warnings():
            # That a few blocks do not fill the device is what is measured.
            warnings.filterwarnings("ignore", message="Grid size")
            return [(kernel[each.blocks, each.threads, stream], each.arguments)
                    for kernel, each in kernels]  # fmt: skip

    ready: dict[Any, list[tuple[Any, tuple[Any, ...]]]] = {}

    def enqueue(stream: Any = None) -> None:
        where = target.default if stream is None else stream
        if where not in ready:
            ready[where] = configured(where)
        for run, arguments in ready[where]:
            run(*arguments)

    return enqueue


def _typed(array: Any, n: int, dtype: Any) -> Any:
    """Return the first *n* elements of *array* as *dtype*."""
    nbytes = n * np.dtype(dtype).itemsize
    if n < 1 or nbytes > array.size:
        raise ValueError(f"numba_cuda: {n} elements take {nbytes} B, the buffer has {array.size} B")
    return array[:nbytes].view(dtype)


def _up(n: int, part: int) -> int:
    return -(-n // part)


def _rounds(n: int, target: Target) -> int:
    """Return how many blocks share *n* elements, each thread going round."""
    return max(1, min(target.layout.blocks, _up(n, target.threads)))


def _stream_kernel(name: str) -> Callable[[Sequence[Any], Mapping[str, Any], Target], Any]:
    def build(arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Any:
        n, real = int(params["n"]), _REAL[params["dtype"]]
        scalar = (real(params["scalar"]),) if "scalar" in params else ()
        arguments = (*(_typed(each, n, real) for each in arrays), np.uint64(n), *scalar)
        blocks = _up(n, ELEMENTS * target.threads)
        return (_Launch(name, params["dtype"], blocks, target.threads, arguments),)

    return build


def _dot(arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Any:
    from numba import cuda

    n, dtype = int(params["n"]), params["dtype"]
    a, b = (_typed(each, n, _REAL[dtype]) for each in arrays[1:])
    out = _typed(arrays[0], 1, _REAL[dtype])
    blocks = _rounds(_up(n, ELEMENTS), target)
    sums = cuda.device_array(blocks, _REAL[dtype])
    return (
        _Launch("dot", dtype, blocks, target.threads, (sums, a, b, np.uint64(n))),
        _Launch("total", dtype, 1, target.threads, (out, sums, np.uint64(blocks))),
    )


def _gemm(arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Any:
    n, dtype = int(params["n"]), params["dtype"]
    matrices = tuple(_typed(each, n * n, _REAL[dtype]).reshape(n, n) for each in arrays)
    blocks = _up(n, SIDE * target.layout.each)
    arguments = (*matrices, np.int32(n))
    return (_Launch("gemm", dtype, (blocks, blocks), (SIDE, SIDE), arguments),)


def _count(arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Any:
    return (_Launch("count", "f32", 1, 1, (_typed(arrays[0], 1, np.int32),)),)


def _chase(arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Any:
    n, steps, where = int(params["n"]), int(params["steps"]), params["where"]
    out, order = _typed(arrays[0], 1, np.uint32), _typed(arrays[1], n, np.uint32)
    if not 0 <= steps < 2**31:
        raise ValueError(f"numba_cuda: steps={steps!r}, expected 0 to 2**31 - 1")
    if where == "global":
        return (_Launch("chase", "f32", 1, 1, (out, order, np.int32(steps))),)
    if where != "local":
        raise ValueError(f"numba_cuda: where={where!r}, expected 'global' or 'local'")
    if n > LOCAL_ENTRIES:
        raise Unsupported(
            f"numba_cuda: a chase in shared memory takes at most {LOCAL_ENTRIES} entries, not {n}"
        )
    arguments = (out, order, np.uint32(n), np.int32(steps))
    return (_Launch("chase_local", "f32", 1, target.threads, arguments),)


def _coalesce(arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Any:
    n, stride = int(params["n"]), int(params["stride"])
    if stride < 1 or n % stride:
        raise ValueError(f"numba_cuda: stride={stride!r} does not divide n={n!r}")
    rows = n // stride
    blocks = (_up(rows, target.threads), min(stride, _MOST_ROWS_OF_BLOCKS))
    buffers = tuple(_typed(each, n, np.float32) for each in arrays)
    arguments = (*buffers, np.uint64(rows), np.uint64(stride))
    return (_Launch("coalesce", "f32", blocks, target.threads, arguments),)


def _diverge(arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Any:
    n, ways, rounds = int(params["n"]), int(params["ways"]), int(params["rounds"])
    if not 1 <= ways <= WAYS:
        raise ValueError(f"numba_cuda: ways={ways!r}, expected 1 to {WAYS}")
    arguments = (_typed(arrays[0], n, np.float32), np.uint32(n), np.uint32(ways), np.int32(rounds))
    return (_Launch("diverge", "f32", _up(n, target.threads), target.threads, arguments),)


def _ramp(arrays: Sequence[Any], params: Mapping[str, Any], target: Target) -> Any:
    blocks, threads = int(params["blocks"]), int(params["threads"])
    if blocks < 1 or not 1 <= threads <= _MOST_THREADS:
        raise ValueError(
            f"numba_cuda: blocks={blocks!r} of threads={threads!r}, expected at least 1 block of 1 "
            f"to {_MOST_THREADS} threads"
        )
    out = _typed(arrays[0], blocks * threads, np.float32)
    arguments = (out, np.int64(params["rounds"]), *(np.float32(0),) * 4)
    return (_Launch("ramp", "f32", blocks, threads, arguments),)


_BUILDERS: Mapping[str, Callable[[Sequence[Any], Mapping[str, Any], Target], Any]] = {
    "count": _count, "copy": _stream_kernel("copy"), "scale": _stream_kernel("scale"),
    "add": _stream_kernel("add"), "triad": _stream_kernel("triad"), "dot": _dot, "gemm": _gemm,
    "chase": _chase, "coalesce": _coalesce, "diverge": _diverge, "ramp": _ramp,
}  # fmt: skip
