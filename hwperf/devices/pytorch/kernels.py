"""The kernels by torch. This module builds them out of torch's own operations.

What torch has no operation for (dependent loads, branches of threads, blocks) is numba.cuda's, on
the same memory, where the device is NVIDIA's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import torch

from hwperf.devices.kernels import DTYPES, ROUNDED
from hwperf.errors import Unsupported

__all__ = ["build"]

Params = Mapping[str, Any]
Tensors = Sequence[Any]
Plain = Callable[[], Any]

_TYPES: Mapping[str, Any] = {
    "f64": torch.float64, "f32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16,
    "f16": torch.float16, "fp8": torch.float8_e4m3fn, "int8": torch.int8, "int32": torch.int32,
}  # fmt: skip

_BY_NUMBA = ("chase", "coalesce", "diverge", "ramp")
_TF32_FROM = (8, 0)  # Compute capability: NVIDIA Ampere architecture whitepaper (2020).
_TRIAL = 64  # Elements, or rows of a matrix: what works on a few works on many.


def build(name: str, tensors: Tensors, params: Params, device: Any) -> Callable[[Any], None]:
    """Return the kernel *name* on *tensors* of uint8, tried out.

    Raises:
        Unsupported: if torch has none, or none of this type on this device; it says which.
    """
    if name in _BY_NUMBA:
        return _by_numba(name, tensors, params, device)
    if name not in _BUILDERS:
        raise Unsupported(f"torch has no kernel {name!r}")
    if name == "count":
        run = _BUILDERS[name](tensors, params)
    else:
        dtype = params["dtype"]
        _try(name, dtype, device)
        run = _BUILDERS[name](tensors, params)

    def enqueue(stream: Any) -> None:
        run()

    return enqueue


def _view(tensor: Any, n: int, dtype: str) -> Any:
    size = 4 if dtype == "int32" else DTYPES[dtype]
    return tensor[: n * size].view(_TYPES[dtype])


def _count(tensors: Tensors, params: Params) -> Plain:
    counter = tensors[0][:4].view(torch.int32)
    return lambda: counter.add_(1)


def _copy(tensors: Tensors, params: Params) -> Plain:
    c, a = (_view(each, params["n"], params["dtype"]) for each in tensors)
    return lambda: c.copy_(a)


def _scale(tensors: Tensors, params: Params) -> Plain:
    b, c = (_view(each, params["n"], params["dtype"]) for each in tensors)
    scalar = params["scalar"]
    return lambda: torch.mul(c, scalar, out=b)


def _add(tensors: Tensors, params: Params) -> Plain:
    c, a, b = (_view(each, params["n"], params["dtype"]) for each in tensors)
    return lambda: torch.add(a, b, out=c)


def _triad(tensors: Tensors, params: Params) -> Plain:
    a, b, c = (_view(each, params["n"], params["dtype"]) for each in tensors)
    scalar = params["scalar"]
    return lambda: torch.add(b, c, alpha=scalar, out=a)


def _dot(tensors: Tensors, params: Params) -> Plain:
    out = _view(tensors[0], 1, params["dtype"])[0]
    a, b = (_view(each, params["n"], params["dtype"]) for each in tensors[1:])
    return lambda: torch.dot(a, b, out=out)


def _gemm(tensors: Tensors, params: Params) -> Plain:
    n, dtype = params["n"], params["dtype"]
    c = _view(tensors[0], n * n, ROUNDED[dtype]).view(n, n)
    a, columns = (_view(each, n * n, dtype).view(n, n) for each in tensors[1:])
    b = columns.t()
    if dtype == "fp8":
        one = torch.ones((), dtype=torch.float32, device=c.device)
        return lambda: c.copy_(torch._scaled_mm(a, b, one, one, out_dtype=torch.bfloat16))
    if dtype == "int8":
        return lambda: torch._int_mm(a, b, out=c)
    if dtype in ("f32", "tf32"):
        return _with_precision(dtype, lambda: torch.mm(a, b, out=c))
    return lambda: torch.mm(a, b, out=c)


_BUILDERS: Mapping[str, Callable[[Tensors, Params], Plain]] = {
    "count": _count, "copy": _copy, "scale": _scale, "add": _add, "triad": _triad, "dot": _dot,
    "gemm": _gemm,
}  # fmt: skip


def _with_precision(dtype: str, multiply: Plain) -> Plain:
    """Let torch multiply f32 as f32, or as tf32, and leave the setting as it was."""
    setting = torch.backends.cuda.matmul
    name = "fp32_precision" if hasattr(setting, "fp32_precision") else "allow_tf32"
    wanted: Any = {
        "fp32_precision": "tf32" if dtype == "tf32" else "ieee",
        "allow_tf32": dtype == "tf32",
    }[name]

    def run() -> None:
        before = getattr(setting, name)
        setattr(setting, name, wanted)
        try:
            multiply()
        finally:
            setattr(setting, name, before)

    return run


@cache
def _try(name: str, dtype: str, device: Any) -> None:
    """Run the kernel on a few elements.

    Raises:
        Unsupported: if torch refuses.
    """
    if dtype == "tf32" and not _has_tf32(device):
        raise Unsupported(f"torch: no tf32 on {device}; it came with compute capability 8.0")
    small = {"n": _TRIAL, "dtype": dtype, "scalar": 3.0}
    # Elements of the widest type, and of a matrix the square of them.
    count = 8 * _TRIAL * (_TRIAL if name == "gemm" else 1)
    n_buffers = {"copy": 2, "scale": 2}.get(name, 3)
    tensors = [torch.zeros(count, dtype=torch.uint8, device=device) for _ in range(n_buffers)]
    try:
        _BUILDERS[name](tensors, small)()
        if device.type != "cpu":
            torch.accelerator.synchronize(device)
    except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise Unsupported(f"torch: no {name} of {dtype} on {device}: {said}") from error


def _has_tf32(device: Any) -> bool:
    if device.type != "cuda" or torch.version.hip:
        return False
    return bool(torch.cuda.get_device_capability(device) >= _TF32_FROM)


def _by_numba(name: str, tensors: Tensors, params: Params, device: Any) -> Callable[[Any], None]:
    if device.type != "cuda" or torch.version.hip:
        raise Unsupported(
            f"torch has no kernel {name!r} on {device.type}; it takes an NVIDIA GPU with "
            "numba.cuda, or a device of OpenCL"
        )
    from hwperf.devices.numba_cuda.kernels import on_pointers

    where = [(int(each.data_ptr()), int(each.numel())) for each in tensors]

    def enqueue(stream: Any) -> None:
        handle = getattr(stream, "cuda_stream", None)
        if handle not in built:
            current = torch.cuda.current_stream(device).cuda_stream
            built[handle] = on_pointers(name, where, current, **params)
        built[handle](None)

    built: dict[Any, Any] = {}
    enqueue(None)
    return enqueue
