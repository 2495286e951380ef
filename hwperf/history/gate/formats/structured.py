"""The gate's answer for programs. This module writes JSON of the schema hwperf.track/1.

Every quantity is what is shown, in base units. docs/reference/track.schema.json defines the keys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hwperf.history.gate.changes import Member
from hwperf.history.gate.examine import Inputs
from hwperf.history.gate.findings import Finding, Report, shown_ratio
from hwperf.history.gate.location import location_of
from hwperf.history.series import Series

__all__ = ["SCHEMA", "record", "render", "version_of_hwperf"]

SCHEMA = "hwperf.track/1"


def render(report: Report, inputs: Inputs, width: int) -> str:
    """Return the report as one JSON object."""
    return json.dumps(record(report, inputs), indent=1, allow_nan=False) + "\n"


def record(report: Report, inputs: Inputs) -> dict[str, Any]:
    """Return the report as JSON's types; what is not finite is None."""
    settings = report.settings
    found = [_finding(finding, inputs) for finding in report.findings]
    return {
        "schema": SCHEMA,
        "tool": {"name": "hwperf", "version": version_of_hwperf()},
        "inputs": {
            "results": report.results,
            "range": {"base": report.since or None, "head": report.head or None},
            "series": report.n_series,
            "points": report.n_points,
            "insufficient": report.n_series - report.n_judged,
        },
        "config": {
            "min_change": settings.min_change,
            "fail_change": settings.fail_change,
            "fdr": settings.fdr,
            "min_points_after": settings.min_points_after,
            "fail_on": list(settings.fail_on),
        },
        "verdict": report.verdict,
        "exit_code": report.exit_code,
        "why": report.why,
        "counts": report.counts,
        "findings": [each for each in found if each["status"] != "accepted"],
        "accepted": [each for each in found if each["status"] == "accepted"],
        "stale_accepts": [
            {"id": each.id, "benchmark": each.bench, "why": each.why} for each in report.stale
        ],
        "warnings": list(report.warnings),
    }


def version_of_hwperf() -> str:
    """Return hwperf's version, "unknown" where it is not installed."""
    try:
        return version("hwperf")
    except PackageNotFoundError:
        return "unknown"


def _finding(finding: Finding, inputs: Inputs) -> dict[str, Any]:
    series = finding.members[0].series
    key = series.key
    place = location_of(key.benchmark, inputs.suite_dir, inputs.conf_path)
    worst = finding.worst
    low, high = finding.change_interval
    return {
        "id": finding.id,
        "kind": finding.kind,
        "status": finding.status,
        "cause": finding.cause,
        "fails": finding.fails,
        "benchmark": key.benchmark,
        "workload": series.workload,
        "params": _common(finding),
        "machine": key.machine,
        "env": key.environment,
        "version": key.version,
        "metric": series.quantity.name if series.quantity else None,
        "unit": series.unit,
        "direction": "higher" if series.higher_is_better else "lower",
        "commit": finding.commit,
        "commit_interval": [finding.after_commit or None, finding.last_commit],
        "index": worst.index,
        "n_before": worst.n_before,
        "n_after": worst.n_after,
        "before": _number(worst.series.shown(worst.before)),
        "after": _number(worst.series.shown(worst.after)),
        "ratio": _number(1 + finding.change),
        "ci95": [_number(1 + low), _number(1 + high)],
        "now": _number(shown_ratio(series, finding.now)),
        "t": _number(finding.statistic),
        "p": finding.p_value,
        "q": finding.q_value,
        "min_change": finding.min_change,
        "fail_change": finding.fail_change,
        "noise_floor": finding.floor,
        "group": finding.group,
        "members": len(finding.members),
        "of": finding.n_group,
        "series": [_member(member) for member in finding.members],
        "location": {"file": place.file, "line": place.line},
        "note": finding.note,
        "evidence": finding.evidence,
        "rerun": finding.rerun,
    }


def _member(member: Member) -> dict[str, Any]:
    series = member.series
    ends = sorted(shown_ratio(series, each) for each in member.interval)
    return {
        "params": dict(series.key.params),
        "index": member.index,
        "before": _number(series.shown(member.before)),
        "after": _number(series.shown(member.after)),
        "ratio": _number(shown_ratio(series, member.ratio)),
        "ci95": [_number(each) for each in ends],
    }


def _common(finding: Finding) -> Mapping[str, str]:
    """Return the parameters that all members share."""
    points = [dict(member.series.key.params) for member in finding.members]
    first = points[0]
    return {n: v for n, v in first.items() if all(point.get(n) == v for point in points)}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def name_of(series: Series) -> str:
    """Return parameters and machine, which name a case of a benchmark."""
    params = ", ".join(f"{name}={value}" for name, value in series.key.params)
    return f"{params}@{series.key.machine}"
