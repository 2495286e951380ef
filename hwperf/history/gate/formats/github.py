"""The gate's answer in a GitHub workflow's log. This module writes annotations.

GitHub shows ten of a level for a step, so the gravest come first and the rest are counted.
"""

from __future__ import annotations

from collections.abc import Iterator

from hwperf.history.gate import words
from hwperf.history.gate.examine import Inputs
from hwperf.history.gate.findings import Finding, Report
from hwperf.history.gate.location import location_of

__all__ = ["render"]

_MOST = 10


def render(report: Report, inputs: Inputs, width: int) -> str:
    """Return one workflow command a line, then the verdict."""
    return "\n".join(_lines(report, inputs)) + "\n"


def _lines(report: Report, inputs: Inputs) -> Iterator[str]:
    left_out = 0
    shown = dict.fromkeys(("error", "warning", "notice"), 0)
    for finding in report.findings:
        level = _level(finding)
        if not level:
            continue
        if shown[level] == _MOST:
            left_out += 1
            continue
        shown[level] += 1
        yield _annotation(finding, level, inputs)
    more = f"; {left_out} more are in the text format" if left_out else ""
    yield f"hwperf regress: {report.verdict}, {_data(report.why)}{more}"


def _level(finding: Finding) -> str:
    if finding.status not in ("new", "reopened") or finding.kind == "improvement":
        return ""
    return "error" if finding.fails else "warning" if finding.kind == "regression" else "notice"


def _annotation(finding: Finding, level: str, inputs: Inputs) -> str:
    key = finding.members[0].series.key
    place = location_of(key.benchmark, inputs.suite_dir, inputs.conf_path)
    title = f"{finding.kind}: {words.heading(finding)}"
    said = [words.sentence(finding), f"at {words.place(finding)}", words.where(finding)]
    said += [each for each in (words.standing(finding), finding.id) if each]
    properties = f"file={_property(place.file)},line={place.line},title={_property(title)}"
    return f"::{level} {properties}::{_data('; '.join(said))}"


def _data(text: str) -> str:
    return words.clean(text, 2000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
