"""Kernels of the simulated device. This module computes them with numpy, and says their time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from hwperf.devices.encodings import decode, encode
from hwperf.devices.kernels import DTYPES, ROUNDED
from hwperf.devices.protocol import Bytes
from hwperf.devices.simulated.settings import Settings
from hwperf.errors import Unsupported

__all__ = ["COMPUTED", "seconds"]

Arrays = Sequence[Bytes]
Params = Mapping[str, Any]

# Times the rate of f32, as on devices with matrix units.
_RATES = {"f64": 0.5, "f32": 1.0, "tf32": 8.0, "bf16": 16.0, "f16": 16.0, "fp8": 32.0, "int8": 32.0}

_SECTOR_ELEMENTS = 8  # f32 in the 32 B that memory delivers at least.
_STREAMED = {"copy": 2, "scale": 2, "add": 3, "triad": 3, "dot": 2}  # Arrays that are gone through.


def _elements(data: Bytes, params: Params) -> Any:
    dtype = params["dtype"]
    return decode(data[: params["n"] * DTYPES[dtype]], dtype)


def _store(out: Bytes, values: Any, dtype: str) -> int:
    data = encode(values, dtype)
    out[: data.size] = data
    return data.size


def _count(arrays: Arrays, params: Params) -> int:
    arrays[0][:4].view(np.int32)[0] += 1
    return 4


def _stream(formula: Callable[..., Any]) -> Callable[[Arrays, Params], int]:
    def compute(arrays: Arrays, params: Params) -> int:
        out, *inputs = arrays
        values = [_elements(each, params) for each in inputs]
        return _store(out, formula(params.get("scalar", 1.0), *values), params["dtype"])

    return compute


def _gemm(arrays: Arrays, params: Params) -> int:
    out, a, b = arrays
    n, dtype = params["n"], params["dtype"]
    square = {"dtype": dtype, "n": n * n}
    left, right = (_elements(each, square).reshape(n, n) for each in (a, b))
    return _store(out, left @ right.T, ROUNDED[dtype])


def _chase(arrays: Arrays, params: Params) -> int:
    out, order = arrays[0][:4].view(np.int32), arrays[1].view(np.int32)
    place = 0
    for _ in range(params["steps"]):
        place = int(order[place])
    out[0] = place
    return 4


def _coalesce(arrays: Arrays, params: Params) -> int:
    n = params["n"]
    arrays[0][: 4 * n] = arrays[1][: 4 * n]
    return int(4 * n)


def _diverge(arrays: Arrays, params: Params) -> int:
    n = params["n"]
    x = np.zeros(n, np.float32)
    way = (np.arange(n) % params["ways"] + 1).astype(np.float32)
    for _ in range(min(params["rounds"], 64)):  # A fixed point by then.
        x = x * np.float32(0.5) + way
    return _store(arrays[0], x, "f32")


def _ramp(arrays: Arrays, params: Params) -> int:
    x = np.float32(0)
    for _ in range(min(params["rounds"], 64)):
        x = x * np.float32(0.5) + np.float32(1)
    return _store(arrays[0], np.full(params["blocks"] * params["threads"], 4 * x), "f32")


COMPUTED: Mapping[str, Callable[[Arrays, Params], int]] = {
    "count": _count,
    "copy": _stream(lambda scalar, a: a),
    "scale": _stream(lambda scalar, c: scalar * c),
    "add": _stream(lambda scalar, a, b: a + b),
    "triad": _stream(lambda scalar, b, c: b + scalar * c),
    "dot": _stream(lambda scalar, a, b: np.array([np.dot(a, b)])),
    "gemm": _gemm,
    "chase": _chase,
    "coalesce": _coalesce,
    "diverge": _diverge,
    "ramp": _ramp,
}
"""Every kernel by its name; each changes the first of the arrays, and returns of how many bytes."""


def seconds(name: str, params: Params, told: Settings) -> float:
    """Return how long the device works on a kernel, without what launching it takes.

    Raises:
        Unsupported: if there is no such kernel.
    """
    if name not in COMPUTED:
        raise Unsupported(f"simulated: no kernel {name!r}")
    if name == "count":
        return 0.0
    if name in _STREAMED:
        return float(_STREAMED[name] * params["n"] * DTYPES[params["dtype"]] / told.memory)
    if name == "gemm":
        return float(2 * params["n"] ** 3 / (told.flops * _RATES[params["dtype"]]))
    if name == "chase":
        each = told.global_load if params["where"] == "global" else told.local_load
        return float(params["steps"] * each)
    if name == "coalesce":
        apart = min(params["stride"], _SECTOR_ELEMENTS)
        return float(2 * 4 * params["n"] * apart / told.memory)
    if name == "diverge":
        return float(2 * params["n"] * params["rounds"] * params["ways"] / told.flops)
    # A ramp: each unit does its share of the rate, from as many blocks on as there are units.
    waves = -(-params["blocks"] // int(told.units))
    one_wave = 8 * params["threads"] * params["rounds"] * told.units / told.flops
    return float(waves * one_wave)
