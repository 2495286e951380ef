"""A comparison for people. This module writes it as text and as Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping

from hwperf.asv.recorded import Measurement
from hwperf.cli.layout import wrapped
from hwperf.cli.rounds import as_percent, counted, shortened
from hwperf.history.ab.session import Outcome
from hwperf.history.ab.verdict import ABSENT, Comparison, Row
from hwperf.units import format_duration, format_quantity

__all__ = ["as_markdown", "as_text", "judgement"]

_TITLES: Mapping[str, str] = {
    "broken": "broken: measured at A, fails at B",
    "regression": "regression: B costs more",
    "unclear": "unclear: the machine may have done it",
    "mended": "mended: fails at A, measured at B",
    "improvement": "improvement: B costs less",
    "not judged": "not judged",
}
_MOST_LISTED = 40  # Metrics of a kind; the JSON has all.


def as_text(outcome: Outcome, width: int) -> list[str]:
    """Return *outcome* in lines that fit *width*, names apart."""
    comparison = outcome.comparison
    lines = [f"A  {outcome.a}", f"B  {outcome.b}", _circumstances(outcome)]
    for kind, title in _TITLES.items():
        rows = [row for row in comparison.rows if row.kind == kind and row.reason != ABSENT]
        if not rows:
            continue
        lines += ["", title]
        for row in rows[:_MOST_LISTED]:
            lines += [f"  {shortened(row.name)}", f"    {_numbers(row, outcome)}"]
        if len(rows) > _MOST_LISTED:
            lines.append(f"  and {len(rows) - _MOST_LISTED} more; --format json has all")
    lines += ["", *_same(comparison, width), *_machine(comparison, width)]
    absent = sum(row.reason == ABSENT for row in comparison.rows)
    lines += [f"{ABSENT}: {counted(absent, 'metric')}"] if absent else []
    return [*lines, *wrapped(judgement(outcome), width)]


def as_markdown(outcome: Outcome) -> list[str]:
    """Return *outcome* as a table for a pull request."""
    comparison = outcome.comparison
    lines = [
        f"**{judgement(outcome)}**",
        "",
        f"A = {_code(str(outcome.a))}, B = {_code(str(outcome.b))}; {_circumstances(outcome)}",
        "",
    ]
    rows = [row for row in comparison.rows if row.kind != "same" and row.reason != ABSENT]
    if rows:
        lines += ["| benchmark | | cost | 95 % interval | A | B |", "|---|---|--:|---|--:|--:|"]
    for row in rows[:_MOST_LISTED]:
        before, after = _values(row, outcome)
        change, interval = ("", "")
        if row.ratio is not None:
            change, interval = as_percent(row.ratio.value - 1, sign=True), _interval(row)
        note = f"{row.kind}{f': {_escaped(row.reason)}' if row.reason else ''}"
        lines.append(f"| {_code(row.name)} | {note} | {change} | {interval} | {before} | {after} |")
    if len(rows) > _MOST_LISTED:
        lines.append(f"\nand {len(rows) - _MOST_LISTED} more")
    lines += [""] if rows else []
    return [*lines, *_same(comparison, 10_000), "", *_machine(comparison, 10_000)]


def judgement(outcome: Outcome) -> str:
    """Return the one sentence that the comparison comes to."""
    comparison = outcome.comparison
    worse, broken = len(comparison.of("regression")), len(comparison.of("broken"))
    better, unclear = len(comparison.of("improvement")), len(comparison.of("unclear"))
    judged = [row for row in comparison.rows if row.kind != "not judged"]
    if not judged:
        return "Nothing could be compared."
    parts = [
        f"{count} {word}"
        for count, word in (
            (broken, "broken"), (worse, "worse"), (unclear, "unclear"), (better, "better"),
        )
        if count
    ]  # fmt: skip
    if not parts:
        said = f"No difference in {counted(len(judged), 'metric')}"
    else:
        said = f"B against A, of {counted(len(judged), 'metric')}: {', '.join(parts)}"
    if comparison.missed:
        said += (
            f"; of {len(comparison.missed)} a change of {as_percent(comparison.target)} would not"
            " have been seen"
        )
    return f"{said}."


def _circumstances(outcome: Outcome) -> str:
    end = ", interrupted" if outcome.is_interrupted else ""
    where = f"{outcome.machine}, " if outcome.machine else ""
    return f"{where}{counted(outcome.rounds, 'round')}, {format_duration(outcome.wall_s)}{end}"


def _numbers(row: Row, outcome: Outcome) -> str:
    before, after = _values(row, outcome)
    values = f"{before} -> {after}" if before and after else before or after
    parts = []
    if row.ratio is not None:
        parts.append(f"{as_percent(row.ratio.value - 1, sign=True)} ({_interval(row)})")
    return "  ".join(filter(None, (*parts, values, row.reason)))


def _interval(row: Row) -> str:
    assert row.ratio is not None
    low, high = (as_percent(bound - 1, sign=True) for bound in row.ratio.interval)
    return f"{low} to {high}"


def _values(row: Row, outcome: Outcome) -> tuple[str, str]:
    """Return both values as people read them: a rate where the metric is one."""
    measurement = outcome.measurements.get(row.name)
    return _value(row.before, measurement), _value(row.after, measurement)


def _value(cost: float | None, measurement: Measurement | None) -> str:
    if cost is None or measurement is None or not math.isfinite(cost):
        return ""
    metric = measurement.metric
    if metric is not None:
        return format_quantity(metric.value(cost), metric.unit) if cost > 0 else ""
    unit = {"seconds": "s", "bytes": "B"}.get(measurement.unit)
    return format_quantity(cost, unit) if unit else f"{cost:.4g} {measurement.unit}".strip()


def _same(comparison: Comparison, width: int) -> list[str]:
    rows = comparison.of("same")
    seen = {row.name: row.ratio.seen for row in rows if row.ratio is not None}
    if not rows:
        return []
    said = f"no difference: {counted(len(rows), 'metric')}"
    if seen:
        noisiest = max(seen, key=lambda name: seen[name])
        said += (
            f"; half of them would have shown {as_percent(statistics.median(seen.values()))}"
            f" or less, the noisiest {as_percent(seen[noisiest])} ({shortened(noisiest)})"
        )
    return wrapped(said, width, hanging=2)


def _machine(comparison: Comparison, width: int) -> list[str]:
    """Return what the canaries say."""
    parts = []
    for name, ratio in comparison.canaries.items():
        word = "moved" if name in comparison.moved else "steady"
        reach = as_percent(math.expm1(ratio.reach)) if ratio.reach < 700 else "n/a"
        parts.append(f"{name} {as_percent(ratio.value - 1, sign=True)} +- {reach} ({word})")
    return wrapped(f"machine: {', '.join(parts)}", width, hanging=2) if parts else []


def _code(text: str) -> str:
    """Return *text* as a code span that a table cell can hold."""
    return f"`{shortened(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _escaped(text: str) -> str:
    plain = shortened(text).replace("&", "&amp;").replace("<", "&lt;")
    return plain.replace("|", "\\|")
