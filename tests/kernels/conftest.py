"""What the tests of kernels share: arrays that start where kernels expect them to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Aligned = Callable[[int], NDArray[np.float64]]


@pytest.fixture
def aligned() -> Aligned:
    """Return a function that makes a page-aligned float64 array of small whole numbers.

    Sums of such numbers are exact in any order.
    """

    def make(nbytes: int) -> NDArray[np.float64]:
        raw = np.empty(nbytes + 4096, dtype=np.uint8)
        start = -raw.ctypes.data % 4096
        array = raw[start : start + nbytes].view(np.float64)
        array[:] = np.arange(array.size) % 977 + 1
        return array

    return make
