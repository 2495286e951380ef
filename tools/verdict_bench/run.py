"""How often a verdict is right. This program judges made-up and recorded runs, and counts.

    python tools/verdict_bench/run.py [--cases 40] [--seed 1]

Prints a confusion matrix for each of: two runs without a history, two runs with 40 before them, and
histories of 100. "right" is the true cause, "wrong" the blame of the innocent; "unclear" (can't
tell) and a change that is not told are neither.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from model import HISTORIES, MACHINE, SCENARIOS, Case, History, draw, draw_history, made_series

from hwperf.history.attribution import is_canary
from hwperf.history.attribution.between import between
from hwperf.history.attribution.verdict import throughout
from hwperf.history.series import Series

CAUSES = ("none", "code", "machine", "mixed", "unclear")
NOISES = (0.005, 0.02, 0.05)  # Of a run against another: a quiet server, a desktop, a shared CI.
DATA = Path(__file__).parent / "data" / "recorded.json"
SLOWED = "project.Count.time_count"  # What record.py makes slower.
FELT = 1.1  # Times what it takes in a quiet run: less is what quiet runs differ by.
LONG = 10  # Quiet runs that make a history.
NEAR = 3  # Commits: so near a change counts as found.
NOWHERE = Path("/nonexistent")

Counts = dict[str, Counter[tuple[str, str]]]


def main() -> int:
    """Print the matrices."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=40, help="suites of each kind")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--recorded", type=Path, default=DATA, help="what record.py wrote")
    given = parser.parse_args()
    for title, n_before in (("two runs", 1), ("two runs after 40", 41)):
        print(f"\n{title}\n{_table(_made_up(given.cases, given.seed, n_before))}", flush=True)
    print(
        f"\nhistories of 100\n{_table(_histories(max(1, given.cases // 4), given.seed))}",
        flush=True,
    )
    if given.recorded.is_file():
        sessions = json.loads(given.recorded.read_text(encoding="utf-8"))
        print(f"\nreal runs, two\n{_table(_recorded(sessions))}")
        print(f"\nreal runs after {LONG} and more\n{_table(_recorded_after(sessions))}")
    return 0


def _histories(cases: int, seed: int) -> Counts:
    counts: Counts = {}
    for number, scenario in enumerate(HISTORIES):
        counts[scenario] = Counter()
        for at, noise in enumerate(NOISES):
            for case in range(cases):
                drawn = draw_history(scenario, n=100, noise=noise, seed=(seed, 9, number, at, case))
                counts[scenario].update(_placed(drawn))
    return counts


def _placed(history: History) -> Iterator[tuple[str, str]]:
    """Yield the true and the told cause of each change that is, or is told."""
    findings = throughout(history.series, MACHINE).findings
    for name, truth in history.truth.items():
        told = [f.attribution for f in findings if f.series.key.benchmark == name]
        for index, cause in truth.items():
            near = [each for each in told if abs(each.index - index) <= NEAR]
            yield cause, near[0].cause if near else "none"
            told = [each for each in told if each not in near]
        yield from (("none", each.cause) for each in told)
        if not truth and not told:
            yield "none", "none"


def _made_up(cases: int, seed: int, n_before: int) -> Counts:
    counts: Counts = {}
    for number, scenario in enumerate(SCENARIOS):
        counts[scenario] = Counter()
        for at, noise in enumerate(NOISES):
            for case in range(cases):
                drawn = draw(
                    scenario, n_before=n_before, noise=noise, seed=(seed, number, at, case)
                )
                counts[scenario].update(_judged(drawn))
    return counts


def _judged(case: Case) -> Iterator[tuple[str, str]]:
    commits = case.series[0].commits
    verdict = between(case.series, commits[-2], commits[-1], MACHINE, NOWHERE)
    told = {f.series.key.benchmark: f.attribution.cause for f in verdict.findings}
    for name, truth in case.truth.items():
        yield truth, told.get(name, "none")


Run = Mapping[str, Any]


def _recorded(sessions: Sequence[Sequence[Run]]) -> Counts:
    """Judge each real run against each that was quiet in the same session."""
    counts: Counts = {}
    for runs in sessions:
        quiet = [run for run in runs if run["scenario"] == "quiet"]
        for run in runs:
            for before in quiet:
                if before is not run:
                    found = counts.setdefault(run["scenario"], Counter())
                    found.update(_judged_runs([before, run], quiet))
    return counts


def _recorded_after(sessions: Sequence[Sequence[Run]]) -> Counts:
    """Judge each real run after all others of its session that were quiet, if these are many."""
    counts: Counts = {}
    for runs in sessions:
        quiet = [run for run in runs if run["scenario"] == "quiet"]
        for run in runs if len(quiet) > LONG else []:
            before = [each for each in quiet if each is not run]
            found = counts.setdefault(run["scenario"], Counter())
            found.update(_judged_runs([*before, run], quiet))
    return counts


def _judged_runs(runs: Sequence[Run], quiet: Sequence[Run]) -> Iterator[tuple[str, str]]:
    """Yield the true and the told cause of each benchmark, between the last two of *runs*."""
    series = [_real(name, runs) for name in runs[-1]["points"]]
    commits = series[0].commits
    verdict = between(series, commits[-2], commits[-1], MACHINE, NOWHERE)
    told = {f.series.key.benchmark: f.attribution.cause for f in verdict.findings}
    for name in (each.key.benchmark for each in series if not is_canary(each)):
        yield _truth(runs[-1], quiet, name), told.get(name, "none")


def _truth(run: Run, quiet: Sequence[Run], benchmark: str) -> str:
    """Return whose a change is: of a hog only where the benchmark felt it."""
    if run["scenario"] == "code":
        return "code" if benchmark == SLOWED else "none"
    if run["scenario"] == "quiet":
        return "none"
    usual = median(each["points"][benchmark]["value"] for each in quiet)
    return "machine" if run["points"][benchmark]["value"] > FELT * usual else "none"


def _real(name: str, runs: Sequence[Run]) -> Series:
    points = [run["points"].get(name, {}) for run in runs]
    ends = [point.get("interval") or (math.nan, math.nan) for point in points]
    return made_series(
        name,
        next((point["version"] for point in points if point), ""),
        [point.get("value", math.nan) for point in points],
        [low for low, _ in ends],
        [high for _, high in ends],
        tuple(f"{i:040x}" for i in range(len(runs))),
    )


def _table(counts: Counts) -> str:
    lines = ["| scenario | truth | " + " | ".join(CAUSES) + " | right | wrong |"]
    lines.append("|---" * (len(CAUSES) + 4) + "|")
    total: Counter[tuple[str, str]] = Counter()
    for scenario, found in counts.items():
        total.update(found)
        for truth in sorted({each for each, _ in found}):
            lines.append(_row(scenario, truth, found))
    lines.append(_row("all", "", total))
    return "\n".join(lines)


def _row(scenario: str, truth: str, found: Counter[tuple[str, str]]) -> str:
    here = {pair: count for pair, count in found.items() if truth in ("", pair[0])}
    n = sum(here.values())
    cells = [str(sum(c for (_, told), c in here.items() if told == cause)) for cause in CAUSES]
    right, wrong = _right(here) / n, _wrong(here) / n
    return f"| {scenario} | {truth} | {' | '.join(cells)} | {right:.1%} | {wrong:.1%} |"


def _right(found: Mapping[tuple[str, str], int]) -> int:
    """Count the true causes, and what did not change and is not told."""
    return sum(n for (truth, told), n in found.items() if told == truth)


def _wrong(found: Mapping[tuple[str, str], int]) -> int:
    """Count the wrong blame: the code where it is innocent, the machine for what the code did.

    "both" is wrong for one cause alone. "can't tell" and what is not told blame nobody.
    """
    blame = ("code", "mixed")
    return sum(
        n for (truth, told), n in found.items()
        if (truth != "code" and told in blame) or (truth == "code" and told in ("machine", "mixed"))
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
