"""The gate's answer for code scanning. This module writes SARIF 2.1.0.

GitHub refuses a result without a location, so each points at its benchmark's line, or at asv's
configuration.

Source: OASIS, Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from hwperf.history.gate import words
from hwperf.history.gate.examine import Inputs
from hwperf.history.gate.findings import Finding, Report
from hwperf.history.gate.formats.structured import version_of_hwperf
from hwperf.history.gate.location import location_of

__all__ = ["RULES", "render"]

RULES = {
    "HWP001": ("code-regression", "The code became slower."),
    "HWP002": ("mixed-regression", "The code and the machine became slower."),
    "HWP003": ("machine-regression", "The machine became slower."),
    "HWP004": ("drift", "A benchmark became slower, little by little."),
    "HWP005": ("unattributed-regression", "A benchmark became slower; the cause cannot be told."),
    "HWP006": ("possible-regression", "The newest points are slower; measure again."),
    "HWP007": ("failing-benchmark", "A benchmark that was measured before fails."),
}
"""Each rule: its name, and what it says."""

_OF_CAUSE = {"code": "HWP001", "mixed": "HWP002", "machine": "HWP003", "unclear": "HWP005"}
_OF_KIND = {"drift": "HWP004", "possible": "HWP006", "failing": "HWP007"}


def render(report: Report, inputs: Inputs, width: int) -> str:
    """Return the open findings that are worse as one SARIF log."""
    shown = [f for f in report.findings if f.status in ("new", "reopened") and _rule(f)]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver()},
                "columnKind": "utf16CodeUnits",
                "results": [_result(finding, inputs) for finding in shown],
            }
        ],
    }
    return json.dumps(log, indent=1, allow_nan=False) + "\n"


def _driver() -> dict[str, Any]:
    return {
        "name": "hwperf",
        "version": version_of_hwperf(),
        "rules": [
            {"id": rule, "name": name, "shortDescription": {"text": text}}
            for rule, (name, text) in RULES.items()
        ],
    }


def _rule(finding: Finding) -> str:
    if finding.kind == "regression":
        return _OF_CAUSE[finding.cause]
    return _OF_KIND.get(finding.kind, "")


def _result(finding: Finding, inputs: Inputs) -> dict[str, Any]:
    key = finding.members[0].series.key
    place = location_of(key.benchmark, inputs.suite_dir, inputs.conf_path)
    level = "error" if finding.fails else "warning" if finding.kind == "regression" else "note"
    return {
        "ruleId": _rule(finding),
        "ruleIndex": list(RULES).index(_rule(finding)),
        "level": level,
        "message": {"text": _message(finding)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(place.file)},
                    "region": {"startLine": place.line},
                }
            }
        ],
        "partialFingerprints": {"hwperfFinding/v1": finding.id},
    }


def _message(finding: Finding) -> str:
    said = [f"{words.heading(finding)}: {words.sentence(finding)}", f"at {words.place(finding)}"]
    said += [each for each in (words.where(finding), words.standing(finding)) if each]
    return "; ".join(said)
