"""The gate's answer for a CI's page of tests. This module writes JUnit's XML.

One case for each series. As the format has no schema of its own, the one that Jenkins and GitLab
read is kept to: testsuites, testsuite, testcase with failure or skipped, system-out.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from hwperf.history.gate import words
from hwperf.history.gate.examine import Inputs
from hwperf.history.gate.findings import Finding, Report
from hwperf.history.gate.formats.structured import name_of

__all__ = ["render"]

# What XML 1.0 cannot hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, inputs: Inputs, width: int) -> str:
    """Return the report as one test suite."""
    of_series = _by_series(report)
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", name="hwperf regress")
    failures = skipped = 0
    for series, could in report.tested:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_text(series.key.benchmark),
            name=_text(f"{name_of(series)}, {series.key.environment}"),
            time="0",
        )
        found = of_series.get(id(series), [])
        failing = [finding for finding in found if finding.fails]
        if failing:
            failures += 1
            first = failing[0]
            failure = ET.SubElement(
                case, "failure", type=first.kind, message=_text(words.sentence(first))
            )
            failure.text = _text("\n".join(_said(finding) for finding in failing))
        elif not could:
            skipped += 1
            ET.SubElement(case, "skipped", message="too few points to judge")
        others = [finding for finding in found if not finding.fails]
        if others:
            said = "\n".join(f"{f.kind} ({f.status}): {_said(f)}" for f in others)
            ET.SubElement(case, "system-out").text = _text(said)
    for element in (suites, suite):
        element.set("tests", str(len(report.tested)))
        element.set("failures", str(failures))
        element.set("errors", "0")
    suite.set("skipped", str(skipped))
    suite.set("time", "0")
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, "unicode") + "\n"


def _by_series(report: Report) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = {}
    for finding in report.findings:
        for member in finding.members:
            found.setdefault(id(member.series), []).append(finding)
    return found


def _said(finding: Finding) -> str:
    return f"{words.sentence(finding)}; at {words.place(finding)}; {finding.id}"


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
