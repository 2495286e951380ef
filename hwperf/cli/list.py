"""``hwperf list``. This module shows the workloads and what this machine cannot run of them."""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import click

from hwperf.cli.broken import report_broken
from hwperf.cli.layout import columns, flowed, wrapped
from hwperf.cli.next_steps import Ended, show
from hwperf.cli.selection import shown_params, shown_value
from hwperf.errors import UsageError
from hwperf.plugins import Registry, load
from hwperf.workload import Workload

__all__ = ["list_command"]


@click.command("list")
@click.argument("pattern", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per workload.")
def list_command(pattern: str, as_json: bool) -> int:
    """Show the workloads whose id contains PATTERN: parameters, what each answers, n/a and why."""
    registry = load()
    report_broken(registry)
    found = [registry.workloads[id] for id in sorted(registry.workloads) if pattern in id]
    if not found:
        raise UsageError(_no_match(pattern, registry))
    if as_json:
        for workload in found:
            click.echo(json.dumps(_record(workload)))
    else:
        width = columns()
        click.echo("\n".join(line for workload in found for line in _lines(workload, width)))
        show("list", Ended(ids=tuple(workload.id for workload in found)))
    return 0


def _no_match(pattern: str, registry: Registry) -> str:
    near = difflib.get_close_matches(pattern, registry.workloads, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"no workload's id contains {pattern!r}.{hint} 'hwperf list' shows them all."


def _record(workload: Workload) -> dict[str, Any]:
    return {
        "id": workload.id,
        "answers": workload.answers,
        "metric": workload.metric.name,
        "unit": workload.metric.unit,
        "params": {name: list(values) for name, values in workload.params.items()},
        "n_points": sum(1 for _ in workload.points()),
        "source": workload.source,
        "module": workload.module,
        "unavailable": [
            {"params": params, "reason": reason} for params, reason in _unavailable(workload)
        ],
    }


def _unavailable(workload: Workload) -> list[tuple[dict[str, Any], str]]:
    told = ((params, _reason(workload, params)) for params in workload.points())
    return [(params, reason) for params, reason in told if reason]


def _reason(workload: Workload, params: dict[str, Any]) -> str | None:
    try:
        with redirect_stdout(sys.stderr):  # What a workload prints is no output of ours.
            return workload.unsupported(params)
    except (Exception, SystemExit) as error:  # Border: one plugin's fault must not cost the list.
        return f"requires= raised {type(error).__name__}: {error}"


def _lines(workload: Workload, width: int) -> Iterator[str]:
    n_points = sum(1 for _ in workload.points())
    points = f"{n_points} point{'s' if n_points != 1 else ''}"
    yield f"{workload.id}  ({workload.metric.name}, {points})"
    yield from wrapped(_plain(workload.answers), width, indent=4)
    for name, values in workload.params.items():
        shown = [f"{shown_value(name, value)}," for value in values]
        parts = [f"{name}: {shown[0]}", *shown[1:]]
        parts[-1] = parts[-1].removesuffix(",")
        yield from flowed(parts, width, indent=4, hanging=2, gap=" ")
    for line in _shown_unavailable(_unavailable(workload), n_points):
        yield from wrapped(f"n/a: {line}", width, indent=4, hanging=2)


def _plain(words: str) -> str:
    """Return a docstring's words without the marks of reStructuredText."""
    return re.sub(r"\*(\w+)\*", r"\1", words.replace("``", ""))


def _shown_unavailable(unavailable: list[tuple[dict[str, Any], str]], n_points: int) -> list[str]:
    """Return one line per reason, with the points that it concerns."""
    by_reason: dict[str, list[dict[str, Any]]] = {}
    for params, reason in unavailable:
        by_reason.setdefault(reason, []).append(params)
    lines = []
    for reason, points in by_reason.items():
        if len(points) == n_points:
            where = "all points"
        elif len(points) == 1:
            where = shown_params(points[0])
        else:
            where = f"{len(points)} points, e.g. {shown_params(points[0])}"
        lines.append(f"{where}: {reason}")
    return lines
