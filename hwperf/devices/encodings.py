"""Numbers as devices keep them. This module turns float64 into bf16, E4M3 and others, and back.

numpy has neither bf16 nor an 8-bit float, and hwperf needs no library that has. Values are rounded
to the nearest, ties to even, and saturate in E4M3, as the conversions of the frameworks do.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.devices.protocol import Bytes

__all__ = ["decode", "encode"]

Floats: TypeAlias = NDArray[np.float64]

_PLAIN: dict[str, Any] = {
    "f64": np.float64, "f32": np.float32, "tf32": np.float32, "f16": np.float16,
    "int8": np.int8, "int32": np.int32,
}  # fmt: skip

_E4M3_LARGEST = 448.0  # OCP 8-bit Floating Point Specification (2023), table 1: S.1111.110
_E4M3_LEAST_EXPONENT = -6  # Below it lie the subnormal numbers.
_E4M3_BIAS, _E4M3_FRACTION_BITS = 7, 3


def encode(values: Any, dtype: str) -> Bytes:
    """Return *values* in *dtype*, as bytes of shape (count x bytes of an element,)."""
    numbers = np.ascontiguousarray(values, np.float64).reshape(-1)
    if dtype in _PLAIN:
        return numbers.astype(_PLAIN[dtype]).view(np.uint8)
    if dtype == "bf16":
        return _to_bf16(numbers).view(np.uint8)
    if dtype == "fp8":
        return _to_e4m3(numbers)
    raise ValueError(f"{dtype!r} is no type of a device's numbers")


def decode(data: Bytes, dtype: str) -> Floats:
    """Return the numbers that *data* holds in *dtype*, as float64."""
    raw = np.ascontiguousarray(data)
    if dtype in _PLAIN:
        plain: Floats = raw.view(_PLAIN[dtype]).astype(np.float64)
        return plain
    if dtype == "bf16":
        wide = raw.view(np.uint16).astype(np.uint32) << 16
        with np.errstate(invalid="ignore"):  # Some NaN are told as they are widened.
            return wide.view(np.float32).astype(np.float64)
    if dtype == "fp8":
        found: Floats = _E4M3[raw]
        return found
    raise ValueError(f"{dtype!r} is no type of a device's numbers")


def _to_bf16(numbers: Floats) -> NDArray[np.uint16]:
    """Round to the upper half of a float32, ties to even; a NaN stays one."""
    with np.errstate(over="ignore"):  # What is too large for a float32 becomes infinite.
        bits = numbers.astype(np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(numbers), 0x7FC0, rounded).astype(np.uint16)


def _to_e4m3(numbers: Floats) -> Bytes:
    size = np.minimum(np.abs(numbers), _E4M3_LARGEST)
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.floor(np.log2(np.where(size > 0, size, 1.0)))
    exponent = np.maximum(exponent, _E4M3_LEAST_EXPONENT)
    steps = np.rint(size / 2.0 ** (exponent - _E4M3_FRACTION_BITS))  # rint: ties to even.
    rounded = np.minimum(steps * 2.0 ** (exponent - _E4M3_FRACTION_BITS), _E4M3_LARGEST)
    positive = np.searchsorted(_E4M3[:127], np.where(np.isnan(rounded), 0.0, rounded))
    codes = positive | np.where(np.signbit(numbers), 0x80, 0)
    return np.where(np.isnan(numbers), 0x7F, codes).astype(np.uint8)


def _e4m3_table() -> Floats:
    """Return the value of each of the 256 codes."""
    codes = np.arange(256)
    exponent, fraction = (codes >> 3) & 15, codes & 7
    scale = 2.0 ** (np.maximum(exponent, 1) - _E4M3_BIAS - _E4M3_FRACTION_BITS)
    size = (fraction + np.where(exponent > 0, 8, 0)) * scale
    size[(codes & 0x7F) == 0x7F] = np.nan
    table: Floats = np.where(codes & 0x80, -size, size)
    return table


_E4M3 = _e4m3_table()
