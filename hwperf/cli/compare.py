"""``hwperf compare``. This module names two recorded runs and prints what differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from hwperf.asv.recorded import Run
from hwperf.cli import results as where
from hwperf.cli.exit_codes import FINDING, FINE, UNMEASURED
from hwperf.cli.layout import columns
from hwperf.cli.next_steps import Ended, show
from hwperf.history import floor
from hwperf.report.comparison import Comparison, compare, markdown, naming, record, text

__all__ = ["compare_command"]


@click.command("compare")
@click.argument("a")
@click.argument("b")
@click.option("--machine", metavar="NAME", help="Only runs of this machine.")
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text",
    show_default=True, help="How to write it.",
)  # fmt: skip
@click.option("--all", "every", is_flag=True, help="Also the points within the noise.")
@where.options
@where.output
def compare_command(
    a: str,
    b: str,
    machine: str | None,
    form: str,
    every: bool,
    config: Path,
    results: Path | None,
    output: Path | None,
) -> int:
    """Compare the recorded run B with the run A: commits, machines, dates or result files.

    Exits with 1 if a point got significantly worse, 3 if nothing can be compared.
    """
    found = _place(a, b, config, results)
    runs = _runs((a, b), machine, found)
    if runs is None:
        return UNMEASURED
    first, second = runs
    comparison = compare(
        first, second, floors={} if found is None else floor.load(found.results_dir)
    )
    where.deliver(_written(comparison, form, every), output)
    if not comparison.compared:
        where.warn("no point was measured in both runs with the same code.")
        return UNMEASURED
    if form == "text" and output is None:
        show("compare", Ended())
    return FINDING if comparison.worse else FINE


def _place(a: str, b: str, config: Path, results: Path | None) -> where.Place | None:
    """Return where results are; None where both runs are files and no configuration is there."""
    if results is None and not config.exists() and Path(a).is_file() and Path(b).is_file():
        return None
    return where.place(config, results)


def _runs(names: Sequence[str], machine: str | None, found: where.Place | None) -> list[Run] | None:
    """Return the two runs; None, having said why, where nothing at all is recorded."""
    runs = [naming.of_file(name, warn=where.warn) for name in names]
    index = where.listed(found) if found is not None and None in runs else []
    if found is not None and None in runs and not index:
        where.warn(f"nothing is recorded in {found.results_dir}. 'hwperf run' records.")
        return None
    for place, name in enumerate(names):
        if runs[place] is None and found is not None:
            chosen = naming.named(name, index, machine=machine, repository=found.repository)
            runs[place] = where.loaded(found, [chosen])[0]
    return [run for run in runs if run is not None]


def _written(comparison: Comparison, form: str, every: bool) -> str:
    if form == "json":
        return json.dumps(record.of(comparison), indent=1, allow_nan=False)
    if form == "markdown":
        return "\n".join(markdown.lines(comparison, every=every))
    return "\n".join(text.lines(comparison, width=columns(), every=every))
