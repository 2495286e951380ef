"""Detectors that others use. This module runs one of them on series from standard input.

    python anchors.py --list             the anchors that this interpreter can run, as JSON
    python anchors.py NAME < series.json the indices found, one list per series, as JSON

It needs plain.py and nothing else of hwperf, so that any interpreter can run it: the anchors'
packages ask for versions of numpy that do not go together, and none is a dependency of hwperf.
"""

from __future__ import annotations

import importlib.util
import json
import math
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from plain import moving_sum

Detector = Callable[[list[float]], list[int]]


def asv_steps(values: list[float]) -> list[int]:
    """asv's step detection, as `asv publish` uses it on a graph without weights."""
    from asv import step_detect

    return [int(step[0]) for step in step_detect.detect_steps(values, None)[1:]]


def asv_publish(values: list[float]) -> list[int]:
    """asv's steps of more than 5 %, its threshold for the page of regressions."""
    from asv import step_detect

    steps = step_detect.detect_steps(values, None)
    return [
        int(after[0])
        for before, after in pairwise(steps)
        if abs(math.log(after[2] / before[2])) > math.log(1.05)
    ]


def asv_continuous(values: list[float]) -> list[int]:
    """Two neighbouring commits that differ by more than 1.1, `asv continuous`' default."""
    ratio = np.abs(np.diff(np.log(values)))
    return [int(i) + 1 for i in np.flatnonzero(ratio > math.log(1.1))]


def conbench(values: list[float]) -> list[int]:
    """A value more than 5 standard deviations from the mean of the last 100 (conbench's z)."""
    found = []
    for i in range(10, len(values)):
        past = np.array(values[max(0, i - 100) : i])
        deviation = past.std(ddof=1)
        if deviation > 0 and abs(values[i] - past.mean()) > 5 * deviation:
            found.append(i)
    return found


def t_test(
    values: list[float], back: int = 12, fore: int = 12, threshold: float = 7.0
) -> list[int]:
    """Maxima of Student's t of the 12 points before and after above 7, after Perfherder."""
    y = np.array(values)
    t = np.zeros(y.size)
    for i in range(3, y.size - 2):
        one, two = y[max(0, i - back) : i], y[i : i + fore]
        free = one.size + two.size - 2
        pooled = (((one - one.mean()) ** 2).sum() + ((two - two.mean()) ** 2).sum()) / free
        spread = math.sqrt(pooled * (1 / one.size + 1 / two.size))
        t[i] = abs(one.mean() - two.mean()) / spread if spread > 0 else 0.0
    return [
        i
        for i in range(y.size)
        if t[i] > threshold and t[i] == t[max(0, i - fore) : i + fore].max()
    ]


def _standardised(values: list[float]) -> Any:
    y = np.log(values)
    spread = np.median(np.abs(np.diff(y))) * 1.4826 / math.sqrt(2)
    return (y - np.median(y)) / max(float(spread), 1e-4)


def pelt(values: list[float]) -> list[int]:
    """ruptures' PELT with the l2 cost (in C, as a linear kernel) and the penalty of the BIC."""
    import ruptures

    y = _standardised(values)
    found = ruptures.KernelCPD(kernel="linear", min_size=4).fit(y)
    return [int(i) for i in found.predict(pen=2 * math.log(y.size))[:-1]]


def kernel_cpd(values: list[float]) -> list[int]:
    """ruptures' KernelCPD with radial basis functions, penalty 8."""
    import ruptures

    y = _standardised(values)
    return [int(i) for i in ruptures.KernelCPD(kernel="rbf", min_size=4).fit(y).predict(pen=8)[:-1]]


def e_divisive(values: list[float]) -> list[int]:
    """MongoDB's e-divisive, p 0.01, 100 permutations."""
    from signal_processing_algorithms.energy_statistics import energy_statistics

    np.random.seed(0)  # Its permutations come from numpy's own state.
    return sorted(int(i) for i in energy_statistics.e_divisive(np.log(values), 0.01, 100))


def otava(values: list[float]) -> list[int]:
    """Apache Otava as shipped: windows of 50, p 0.001, any magnitude."""
    from otava.analysis import compute_change_points

    return sorted(int(point.index) for point in compute_change_points(values, 50, 0.001, 0.0)[0])


def changeforest(values: list[float]) -> list[int]:
    """changeforest with its random forest."""
    from changeforest import Control
    from changeforest import changeforest as forest

    y = np.log(values).reshape(-1, 1)
    control = Control(minimal_relative_segment_length=max(0.01, min(0.4, 4 / len(values))))
    return [int(i) for i in forest(y, "random_forest", "bs", control).split_points()]


ANCHORS: dict[str, tuple[str, Detector]] = {
    "asv step detection": ("asv", asv_steps),
    "asv publish at 5 %": ("asv", asv_publish),
    "asv continuous 1.1": ("numpy", asv_continuous),
    "conbench z = 5": ("numpy", conbench),
    "Perfherder t-test": ("numpy", t_test),
    "moving sum, plain": ("numpy", moving_sum),
    "ruptures PELT l2": ("ruptures", pelt),
    "ruptures KernelCPD rbf": ("ruptures", kernel_cpd),
    "MongoDB e-divisive": ("signal_processing_algorithms", e_divisive),
    "Apache Otava": ("otava", otava),
    "changeforest": ("changeforest", changeforest),
}
"""By name: the module that it needs, and the detector."""


def main(arguments: list[str]) -> int:
    """Run the anchor named, or list those that can run here."""
    if arguments == ["--list"]:
        found = [name for name, (needs, _) in ANCHORS.items() if importlib.util.find_spec(needs)]
        print(json.dumps(found))
        return 0
    if len(arguments) != 1 or arguments[0] not in ANCHORS:
        print(f"name one of: {', '.join(ANCHORS)}", file=sys.stderr)
        return 2
    detector = ANCHORS[arguments[0]][1]
    series = json.load(sys.stdin)
    detector(series[0])  # Imports, and compiles where it does.
    before = time.perf_counter()
    found_in = [detector(values) for values in series]
    json.dump({"found": found_in, "seconds": time.perf_counter() - before}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
