"""The gate's answer for a pull request. This module writes GitHub-flavoured Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from hwperf.history.gate import words
from hwperf.history.gate.examine import Inputs
from hwperf.history.gate.findings import KINDS, Finding, Report

__all__ = ["render"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~@:.-])")
_MOST = 50  # Rows of one table: a comment has 65,536 characters.


def render(report: Report, inputs: Inputs, width: int) -> str:
    """Return the report as Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    word = {"pass": "Pass", "fail": "Fail", "insufficient": "Too little data"}[report.verdict]
    behind = f" behind `{report.since[:8]}`" if report.since else ""
    yield f"### {word}: {_escaped(report.why)}"
    yield ""
    yield f"{report.n_judged:,} of {report.n_series:,} series judged{behind}."
    for kind, meaning in KINDS.items():
        yield from _table(kind.capitalize(), meaning, report.of(kind, "new", "reopened"))
    for status in ("recovered", "accepted"):
        yield from _table(
            status.capitalize(), "", [f for f in report.findings if f.status == status]
        )
    if report.stale:
        yield from ("", "**Accepted, without effect**", "")
    for entry in report.stale:
        yield f"- `{_code(entry.id)}` {_escaped(entry.bench)}: {_escaped(entry.why)}"
    if report.warnings:
        yield ""
    for warning in report.warnings:
        yield f"> {_escaped(words.clean(warning, 400))}"


def _table(title: str, meaning: str, found: Sequence[Finding]) -> Iterator[str]:
    if not found:
        return
    yield ""
    yield f"**{title}**" + (f" ({meaning})" if meaning else "")
    yield ""
    yield "| benchmark | change | before, after | commit | cause | id |"
    yield "|---|---|---|---|---|---|"
    for finding in found[:_MOST]:
        yield _row(finding)
    if len(found) > _MOST:
        yield ""
        yield f"... and {len(found) - _MOST} more."


def _row(finding: Finding) -> str:
    series, worst = finding.worst.series, finding.worst
    after = "fails" if finding.kind == "failing" else series.words(worst.after)
    cells = [
        f"{_escaped(words.heading(finding))}<br>{_escaped(words.where(finding))}",
        _escaped(words.change(finding)) + _noted(finding),
        f"{_escaped(series.words(worst.before))}<br>{_escaped(after)}",
        f"`{_code(words.place(finding))}`",
        _escaped(finding.cause),
        f"`{_code(finding.id)}`",
    ]
    return f"| {' | '.join(cells)} |"


def _noted(finding: Finding) -> str:
    said = [_escaped(finding.note)] if finding.note else []
    if finding.rerun:
        said.append(f"`{_code(words.clean(finding.rerun, 400))}`")
    return "".join(f"<br>{each}" for each in said)


def _escaped(text: str) -> str:
    """Return *text* so that Markdown and HTML show it as it is."""
    return _SPECIAL.sub(r"\\\1", html.escape(words.clean(text, 400), quote=False))


def _code(text: str) -> str:
    """Return *text* for a code span in a table, in which a backslash does not escape a backtick."""
    return text.replace("`", "'").replace("|", "\\|")
