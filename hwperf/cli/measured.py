"""What ``hwperf info --measured`` shows. This module measures, with progress, and prints."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

import click

from hwperf.cli.layout import wrapped
from hwperf.cli.progress import Progress
from hwperf.cli.selection import shown_params
from hwperf.plugins import load
from hwperf.report import detection
from hwperf.report.detected import Detected, Points, detect
from hwperf.units import format_bytes

__all__ = ["detected", "shown"]

_NAME_COLUMNS = 20


def detected() -> list[Detected]:
    """Measure what is needed and return what it says; progress goes to stderr."""
    registry = load()
    points = detection.wanted(registry)
    found: dict[str, list[tuple[dict[str, object], object]]] = {}
    if not (sys.stderr is not None and sys.stderr.isatty()):
        click.echo(f"measuring {len(points)} points, ten seconds or more", err=True)
    begin = time.monotonic()
    with Progress(sys.stderr) as progress:
        for done, (id, params, point) in enumerate(detection.measured(registry, points), start=1):
            found.setdefault(id, []).append((params, point))
            left_s = (len(points) - done) * (time.monotonic() - begin) / done
            progress.begin(done, len(points), left_s, f"{id} {shown_params(params)}".rstrip())
    measured: Points = found  # type: ignore[assignment]
    return detect(measured, detection.reported())


def shown(found: Sequence[Detected], width: int) -> Iterator[str]:
    """Yield the lines: each thing as measured, as reported, and why they differ."""
    yield click.style("measured", bold=True)
    indent = _NAME_COLUMNS + 2
    for each in found:
        words = [f"{_value(each.value, each)}{_interval(each)}"]
        if each.value is None:
            words = [f"n/a: {each.note}"]
        if each.reported is not None:
            words.append(f"the system reports {_value(each.reported, each)}")
        if each.note and each.value is not None:
            words.append(each.note)
        lines = wrapped("; ".join(words), max(40, width) - indent, hanging=2)
        yield f"  {each.name:<{_NAME_COLUMNS}}{lines[0]}"
        yield from (f"{'':{indent}}{line}" for line in lines[1:])


def _value(value: float | None, each: Detected) -> str:
    if value is None:
        return "n/a"
    if each.unit == "B":
        return format_bytes(int(value))
    if each.name == "SMT benefit":
        return f"{100 * value:+.0f} %"
    return f"{value:.3g} {each.unit}".rstrip()


def _interval(each: Detected) -> str:
    if each.interval is None or each.value is None:
        return ""
    low, high = (_value(end, each) for end in each.interval)
    return f" ({low} to {high})" if low != high else ""
