"""Matrix products on the device, in the types that learning uses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Unsupported, Work, workload
from hwperf.checks import Floats
from hwperf.devices import Device
from hwperf.devices.encodings import decode, encode
from hwperf.devices.kernels import DTYPES, ROUNDED
from hwperf.devices.protocol import Bytes
from hwperf.domains.transfer import bounds
from hwperf.domains.transfer.computed import Computed, put
from hwperf.domains.transfer.session import device_of_point, lacking, require_room
from hwperf.domains.transfer.terms import TERMS

__all__ = ["gemm"]

# Of the largest element: the type's own rounding, and sums of n terms kept in 32 bits (f64: in 64).
_TOLERANCES = {
    "f32": 1e-5, "tf32": 2e-3, "bf16": 1e-2, "f16": 2e-3, "fp8": 1e-2, "int8": 0.0,
}  # fmt: skip
_WHOLE = 1024  # Up to this size each element is compared with a product of its own.
_ROWS = 64
_TRIAL = 512  # A product of this size says how long a larger one takes.
_LONGEST_S = 2.0  # Of one product: an accelerator of 1 TFLOP/s takes 1.1 s for the largest.
_ROWS_AT_ONCE = 512  # Of a matrix that is decoded: at most 32 MiB.
_INTEGERS = 127
_ELEMENT_BYTES = {**DTYPES, "int32": 4}


@workload(
    "transfer.gemm",
    params={
        "n": [1024, 4096, 8192],
        "dtype": ["f32", "tf32", "bf16", "f16", "fp8", "int8"],
    },
    limit=bounds.flops,
    requires=lacking,
    answers="What does the device compute, beside the host, and what do small types bring?",
    source="Dongarra et al. (1990), Level 3 BLAS; Bekman, ml-engineering, maximum achievable "
    "matmul FLOPS",
)
def gemm(n: int, dtype: str) -> Iterator[Work]:
    """Throughput of C = A B for matrices of *n* x *n* on the device.

    Counts 2 n³ FLOP (of int8: operations). Random normal numbers, as zeros are multiplied faster on
    some devices; of int8 random integers. Products are added up in 32 bits. *dtype* "tf32": f32 in
    memory, multiplied with 10 bits; "fp8": E4M3; its product, like bf16's, is rounded to bf16.
    """
    with device_of_point() as device:
        matrices = _Matrices(device, n, dtype)
        computed = matrices.computed
        yield Work(
            computed.run,
            clock=computed.watch.clock,
            derive=matrices.figures,
            flops=2.0 * n**3 * computed.n,
            **TERMS,
        )
        computed.check()


def _require_pace(device: Device, n: int, dtype: str) -> None:
    """Try a small product where a large one is asked for: a slow device would take minutes.

    Raises:
        Unsupported: if one product of *n* x *n* would take longer than a point has.
    """
    if n <= 2 * _TRIAL:
        return
    size = DTYPES[dtype] * _TRIAL**2
    buffers = [device.alloc(_ELEMENT_BYTES[ROUNDED[dtype]] * _TRIAL**2)]
    buffers += [device.alloc(size) for _ in range(2)]
    for buffer in buffers:
        device.fill(buffer, 0)
    multiply = device.kernel("gemm", buffers, n=_TRIAL, dtype=dtype)
    took = []
    for _ in range(3):  # The first may compile.
        device.sync()
        begin = time.perf_counter()
        multiply(None)
        device.sync()
        took.append(time.perf_counter() - begin)
    expected = min(took) * (n / _TRIAL) ** 3
    if expected > _LONGEST_S:
        raise Unsupported(
            f"one product would take some {expected:.0f} s on {device.info.name} "
            f"(at most {_LONGEST_S:.0f} s); a smaller n is measured"
        )


class _Matrices:
    """A, B and C, and what C should be."""

    def __init__(self, device: Device, n: int, dtype: str) -> None:
        self.n, self.dtype, self.rounded = n, dtype, ROUNDED[dtype]
        size, out_size = DTYPES[dtype] * n * n, _ELEMENT_BYTES[self.rounded] * n * n
        require_room(device, 2 * size + out_size, 4 * size + 2 * out_size)
        _require_pace(device, n, dtype)
        rng = np.random.default_rng(0)
        self.a, self.columns = (self._random(rng) for _ in range(2))
        a, b = put(device, self.a), put(device, self.columns)
        self.error = float("nan")
        self.computed = Computed(
            device,
            out_size,
            lambda out: device.kernel("gemm", [out, a, b], n=n, dtype=dtype),
            self._verify,
            is_exact=dtype == "int8",
        )

    def _random(self, rng: np.random.Generator) -> Bytes:
        """Return a matrix in its own type, made a part at a time."""
        parts = []
        for start in range(0, self.n, _ROWS_AT_ONCE):
            shape = (min(_ROWS_AT_ONCE, self.n - start), self.n)
            if self.dtype == "int8":
                numbers: Any = rng.integers(-_INTEGERS, _INTEGERS + 1, shape)
            else:
                numbers = rng.standard_normal(shape, np.float32)
            parts.append(encode(numbers, self.dtype))
        return np.concatenate(parts)

    def _verify(self, product: Bytes) -> None:
        """Compare C: of small matrices each element, of large ones 64 rows, and each row's sum.

        The sums are of C times a random vector of ones and minus ones, beside A times (B times that
        vector): a wrong element changes the sum of its row (Freivalds 1977).

        Raises:
            CheckFailed: if an element or a sum is further off than the type's rounding.
        """
        n = self.n
        signs = np.random.default_rng(1).choice([-1.0, 1.0], n)
        rows = np.arange(n) if n <= _WHOLE else np.linspace(0, n - 1, _ROWS).astype(int)
        left = np.stack([self._row(self.a, self.dtype, row) for row in rows])
        should = np.empty((len(rows), n))
        of_b = np.zeros(n)
        for start in range(0, n, _ROWS_AT_ONCE):  # Columns of B, which lie in rows.
            columns = self._rows(self.columns, self.dtype, start)
            should[:, start : start + len(columns)] = left @ columns.T
            of_b += signs[start : start + len(columns)] @ columns
        largest = float(np.abs(should).max())
        is_ = np.stack([self._row(product, self.rounded, row) for row in rows])
        self.error = _require_near(is_, should, _TOLERANCES[self.dtype] * largest, "elements")
        self.error /= largest
        # n independent roundings: their sum is off by sqrt(n) of one, of 2**32 sums by some more.
        slack = _TOLERANCES[self.dtype] * largest * max(1.0, np.sqrt(n))
        for start in range(0, n, _ROWS_AT_ONCE):
            part = self._rows(product, self.rounded, start)
            sums = self._rows(self.a, self.dtype, start) @ of_b
            _require_near(part @ signs, sums, slack, f"sums of rows from {start} on")

    def figures(self, seen: Seen) -> dict[str, Figure]:
        return {"error": Figure(self.error, "of the largest"), **self.computed.figures(seen)}

    def _rows(self, data: Bytes, dtype: str, start: int) -> Floats:
        row = self.n * _ELEMENT_BYTES[dtype]
        part = data[start * row : (start + _ROWS_AT_ONCE) * row]
        return decode(part, dtype).reshape(-1, self.n)

    def _row(self, data: Bytes, dtype: str, number: int) -> Floats:
        row = self.n * _ELEMENT_BYTES[dtype]
        return decode(data[number * row : (number + 1) * row], dtype)


def _require_near(actual: Floats, expected: Floats, most: float, what: str) -> float:
    """Return the largest difference.

    Raises:
        CheckFailed: if it is above *most*, or no number.
    """
    off = np.abs(actual - expected)
    largest = float(off.max())
    if not largest <= most:
        n_wrong = int((~(off <= most)).sum())
        raise CheckFailed(
            f"{n_wrong} of {off.size} {what} are off by more than {most:.3g}, the furthest by "
            f"{largest:.3g}"
        )
    return largest
