"""Workloads that no chart of their own section draws. This module draws any, by its parameters.

So those of plugins are seen as well, and those whose chart needs what was not measured.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hwperf.asv.recorded import Measurement
from hwperf.report.pages import marks
from hwperf.report.pages import rows as made
from hwperf.report.pages.parts import Block, Chart, Table, Words, shortened
from hwperf.report.pages.points import UNITS, Points, size, told

__all__ = ["Answers", "blocks"]

Answers = Mapping[str, str]
"""What each workload answers, by its id; one that is not kept is missing."""

_MOST_ROWS = 40  # Of a chart; more are a table.
_MOST_COLOURS = 6
_COLUMNS = {"label": "parameters", "series": "group", "y": "value", "lo": "low_99", "hi": "high_99",
            "verdict": "verdict"}  # fmt: skip
_MOST_CAPTION = 300


def blocks(
    points: Points, ids: Sequence[str], shown: Sequence[Block], answers: Answers
) -> Iterator[Block]:
    """Yield what is missing of a section.

    Args:
        points: those of the run.
        ids: the workloads that belong there.
        shown: what the section has already.
        answers: what workloads answer.
    """
    drawn = {row.get("of") for block in shown if isinstance(block, Chart) for row in block.rows}
    said = " ".join(block.text for block in shown if isinstance(block, Words))
    single, unmeasured = [], []
    for id in ids:
        if id in drawn:
            continue
        found = points.of(id)
        if not found:
            unmeasured.append(id)
        elif len(found) == 1 and not found[0].params:
            single.append(found[0])
        else:
            yield _drawn(id, found, answers)
            yield from points.missing(id, what=shortened(id))
    if single:
        rows = [(shortened(m.name), told(m), _sentence(answers.get(m.name, "")))
                for m in single]  # fmt: skip
        yield Table(("workload", "value (99 % interval)", "what it answers"), rows)
    yield from _unmeasured(points, unmeasured, said)


def _unmeasured(points: Points, ids: Sequence[str], said: str) -> Iterator[Words]:
    """Yield one line for each reason, with every workload that it kept from being measured."""
    by_reason: dict[str, list[str]] = {}
    for id in ids:
        for words in points.missing(id, what=""):
            why = words.text.partition(": ")[2] if words.text.startswith(id) else words.text
            by_reason.setdefault(why, []).append(id)
    for why, names in by_reason.items():
        if why not in said:
            listed = ", ".join(shortened(name) for name in names)
            yield Words(f"{listed}: {why}", "missing")


def _drawn(id: str, found: Sequence[Measurement], answers: Answers) -> Block:
    colour = _colour(found)
    rows = []
    for m in found:
        label = ", ".join(_told(n, v) for n, v in m.params.items() if n != colour) or shortened(id)
        series = _told(colour, m.params.get(colour)) if colour else ""
        at = f"{label}, {series}" if series else label
        rows.append(made.mark(m, at=at, label=label, series=series))
    unit = UNITS[found[0].unit][1]
    direction = "Higher is better." if found[0].higher_is_better else "Lower is better."
    answer = _sentence(answers.get(id, ""))
    name = f"more-{_slug(id)}-{_slug(unit)}"
    if len({row["label"] for row in rows}) > _MOST_ROWS:
        cells = [(row["at"], row["told"], row["verdict"]) for row in rows]
        return Table(("parameters", "value (99 % interval)", "verdict"), cells, csv=f"{name}.csv",
                     title=shortened(id), is_folded=True)  # fmt: skip
    return Chart(
        name, shortened(id), marks.dots(unit, colors=colour is not None), rows,
        {**_COLUMNS, "y": unit}, caption=f"{answer} {direction}".strip(),
        alt=made.in_words(shortened(id), rows, unit), is_small=True,
    )  # fmt: skip


def _sentence(answer: str) -> str:
    """Return the first line of a docstring without its marks, as a sentence."""
    words = shortened(re.sub(r"``|(?<!\w)\*(?=\w)|(?<=\w)\*(?!\w)", "", answer), _MOST_CAPTION)
    return words if not words or words.endswith((".", "?", "!")) else f"{words}."


def _colour(found: Sequence[Measurement]) -> str | None:
    """Return the parameter that has a colour for each value: the one of fewest, of several."""
    values: dict[str, set[str]] = {}
    for m in found:
        for name, value in m.params.items():
            values.setdefault(name, set()).add(repr(value))
    several = {name: len(each) for name, each in values.items() if len(each) > 1}
    if len(several) < 2:
        return None
    name = min(several, key=lambda name: several[name])
    return name if several[name] <= _MOST_COLOURS else None


def _told(name: str, value: Any) -> str:
    if isinstance(value, str):
        return shortened(value.replace("_", " "))
    words = size(value) if name.endswith("bytes") else shortened(value)
    return f"{shortened(name.removesuffix('_bytes').replace('_', ' '), 40)} {words}"


def _slug(name: str) -> str:
    """Return a name that may stand in an address: of another alphabet, a hash."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if re.fullmatch(r"[A-Za-z0-9_./-]{1,60}", name):
        return plain
    return f"{plain[:20]}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:12]}"
