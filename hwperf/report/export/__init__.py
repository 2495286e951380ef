"""Whole runs for other programs. This package writes them as JSON, CSV, JUnit and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from hwperf.asv.recorded import Run
from hwperf.report.export import as_csv, as_json, as_junit, as_markdown, as_prometheus

__all__ = ["FORMATS", "Writer"]

Writer = Callable[[Sequence[Run]], str]

FORMATS: Mapping[str, Writer] = MappingProxyType(
    {
        "json": as_json.text,
        "csv": as_csv.text,
        "markdown": as_markdown.text,
        "junit": as_junit.text,
        "prometheus": as_prometheus.text,
    }
)
"""Each format by its name: a function of runs that returns the whole text."""
