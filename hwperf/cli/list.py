"""``hwperf list``. This module shows the workloads and what this machine cannot run of them."""

from __future__ import annotations

import json
from typing import Any

import click

from hwperf.cli.selection import shown_params, shown_value
from hwperf.plugins import Registry, load
from hwperf.workload import Workload

__all__ = ["list_command"]


@click.command("list")
@click.argument("pattern", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per workload.")
def list_command(pattern: str, as_json: bool) -> int:
    """Show the workloads whose id contains PATTERN: parameters, what each answers, n/a and why."""
    registry = load()
    found = [w for w in registry.workloads.values() if pattern in w.id]
    if as_json:
        for workload in found:
            click.echo(json.dumps(_record(workload)))
    else:
        _show(found)
    _report_broken(registry)
    return 0


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
    told = ((params, workload.unsupported(params)) for params in workload.points())
    return [(params, reason) for params, reason in told if reason]


def _show(workloads: list[Workload]) -> None:
    for workload in workloads:
        n_points = sum(1 for _ in workload.points())
        points = f"{n_points} point{'s' if n_points != 1 else ''}"
        click.echo(f"{workload.id}  ({workload.metric.name}, {points})")
        click.echo(f"    {workload.answers}")
        for name, values in workload.params.items():
            shown = ", ".join(shown_value(name, value) for value in values)
            click.echo(f"    {name}: {shown}")
        for line in _shown_unavailable(_unavailable(workload), n_points):
            click.echo(f"    n/a: {line}")


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


def _report_broken(registry: Registry) -> None:
    for broken in registry.broken:
        click.echo(f"hwperf: {broken}", err=True)
