"""Runs as tables for people. This module writes Markdown, one table for each domain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hwperf.asv.recorded import Measurement, Run
from hwperf.report.comparison import wording
from hwperf.report.comparison.markdown import code, escaped
from hwperf.report.export import content

__all__ = ["text"]


def text(runs: Sequence[Run]) -> str:
    """Return one section for each run; text from the files stands in code, where none is active."""
    return "\n".join(line for run in runs for line in _section(run))


def _section(run: Run) -> Iterator[str]:
    when = content.instant(run.measured_at) or "no date"
    yield f"## {code(run.machine)}, {code(run.commit[:12])}, {when}"
    yield ""
    facts = [f"{escaped(name)} {code(value)}" for name, value in run.facts.items() if value]
    yield f"{', '.join(facts)}, environment {code(run.environment)}"
    yield ""
    groups: dict[str, list[Measurement]] = {}
    for each in run.measurements:
        groups.setdefault(each.name.partition(".")[0], []).append(each)
    for group, found in groups.items():
        yield f"### {escaped(group)}"
        yield ""
        yield "| point | value | 99 % interval | verdict |"
        yield "|---|--:|--:|---|"
        for each in found:
            yield _row(each)
        yield ""


def _row(found: Measurement) -> str:
    named = wording.point_name(found.name, found.params, is_tail=found.is_tail)
    interval = found.interval
    between = "" if interval is None else " .. ".join(
        wording.quantity(end, found.unit) for end in interval
    )  # fmt: skip
    verdict = found.verdict if not found.reason else f"{found.verdict}: {found.reason}"
    cells = (wording.quantity(found.value, found.unit), between, wording.plain(verdict))
    return f"| {code(named)} | {' | '.join(map(escaped, cells))} |"
