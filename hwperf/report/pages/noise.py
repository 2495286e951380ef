"""The section on noise. This module draws what disturbed the samples, and when."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.history.floor import Floor, Key
from hwperf.report.pages import marks
from hwperf.report.pages import rows as made
from hwperf.report.pages.parts import Block, Chart, Section, Words, shortened
from hwperf.report.pages.points import Points, number, tag

__all__ = ["section"]


_WIDEST = 20.0  # Per cent: what is further out is counted in the last bar.
_STEP = 1.0
_MOST_MARKS = 1500


def section(points: Points, floors: Mapping[Key, Floor]) -> Section:
    """Return the section.

    Args:
        points: those of the run.
        floors: what rounds of the same code differ by, empty where nobody measured it.
    """
    blocks: list[Block] = [Words(_sentence(points.run), "lead")]
    blocks += _repeats(floors)
    blocks += _intervals(points.run)
    blocks += _timeline(points.run)
    blocks += _clock(points.run)
    return Section("noise", "Noise", tuple(blocks))


def _sentence(run: Run) -> str:
    counted = [m for m in run.measurements if m.value is not None]
    disturbed = sum(number(m.record.get("n_disturbed")) or 0.0 for m in counted)
    kept = sum(number(m.record.get("n_samples")) or 0.0 for m in counted)
    if not kept:
        return "The sidecar of this run is not there: nothing is known of what disturbed it."
    share = 100 * disturbed / (disturbed + kept)
    return (
        f"{disturbed:.0f} of {disturbed + kept:.0f} samples ({share:.1f} %) were disturbed; they "
        "are set aside where enough clean ones remain."
    )


def _repeats(floors: Mapping[Key, Floor]) -> Iterator[Block]:
    changes = []
    for floor in floors.values():
        logs = [math.log(v) for v in floor.values if v > 0]
        if len(logs) > 1:
            middle = math.fsum(logs) / len(logs)
            changes += [100 * math.expm1(each - middle) for each in logs]
    if not changes:
        yield Words(
            "No A/A runs are recorded here: hwperf aa measures how much two runs of the same code "
            "differ, which is more than the spread within one run.",
            "missing",
        )
        return
    rows = _bins(changes, -_WIDEST, "rounds")
    yield Chart(
        "noise-aa", "The same code, again and again",
        marks.columns("% from the metric's own mean", "rounds"), rows,
        {"x": "from_percent", "x2": "to_percent", "y": "rounds"},
        caption=f"A/A: {len(changes)} rounds of {len(floors)} metrics. Changes within this are "
        f"noise. The outermost bars hold all that is further out.",
        alt=f"Histogram of {len(changes)} rounds of the same code around their mean.",
    )  # fmt: skip


def _intervals(run: Run) -> Iterator[Block]:
    widths = []
    for m in run.measurements:
        if m.value and m.interval is not None:
            widths.append(50 * (m.interval[1] - m.interval[0]) / m.value)
    if widths:
        yield Chart(
            "noise-intervals", "How well each point is known",
            marks.columns("± % of the value, half of the 99 % interval", "points"),
            _bins(widths, 0.0, "points"), {"x": "from_percent", "x2": "to_percent", "y": "points"},
            caption="Within this one run. Runs at another time differ by more.",
            alt=f"Histogram of the intervals of {len(widths)} points.", is_small=True,
        )  # fmt: skip


def _bins(values: Sequence[float], least: float, word: str) -> list[dict[str, Any]]:
    last = round((_WIDEST - least) / _STEP) - 1
    counted = Counter(min(last, max(0, math.floor((value - least) / _STEP))) for value in values)
    return [
        {"kind": "mark", "x": least + i * _STEP, "x2": least + (i + 1) * _STEP, "low": 0, "y": n,
         "at": f"{least + i * _STEP:g} to {least + (i + 1) * _STEP:g} %",
         "told": f"{n} {word}", "verdict": "ok"}
        for i, n in sorted(counted.items())
    ]  # fmt: skip


def _timeline(run: Run) -> Iterator[Block]:
    rows: list[dict[str, Any]] = []
    for m, minutes in _started(run):
        causes = m.record.get("disturbances")
        n = (number(m.record.get("n_samples")) or 0) + (number(m.record.get("n_disturbed")) or 0)
        for cause, count in causes.items() if isinstance(causes, Mapping) else ():
            share = 100 * (number(count) or 0.0) / n if n else 0.0
            if share > 0:
                words = str(cause).removesuffix("_s").replace("_", " ")
                rows.append(
                    {"kind": "mark", "x": minutes, "y": min(share, 100.0),
                     "label": shortened(words), "series": shortened(m.name.split(".")[0], 30),
                     "at": shortened(m.name), "told": f"{words}: {share:.3g} % of its samples",
                     "verdict": "ok"}
                )  # fmt: skip
    if len(rows) > _MOST_MARKS:  # The smallest are seen least.
        least = sorted((row["y"] for row in rows), reverse=True)[_MOST_MARKS]
        rows = [row for row in rows if row["y"] > least]
    if rows:
        yield Chart(
            "noise-timeline", "What disturbed samples, and when",
            marks.timeline("minutes since the run began"), rows,
            {"x": "minutes", "label": "cause", "y": "percent_of_samples", "at": "workload"},
            caption="Each mark is a point some of whose samples were disturbed; larger: more of "
            "them. A column of marks is something that happened to the machine.",
            alt=f"{len(rows)} disturbances over the time of the run, by cause.",
        )  # fmt: skip
    elif any(tag(m, "started") for m in run.measurements):
        yield Words("Nothing disturbed a sample in this run.")


def _clock(run: Run) -> Iterator[Block]:
    rows = []
    for m, minutes in _started(run):
        clock, low, high = (
            number(tag(m, name)) for name in ("clock_hz", "clock_low_hz", "clock_high_hz")
        )
        if clock:
            rows.append(
                {"kind": "mark", "x": minutes, "y": clock / 1e9, "joined": False,
                 "low": (low or clock) / 1e9, "high": (high or clock) / 1e9,
                 "series": shortened(m.name.split(".")[0], 30), "at": shortened(m.name),
                 "told": f"{clock / 1e9:.3f} GHz", "verdict": "ok"}
            )  # fmt: skip
    if rows:
        yield Chart(
            "noise-clock", "The core's clock over the run",
            marks.curve("minutes since the run began", "GHz", x="linear", y="level",
            height=220), rows,
            {"x": "minutes", "y": "GHz", "low": "GHz_low", "high": "GHz_high", "at": "workload"},
            caption="Measured beside the samples of each point: the median.",
            alt=made.in_words("Clock of the core", rows, "GHz"), is_small=True,
        )  # fmt: skip


def _started(run: Run) -> list[tuple[Measurement, float]]:
    """Return the points with when they began, in minutes since the first of them did."""
    known = [(m, at) for m in run.measurements if (at := number(tag(m, "started")))]
    first = min((at for _, at in known), default=0.0)
    # Points of an earlier run that were kept are not on this time line.
    last_day = max((at for _, at in known), default=0.0) - 86400
    first = min((at for _, at in known if at > last_day), default=first)
    return [(m, (at - first) / 60) for m, at in known if at >= first]
