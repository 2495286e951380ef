"""STREAM on the device: what its memory gives to simple loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hwperf import Work, workload
from hwperf.checks import require_equal
from hwperf.devices.encodings import decode, encode
from hwperf.devices.kernels import DTYPES
from hwperf.domains.transfer import bounds
from hwperf.domains.transfer.computed import Computed, put
from hwperf.domains.transfer.session import beyond_cache, device_of_point, lacking, require_room
from hwperf.domains.transfer.terms import TERMS

__all__ = ["stream"]

_SCALAR = 3.0
_ARRAYS = {"copy": 2, "scale": 2, "add": 3, "triad": 3, "dot": 2}
_PRODUCTS: dict[str, Callable[[Any, Any], Any]] = {
    "copy": lambda a, b: a,
    "scale": lambda a, b: _SCALAR * a,
    "add": lambda a, b: a + b,
    "triad": lambda a, b: a + _SCALAR * b,
    "dot": lambda a, b: np.array([np.dot(a, b)]),
}
# Whole numbers, so that every result is exact: 3 x 2**20 has 22 bits, and sums of 2**24 products of
# numbers up to 8, of either sign, stay below 2**24.
_LARGEST = {"dot": 8}
_LARGEST_ELSE = 2**20


@workload(
    "transfer.stream",
    params={"op": list(_ARRAYS), "dtype": ["f32", "f64"]},
    limit=bounds.memory,
    requires=lacking,
    answers="How fast is the device's memory, beside the host's?",
    source="McCalpin, STREAM; Deakin et al. (2018), BabelStream",
)
def stream(op: str, dtype: str) -> Iterator[Work]:
    """Bandwidth of a loop over arrays in the device's memory, each four times its cache or more.

    Counts the bytes of the arrays that are read and written, each once, as STREAM does. Copy:
    c = a; scale: b = 3 c; add: c = a + b; triad: a = b + 3 c; dot: the sum of a b.
    """
    with device_of_point() as device:
        nbytes = beyond_cache(device)
        n = nbytes // DTYPES[dtype]
        require_room(device, 3 * nbytes, nbytes + 4 * 8 * n)
        rng = np.random.default_rng(0)
        largest = _LARGEST.get(op, _LARGEST_ELSE)
        first, second = (rng.integers(-largest, largest + 1, n).astype(float) for _ in range(2))
        n_inputs = 1 if op in ("copy", "scale") else 2
        inputs = [put(device, encode(each, dtype)) for each in (first, second)[:n_inputs]]
        scalar = {"scalar": _SCALAR} if op in ("scale", "triad") else {}
        should = _PRODUCTS[op](first, second)
        computed = Computed(
            device,
            DTYPES[dtype] if op == "dot" else nbytes,
            lambda out: device.kernel(op, [out, *inputs], n=n, dtype=dtype, **scalar),
            lambda written: require_equal(decode(written, dtype), should),
        )
        yield Work(
            computed.run,
            clock=computed.watch.clock,
            derive=computed.figures,
            bytes=_ARRAYS[op] * nbytes * computed.n,
            **TERMS,
        )
        computed.check()
