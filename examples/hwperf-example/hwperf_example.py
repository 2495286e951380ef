"""A workload of one's own: how fast numpy sorts random numbers."""

import numpy as np

from hwperf import CheckFailed, Work, workload


@workload(
    "example.sort",
    params={"n": [10_000, 100_000]},
    metric="rate",
    source="numpy.sort (introsort, or the CPU's vector sort)",
)
def sort(n):
    """Elements per second that numpy sorts, copying them out of random order first."""
    data = np.random.default_rng(seed=0).random(n)
    ordered = np.full(n, np.nan)

    def kernel():
        ordered[:] = data
        ordered.sort()

    yield Work(kernel, ops=n)
    if ordered.tolist() != sorted(data.tolist()):  # NaN differs from everything
        raise CheckFailed("example.sort: the result is not the sorted input")
