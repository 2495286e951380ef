"""`make history-bench`: hwperf's detector beside others on the same labelled series.

This module makes the sets, runs each detector over them and prints a table in Markdown. Detectors
that need packages run in interpreters that are named with --python; what none of them can run is
listed below the table.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import labelled
import numpy as np
from labelled import Series
from score import REACH, Score
from visible import visible, visible_clean

HERE = Path(__file__).resolve().parent
OURS = "**hwperf steps**"
LATEST = 30  # Points after a step within which it has to be found to count in the delay.
F1_SETS = ("synthetic", "visible", "injected", "patterns")
CLEAN_SETS = ("clean", "visible, clean")
Detect = Callable[[list[list[float]]], tuple[list[list[int]], float]]


def hwperf_steps(series: list[list[float]]) -> tuple[list[list[int]], float]:
    """Return hwperf's steps, and the seconds that they took."""
    from hwperf.history import steps

    before = time.perf_counter()
    found = [[s.index for s in steps(values) if s.kind == "step"] for values in series]
    return found, time.perf_counter() - before


def anchored(python: str, name: str) -> Detect:
    """Return a detector that runs in the interpreter *python*."""

    def detect(series: list[list[float]]) -> tuple[list[list[int]], float]:
        answer = subprocess.run(
            [python, str(HERE / "anchors.py"), name],
            input=json.dumps(series),
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(answer.stdout)
        return told["found"], told["seconds"]

    return detect


def available(pythons: Sequence[str]) -> dict[str, Detect]:
    """Return the detectors that the interpreters can run, hwperf's first."""
    found: dict[str, Detect] = {OURS: hwperf_steps}
    for python in pythons:
        listed = subprocess.run(
            [python, str(HERE / "anchors.py"), "--list"], capture_output=True, text=True, check=True
        )
        for name in json.loads(listed.stdout):
            found.setdefault(name, anchored(python, name))
    return found


def f1(detect: Detect, series: Sequence[Series]) -> Score:
    """Return the score over *series*."""
    score = Score()
    found, _ = detect([each.values.tolist() for each in series])
    for indices, each in zip(found, series, strict=True):
        score.add(indices, each.changes)
    return score


def false_positives(detect: Detect, series: Sequence[Series]) -> tuple[float, float]:
    """Return detections per 1,000 clean points, and the share of the series with any."""
    found, _ = detect([each.values.tolist() for each in series])
    points = sum(each.values.size for each in series)
    flagged = sum(bool(indices) for indices in found)
    return 1000 * sum(map(len, found)) / points, flagged / len(series)


def delay(detect: Detect, series: Sequence[Series]) -> tuple[float, float]:
    """Return the median points that a step must be old to be found, and the share missed."""
    prefixes, owner = [], []
    for number, each in enumerate(series):
        (at,) = each.changes
        for old in range(1, LATEST + 1):
            prefixes.append(each.values[: at + old].tolist())
            owner.append((number, at, old))
    found, _ = detect(prefixes)
    first: dict[int, int] = {}
    for (number, at, old), indices in zip(owner, found, strict=True):
        if any(abs(index - at) <= REACH for index in indices):
            first.setdefault(number, old)
    late = [first.get(number, LATEST) for number in range(len(series))]
    return statistics.median(late), 1 - len(first) / len(series)


def residuals(path: Path) -> list[Any]:
    """Return the recorded series as residuals: log values less a running median of 81 points."""
    found = []
    for values in json.loads(path.read_text(encoding="utf-8")):
        x = np.log(values)
        reach = 40
        level = [np.median(x[max(0, i - reach) : i + reach + 1]) for i in range(x.size)]
        found.append(x - np.array(level))
    return found


def row(name: str, detect: Detect, sets: dict[str, list[Series]]) -> str:
    """Return a detector's line of the table."""
    scores = [f1(detect, sets[each]) for each in F1_SETS]
    shown = [f"{s.f1:.3f} ({s.precision:.2f}/{s.recall:.2f})" for s in scores]
    clean = [false_positives(detect, sets[each]) for each in CLEAN_SETS]
    late, missed = delay(detect, sets["delay"])
    white = np.exp(np.random.default_rng(0).normal(0, 0.01, 1_000)).tolist()
    _, seconds = detect([white] * 3)
    cells = [
        name, *shown, " / ".join(f"{per_thousand:.2f}" for per_thousand, _ in clean),
        " / ".join(f"{flagged:.1%}" for _, flagged in clean), f"{late:g} ({missed:.0%})",
        f"{seconds / 3:.3f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; exits with 0."""
    parser = argparse.ArgumentParser(description="hwperf's detector of steps beside others.")
    parser.add_argument("--python", action="append", default=[], help="an interpreter with anchors")
    parser.add_argument("--seed", type=int, default=labelled.TEST, help="default: the test's")
    parser.add_argument("--per-kind", type=int, default=20, help="series per kind of noise")
    parser.add_argument("--residuals", type=Path, default=HERE / "data" / "timing_noise.json")
    parser.add_argument("--ours", action="store_true", help="hwperf's detector alone")
    options = parser.parse_args(arguments)
    real = residuals(options.residuals)
    count = options.per_kind
    sets = {
        "synthetic": list(labelled.synthetic(options.seed, count)),
        "visible": list(visible(options.seed, count)),
        "injected": list(labelled.injected(options.seed, real, math.ceil(5 * count / len(real)))),
        "patterns": list(labelled.patterns(options.seed, 5 * count)),
        "clean": list(labelled.clean(options.seed, 2 * count)),
        "visible, clean": list(visible_clean(options.seed, 2 * count)),
        "delay": list(labelled.delayed(options.seed, max(3, count // 2))),
    }
    print(
        f"| detector | {' | '.join(f'{each} F1 (P/R)' for each in F1_SETS)} | false positives per "
        "1,000 clean points (of synthetic, visible) | clean series flagged (same) | "
        "delay in points (missed) | s per 1,000 |"
    )
    print(f"|{'---|' * (len(F1_SETS) + 5)}")
    known = {OURS: hwperf_steps} if options.ours else available([sys.executable, *options.python])
    for name, detect in known.items():
        try:
            print(row(name, detect, sets), flush=True)
        except subprocess.CalledProcessError as error:
            last = (error.stderr or "no reason given").strip().splitlines()[-1]
            print(f"{name} failed: {last}", file=sys.stderr)
    if not options.ours:
        from anchors import ANCHORS

        absent = [f"{name} ({needs})" for name, (needs, _) in ANCHORS.items() if name not in known]
        print(f"\nNot run, as no interpreter has the package: {', '.join(absent) or 'none'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
