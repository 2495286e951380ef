"""The sections on method and raw data. This module says how numbers were made, and lists them."""

from __future__ import annotations

import ast
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hwperf.asv.recorded import Measurement, Run
from hwperf.report.pages import more, written
from hwperf.report.pages.parts import Block, Code, Section, Table, Words, shortened
from hwperf.report.pages.points import Points, number, size
from hwperf.units import format_quantity

__all__ = ["Definitions", "method", "others", "raw"]

Definitions = Mapping[tuple[str, str], Mapping[str, Any]]
"""What ``hwperf.asv.results.definitions_of`` returns: by name and version."""

_DERIVED = {
    "bytes": "nominal bytes of a call / its time",
    "flops": "floating-point operations of a call / its time",
    "ops": "time of a call / its operations, or the inverse for a rate",
}
_LONGEST = 20_000  # Characters of a kernel's source that a page shows.


def method(run: Run, known: Definitions) -> Section:
    """Return how each workload of the run was measured.

    Args:
        run: the run.
        known: the definitions of its benchmarks.
    """
    by_name: dict[str, list[Measurement]] = {}
    for m in run.measurements:
        if m.point.workload is not None and not m.is_tail:
            by_name.setdefault(m.name, []).append(m)
    blocks: list[Block] = [
        Words(
            "Each point: the kernel runs once and its result is checked; samples are taken until "
            "the 99 % interval of their median is narrow enough or the time is up; disturbed "
            "samples are set aside; the result is checked again. A rate above what physics allows "
            "is rejected."
        )
    ]
    for name, measurements in by_name.items():
        first = measurements[0].point
        definition = known.get((first.benchmark, first.version))
        blocks.append(_explained(name, measurements, definition))
    return Section("method", "How each was measured", tuple(blocks))


def _explained(
    name: str, measurements: Sequence[Measurement], definition: Mapping[str, Any] | None
) -> Code:
    words: list[tuple[str, str]] = []
    source = ""
    if definition is None:
        words.append(("Definition", "of a version of the workload that is not kept here any more"))
    else:
        source = str(definition.get("code") or "")[:_LONGEST]
        docstring, cited = _declared(source)
        words.append(("Definition", docstring or str(definition.get("answers") or "not given")))
        if cited:
            words.append(("After", cited))
    documented = written.of(name)
    if "counted" in documented:
        words.append(("Counted", documented["counted"]))
    words += _derivation(measurements)
    if "threats" in documented:
        words.append(("Threats to validity", documented["threats"]))
    words += _threats(measurements)
    return Code(
        shortened(name), words, source, command=f"hwperf measure {shlex.quote(shortened(name))}"
    )


def _declared(source: str) -> tuple[str, str]:
    """Return the docstring and the cited source of a workload, as its text declares them."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "", ""
    function = next((node for node in body if isinstance(node, ast.FunctionDef)), None)
    if function is None:
        return "", ""
    cited = ""
    for decorator in function.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if keyword.arg == "source" and isinstance(keyword.value, ast.Constant):
                cited = str(keyword.value.value)
    return ast.get_docstring(function) or "", cited


def _derivation(measurements: Sequence[Measurement]) -> Iterator[tuple[str, str]]:
    amounts = next((m.record.get("amounts") for m in measurements if m.record.get("amounts")), None)
    if isinstance(amounts, Mapping):
        counted = ", ".join(
            f"{number(n):g} {shortened(name, 20)}" for name, n in amounts.items() if number(n)
        )
        ways = "; ".join(_DERIVED[name] for name in amounts if name in _DERIVED)
        yield "Derivation", f"{ways}. A call of the first point counts {counted}."
    limits = [v for m in measurements if (v := number(m.record.get("limit")))]
    if limits:
        metric = measurements[0].metric
        unit = "op/s" if metric is None or metric.unit == "s" else metric.unit
        yield "Limit", f"what physics allows: at most {format_quantity(max(limits), unit)}"


def _threats(measurements: Sequence[Measurement]) -> Iterator[tuple[str, str]]:
    verdicts = Counter(m.verdict for m in measurements)
    words = ", ".join(f"{n} {verdict}" for verdict, n in verdicts.most_common())
    causes: Counter[str] = Counter()
    for m in measurements:
        found = m.record.get("disturbances")
        for cause, n in found.items() if isinstance(found, Mapping) else ():
            causes[str(cause)] += int(number(n) or 0)
    if causes:
        told = ", ".join(f"{shortened(c, 40)} {n}" for c, n in causes.most_common(4))
        words += f". Disturbed samples: {told}"
    reasons = Counter(m.reason for m in measurements if m.verdict == "noisy" and m.reason)
    if reasons:
        words += f". Noisy: {shortened(reasons.most_common(1)[0][0], 200)}"
    yield "Threats in this run", f"{words}."
    placements = sorted({m.placement for m in measurements if m.placement})
    if placements:
        yield "Placement of threads", ", ".join(shortened(p, 40) for p in placements)


def others(points: Points, drawn: frozenset[str], answers: more.Answers) -> Section | None:
    """Return what no section draws: workloads of plugins, and benchmarks that are not hwperf's.

    Args:
        points: those of the run.
        drawn: the domains that have a section.
        answers: what workloads answer.
    """
    run = points.run
    foreign = [domain for domain in points.domains() if domain not in drawn]
    blocks = more.blocks(points, points.ids(*foreign), (), answers)
    rows = [
        (shortened(m.name), _params(m), _value(m), m.verdict)
        for m in run.measurements
        if m.point.workload is None or (not m.is_tail and m.name.split(".")[0] not in drawn)
    ]
    if not rows:
        return None
    table = Table(("benchmark", "parameters", "value", "verdict"), rows[:1000], csv="others.csv")
    rest = [Words(f"{len(rows) - 1000} more are in the raw data.")] if len(rows) > 1000 else []
    return Section("others", "Other benchmarks", (*blocks, table, *rest))


def raw(run: Run) -> Section:
    """Return every point of the run, and where it is kept."""
    rows = [
        (f"{shortened(m.name)}{' p99' if m.is_tail else ''}", _params(m), _value(m), _interval(m),
         m.verdict, shortened(m.reason, 200))
        for m in run.measurements
    ]  # fmt: skip
    where = f"{run.path.parent.name}/{run.path.name}"
    words = (
        f"asv keeps these numbers in results/{shortened(where, 160)}, as seconds per unit of "
        "work; beside it lies what asv has no slot for."
    )
    headings = ("benchmark", "parameters", "value", "99 % interval", "verdict", "reason")
    table = Table(headings, rows, csv="points.csv", title=f"All {len(rows)} points", is_folded=True)
    return Section("raw", "Raw data", (Words(words), table))


def _params(m: Measurement) -> str:
    return shortened(
        ", ".join(
            f"{shortened(name, 40)}={size(v) if name.endswith('bytes') else shortened(v, 60)}"
            for name, v in m.params.items()
        ),
        200,
    )


def _value(m: Measurement) -> str:
    if m.value is None:
        return "n/a"
    if m.metric is not None:
        return format_quantity(m.value, m.unit)
    return f"{m.value:.6g} {shortened(m.unit, 40)}".strip()


def _interval(m: Measurement) -> str:
    if m.interval is None or m.metric is None:
        return ""
    return " to ".join(format_quantity(each, m.unit) for each in m.interval)
