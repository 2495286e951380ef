"""Random numbers for kernels: a function of a counter, the same on every host."""

from __future__ import annotations

from typing import Any

import numpy as np

from hwperf.kernels.jit import kernel


@kernel
def splitmix(counter: Any) -> Any:
    """Return 64 random bits for the uint64 *counter*, as uint64.

    Source: Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators".
    """
    z = (counter + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
