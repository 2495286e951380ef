"""The gate's answer for a terminal. This module lays it out in lines."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from hwperf.history.gate import words
from hwperf.history.gate.examine import Inputs
from hwperf.history.gate.findings import KINDS, Finding, Report

__all__ = ["render"]

_MOST = {"possible": 10, "improvement": 5, "drift": 10, "placement": 10}
"""Findings of a kind that are shown; of those that fail, all."""
_MOST_COMMITS = 5
_INDENT = 12


def render(report: Report, inputs: Inputs, width: int) -> str:
    """Return the report in lines of at most *width* columns, where words allow it."""
    return "\n".join(_lines(report, width)) + "\n"


def _lines(report: Report, width: int) -> Iterator[str]:
    word = {"pass": "PASS", "fail": "FAIL", "insufficient": "TOO LITTLE DATA"}[report.verdict]
    behind = f", behind {report.since[:8]}" if report.since else ""
    counted = f"{report.n_judged:,} of {report.n_series:,} series judged{behind}"
    yield from _wrapped(f"{word}: {report.why} ({counted})", width, 0, 6)
    yield from _together(report, width)
    open_findings = [f for f in report.findings if f.status in ("new", "reopened")]
    for kind in KINDS:
        found = [f for f in open_findings if f.kind == kind]
        shown = found[: max(_MOST.get(kind, len(found)), sum(f.fails for f in found))]
        for finding in shown:
            yield ""
            yield from _finding(finding, width)
        if len(found) > len(shown):
            yield f"{'':{_INDENT}}... and {len(found) - len(shown)} more of kind {kind}"
    for status in ("recovered", "accepted"):
        yield from _briefly(status, [f for f in report.findings if f.status == status], width)
    if report.stale:
        yield ""
    for entry in report.stale:
        told = f"accepted {entry.id} ({words.clean(entry.bench, 60)}) has no effect: {entry.why}"
        yield from _wrapped(told, width, 0, 2)
    for warning in report.warnings:
        yield ""
        yield from _wrapped(f"note: {words.clean(warning, 400)}", width, 0, 6)


def _together(report: Report, width: int) -> Iterator[str]:
    """Yield which commits have several of the findings that fail: one cause, most likely."""
    counts = Counter(f.commit for f in report.findings if f.fails)
    many = [(commit, n) for commit, n in counts.most_common(_MOST_COMMITS) if n > 1]
    if many:
        told = ", ".join(f"{n} at {commit[:8]}" for commit, n in many)
        yield from _wrapped(f"of these: {told}", width, 6, 0)


def _finding(finding: Finding, width: int) -> Iterator[str]:
    first, *rest = _wrapped(words.heading(finding), width, _INDENT, 2)
    yield f"{finding.kind:<{_INDENT - 1}} {first.strip()}"
    yield from rest
    about = [words.sentence(finding), f"at {words.place(finding)} on {words.where(finding)}"]
    said = words.standing(finding)
    about += [said] if said else []
    is_mild = not finding.fails and finding.kind not in ("improvement", "placement")
    about += [f"{finding.id}" + (" (does not fail)" if is_mild else "")]
    for each in about:
        yield from _wrapped(each, width, _INDENT, 2)
    if finding.rerun:
        yield f"{'':{_INDENT}}measure again: {words.clean(finding.rerun, 400)}"


def _briefly(status: str, found: Sequence[Finding], width: int) -> Iterator[str]:
    if not found:
        return
    yield ""
    for finding in found:
        head = f"{words.heading(finding)}: {words.sentence(finding)}"
        first, *rest = _wrapped(f"{head}, at {words.place(finding)}", width, _INDENT, 2)
        yield f"{status:<{_INDENT - 1}} {first.strip()}"
        yield from rest
        yield from _wrapped(f"{words.standing(finding)}; {finding.id}", width, _INDENT, 2)


def _wrapped(text: str, width: int, indent: int, hanging: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
        break_long_words=False,
    ) or [""]
