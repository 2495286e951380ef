"""Runs as test reports. This module writes JUnit's XML: a test case for each point.

A point that this host cannot run is skipped with its reason; one that failed its check or broke a
physical limit is a failure.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from hwperf.asv.recorded import Measurement, Run
from hwperf.report.comparison import wording
from hwperf.report.export import content

__all__ = ["text"]

_FAILURES = ("failed", "impossible")
# What XML 1.0 has no way to write, section 2.2.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(runs: Sequence[Run]) -> str:
    """Return the XML: a suite for each run."""
    counts = Counter(each.verdict for run in runs for each in run.measurements)
    counted = _counted(counts)
    del counted["skipped"]  # What the schemas have of a suite alone.
    root = ElementTree.Element("testsuites", {"name": "hwperf", **counted})
    for run in runs:
        root.append(_suite(run))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _suite(run: Run) -> ElementTree.Element:
    counts = Counter(each.verdict for each in run.measurements)
    seconds = math.fsum(_seconds(each) for each in run.measurements)
    suite = ElementTree.Element(
        "testsuite",
        {
            "name": _safe(f"{run.machine} {run.commit[:12]} {run.environment}"),
            "hostname": _safe(run.machine),
            # Without a zone, as the schema of JUnit has it.
            "timestamp": (content.instant(run.measured_at) or "1970-01-01T00:00:00Z")[:-1],
            "time": f"{seconds:.3f}",
            **_counted(counts),
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in {"commit": run.commit, **run.facts}.items():
        ElementTree.SubElement(properties, "property", {"name": _safe(name), "value": _safe(value)})
    for each in run.measurements:
        suite.append(_case(each))
    return suite


def _case(found: Measurement) -> ElementTree.Element:
    params = ", ".join(f"{name}={value}" for name, value in found.params.items())
    tail = "p99 " if found.is_tail else ""
    case = ElementTree.Element(
        "testcase",
        {
            "classname": _safe(found.name),
            "name": _safe(f"{tail}{params}".strip() or found.name),
            "time": f"{_seconds(found):.3f}",
        },
    )
    reason = _safe(found.reason or found.verdict)
    if found.verdict == "n/a":
        ElementTree.SubElement(case, "skipped", {"message": reason})
    elif found.verdict in _FAILURES:
        failure = ElementTree.SubElement(
            case, "failure", {"type": found.verdict, "message": reason}
        )
        failure.text = reason
    else:
        said = wording.quantity(found.value, found.unit)
        doubt = "" if found.verdict == "ok" else f" ({found.verdict}: {found.reason})"
        ElementTree.SubElement(case, "system-out").text = _safe(f"{said}{doubt}")
    return case


def _counted(counts: Mapping[str, int]) -> dict[str, str]:
    return {
        "tests": str(sum(counts.values())),
        "failures": str(sum(counts.get(verdict, 0) for verdict in _FAILURES)),
        "errors": "0",
        "skipped": str(counts.get("n/a", 0)),
    }


def _seconds(found: Measurement) -> float:
    """Return how long the point took in all, 0 where it is not known."""
    tags: Any = found.record.get("tags")
    wall = tags.get("wall_s") if isinstance(tags, Mapping) else None
    is_number = isinstance(wall, (int, float)) and math.isfinite(wall) and wall >= 0
    return float(wall or 0.0) if is_number else 0.0


def _safe(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", str(text))
