"""Noise of a real machine. This module times small kernels and keeps lower quartiles.

    python tools/history_bench/record_noise.py > tools/history_bench/data/timing_noise.json

Nothing changes between the points, so all that differs is the machine's doing.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

POINTS = 400
SAMPLES = 12


def kernels() -> dict[str, Callable[[], object]]:
    """Return what is timed, by name: the interpreter, the allocator, memory."""
    rng = np.random.default_rng(0)
    small, large = rng.random(2_000), rng.random(400_000)
    text = b"x" * 200_000
    names = [f"name{i}" for i in range(2_000)]
    return {
        "python loop": lambda: sum(i * i for i in range(8_000)),
        "dict": lambda: {name: len(name) for name in names},
        "allocate": lambda: [bytearray(4096) for _ in range(400)],
        "sort": lambda: np.sort(small),
        "copy": lambda: large.copy(),
        "sum": lambda: float(large.sum()),
        "sha256": lambda: hashlib.sha256(text).digest(),
        "json": lambda: json.dumps(names),
        "gather": lambda: large[::997].sum(),
    }


def main() -> int:
    """Print the lower quartiles in microseconds, by kernel, in turns."""
    timed = kernels()
    found: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(POINTS):
        for name, kernel in timed.items():
            samples = []
            for _ in range(SAMPLES):
                before = time.perf_counter_ns()
                kernel()
                samples.append((time.perf_counter_ns() - before) / 1e3)
            found[name].append(round(statistics.quantiles(samples, n=4)[0], 3))
    json.dump(list(found.values()), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
