"""``hwperf report``. This module draws one recorded run into one offline HTML file."""

from __future__ import annotations

import math
from pathlib import Path

import click

from hwperf.asv import recorded
from hwperf.cli import results as where
from hwperf.report.comparison.naming import of_commit, of_machine

__all__ = ["report_command"]


@click.command("report")
@click.option(
    "-o", "--output", default="hwperf-report.html", show_default=True, metavar="FILE",
    type=click.Path(path_type=Path), help="Write to this file; - is stdout.",
)  # fmt: skip
@click.option("--machine", metavar="NAME", help="A run of this machine; the newest by default.")
@click.option("--commit", metavar="REV", help="The run of this commit, branch or tag.")
@where.options
def report_command(
    output: Path, machine: str | None, commit: str | None, config: Path, results: Path | None
) -> int:
    """Draw a recorded run: one HTML file that needs no server and no network.

    Exits with 3 where nothing is recorded.
    """
    place = where.place(config, results)
    runs = list(recorded.runs(place.results_dir, warn=where.warn))
    if not runs:
        where.warn(f"nothing is recorded in {place.results_dir}. 'hwperf run' records.")
        return 3
    pool = of_machine(runs, machine)
    if commit is not None:
        pool = of_commit(commit, pool, repository=place.repository)
    run = max(pool, key=_age)
    earlier = [r for r in runs if r.machine == run.machine and _age(r) < _age(run)]
    from hwperf.report.pages.contents import Context, page_of  # They load Altair.
    from hwperf.report.pages.document import document

    before = max(earlier, key=_age, default=None)
    text = document(page_of(run, before, Context.of(place.results_dir)))
    if str(output) == "-":
        where.deliver(text, None)
    else:
        where.deliver(text, output)
        click.echo(f"report: {output}")
    return 0


def _age(run: recorded.Run) -> tuple[float, str]:
    at = run.measured_at
    return (-math.inf if at is None else at, str(run.path))
