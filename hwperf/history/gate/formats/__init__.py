"""What the gate says, to people and to programs. This package has one module for each format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from hwperf.history.gate.examine import Inputs
from hwperf.history.gate.findings import Report

__all__ = ["FORMATS", "render"]

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "text": "text",
        "markdown": "markdown",
        "json": "structured",
        "junit": "junit",
        "sarif": "sarif",
        "github": "github",
    }
)
"""Each format and its module."""


def render(report: Report, inputs: Inputs, format: str, *, width: int = 80) -> str:
    """Return *report* in one of :data:`FORMATS`, ending with a line break.

    Args:
        report: the gate's answer.
        inputs: where everything is; benchmarks are looked up for their lines.
        format: which format.
        width: columns, for text.
    """
    module = import_module(f"hwperf.history.gate.formats.{FORMATS[format]}")
    rendered: Callable[[Report, Inputs, int], str] = module.render
    return rendered(report, inputs, width)
