"""How a verdict reads. This module writes it as text, Markdown and JSON."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from typing import Any

from hwperf.canaries.kinds import BY_NAME
from hwperf.history.attribution.cause import Moved
from hwperf.history.attribution.verdict import Finding, Verdict

__all__ = ["SCHEMA", "content", "markdown", "sentence", "text"]

SCHEMA = "hwperf.verdict/1"

WORDS = {"code": "code", "machine": "machine", "mixed": "both", "unclear": "can't tell"}
"""What people read for each cause."""

_LONGEST = 120  # Characters of a name.
_HASH = 8


def sentence(verdict: Verdict) -> str:
    """Return the verdict in one sentence."""
    if not verdict.n_compared:
        where = "in both commits" if verdict.commits else "often enough"
        return f"Too little data: no benchmark was measured {where}."
    of = f"of {verdict.n_compared} benchmark{'s' * (verdict.n_compared != 1)}"
    if not verdict.findings:
        return f"Nothing changed: none {of}."
    changed = len({finding.series.key for finding in verdict.findings})
    parts = []
    for cause, words in (
        ("code", "the code did it"), ("mixed", "code and machine did it"),
        ("machine", "the machine did it"), ("unclear", "nobody can tell"),
    ):  # fmt: skip
        count = verdict.count(cause)
        if count:
            worse = verdict.count(cause, worse=True)
            parts.append(f"{count} where {words} ({worse} for the worse)")
    return f"{changed} {of} changed: {'; '.join(parts)}."


def text(verdict: Verdict, *, width: int = 80) -> str:
    """Return the verdict for a terminal of *width* columns."""
    lines = textwrap.wrap(sentence(verdict), width)
    lines.append(_subject(verdict))
    for note in verdict.notes:
        lines += _wrapped(note, width, 0)
    for finding in verdict.findings:
        lines.append("")
        name = _plain(finding.series.name)
        lines += _wrapped(f"{WORDS[finding.attribution.cause]}: {name}", width, 0)
        lines += _wrapped(f"{_values(finding)}{_at(verdict, finding)}", width, 2)
        lines += _wrapped(_why(finding), width, 2)
        if verdict.commits and finding.attribution.factor:
            lines += _wrapped(_depends(finding), width, 2)
        if not verdict.commits:
            moved = [each for each in finding.attribution.moved if each.is_moved]
            if moved:
                lines += _wrapped(f"moved: {', '.join(map(_canary, moved))}", width, 2)
    if verdict.canaries:
        lines += ["", "canaries (change of the cost, 95 % interval by their own noise)"]
        for environment, each in verdict.canaries:
            lines += _wrapped(f"{_environment(verdict, environment)}{_canary(each)}", width, 2)
    elif verdict.commits and any(f.series.workload is None for f in verdict.findings):
        lines += ["", "no canary was measured in both commits: see docs/howto/canaries.md"]
    if verdict.differences:
        lines += ["", "recorded differences"]
        for difference in verdict.differences:
            told = f"{difference.name}: {difference.before} -> {difference.after}"
            lines += _wrapped(_plain(told), width, 2)
    if verdict.n_missing:
        lines += ["", _missing(verdict)]
    return "\n".join(lines) + "\n"


def markdown(verdict: Verdict) -> str:
    """Return the verdict as GitHub's Markdown."""
    lines = [f"**{sentence(verdict)}**", "", _escaped(_subject(verdict)), ""]
    for note in verdict.notes:
        lines += [_escaped(note), ""]
    if verdict.findings:
        lines += ["| verdict | benchmark | before | after | change (95 %) | why |"]
        lines += ["|---|---|---|---|---|---|"]
    for finding in verdict.findings:
        words = finding.series.words
        cells = (
            WORDS[finding.attribution.cause],
            _plain(finding.series.name) + _at(verdict, finding),
            words(finding.before),
            words(finding.after),
            _change(finding.attribution.ratio, finding.attribution.interval),
            _why(finding),
        )
        lines.append(f"| {' | '.join(map(_escaped, cells))} |")
    if verdict.canaries:
        lines += ["", "| canary | change of the cost (95 %) | |", "|---|---|---|"]
        for environment, each in verdict.canaries:
            name = f"{_environment(verdict, environment)}{_name(each)}"
            moved = "moved" if each.is_moved else ""
            lines.append(f"| {_escaped(name)} | {_change(each.ratio, each.interval)} | {moved} |")
    for difference in verdict.differences:
        told = f"{difference.name}: {difference.before} -> {difference.after}"
        lines += ["", f"Differs: {_escaped(_plain(told))}"]
    if verdict.n_missing:
        lines += ["", _missing(verdict)]
    return "\n".join(lines) + "\n"


def content(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as JSON's types (schema ``hwperf.verdict/1``)."""
    return {
        "schema": SCHEMA,
        "machine": verdict.machine,
        "commits": list(verdict.commits),
        "sentence": sentence(verdict),
        "compared": verdict.n_compared,
        "missing": verdict.n_missing,
        "counts": {cause: verdict.count(cause) for cause in WORDS},
        "findings": [_finding(finding) for finding in verdict.findings],
        "canaries": [
            {"environment": environment, **each.to_json()} for environment, each in verdict.canaries
        ],
        "notes": list(verdict.notes),
        "differences": [
            {"name": each.name, "before": each.before, "after": each.after}
            for each in verdict.differences
        ],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    key = finding.series.key
    return {
        "benchmark": key.benchmark,
        "params": dict(key.params),
        "environment": key.environment,
        "version": key.version,
        "commit": finding.commit,
        "before": finding.before if math.isfinite(finding.before) else None,
        "after": finding.after if math.isfinite(finding.after) else None,
        "is_worse": finding.is_worse,
        **finding.attribution.to_json(),
    }


def _subject(verdict: Verdict) -> str:
    pair = " -> ".join(commit[:_HASH] for commit in verdict.commits)
    return f"machine {_plain(verdict.machine)}, {pair or 'the whole history'}"


def _values(finding: Finding) -> str:
    words = finding.series.words
    told = finding.attribution
    better = "worse" if finding.is_worse else "better"
    change = _change(told.ratio, told.interval)
    shown = f"{words(finding.before)} -> {words(finding.after)}, {better}"
    of = "cost" if finding.series.quantity is not None else "value"
    return f"{shown}; {of} {change}"


def _at(verdict: Verdict, finding: Finding) -> str:
    return "" if verdict.commits else f" at {finding.commit[:_HASH]}"


def _why(finding: Finding) -> str:
    told = finding.attribution
    if told.cause == "mixed":
        return f"{told.reason}; {_percent(told.left_over)} is left over"
    return told.reason


def _depends(finding: Finding) -> str:
    told = finding.attribution
    return f"by its history {told.sensitivity:.0%} of what the {told.factor} does shows in it"


def _canary(each: Moved) -> str:
    moved = ", moved" if each.is_moved else ""
    return f"{_name(each)} {_change(each.ratio, each.interval)}{moved}"


def _name(each: Moved) -> str:
    stem, _, number = each.name.partition("/")
    return BY_NAME[stem].words + (f" ({number})" if number else "") if stem in BY_NAME else stem


def _environment(verdict: Verdict, environment: str) -> str:
    several = len({name for name, _ in verdict.canaries}) > 1
    return f"{_plain(environment)}: " if several else ""


def _change(ratio: float, interval: tuple[float, float]) -> str:
    if not all(map(math.isfinite, (ratio, *interval))):
        return _percent(ratio)
    low, high = map(_percent, interval)
    return f"{_percent(ratio)} ({low} to {high})"


def _percent(ratio: float) -> str:
    if not math.isfinite(ratio):
        return "n/a"
    if ratio >= 3:  # +400 % is harder to read than five times.
        return f"x{ratio:.3g}"
    return f"{100 * (ratio - 1):+.1f} %"


def _missing(verdict: Verdict) -> str:
    where = "in one of the commits only" if verdict.commits else "too seldom"
    return f"{verdict.n_missing} measured {where}, and not judged."


def _wrapped(words: str, width: int, indent: int) -> Iterator[str]:
    yield from textwrap.wrap(
        words, width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2),
        break_on_hyphens=False,
    )  # fmt: skip


def _plain(words: str) -> str:
    """Return *words* on one line, without what steers a terminal, and not without end."""
    shown = "".join(c if c.isprintable() else "?" for c in " ".join(words.split()))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _escaped(words: str) -> str:
    """Return *words* so that neither Markdown nor HTML in them means anything."""
    for char in "\\`*_[]|":
        words = words.replace(char, f"\\{char}")
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
