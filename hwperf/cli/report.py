"""``hwperf report``. This module draws one recorded run into one offline HTML file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import click

from hwperf.cli import results as where
from hwperf.cli.exit_codes import UNMEASURED
from hwperf.cli.next_steps import Ended, show
from hwperf.report import fragments
from hwperf.report.comparison.listing import Listed, loaded
from hwperf.report.comparison.naming import of_commit, of_machine, whole

__all__ = ["report_command"]


@click.command("report")
@click.option(
    "-o", "--output", default="hwperf-report.html", show_default=True, metavar="FILE",
    type=click.Path(path_type=Path), help="Write to this file; - is stdout.",
)  # fmt: skip
@click.option("--machine", metavar="NAME", help="A run of this machine; by default the last.")
@click.option("--commit", metavar="REV", help="The run of this commit, branch or tag.")
@where.options
def report_command(
    output: Path, machine: str | None, commit: str | None, config: Path, results: Path | None
) -> int:
    """Draw a recorded run: one HTML file that needs no server and no network.

    Exits with 3 where nothing is recorded.
    """
    place = where.place(config, results)
    runs = sorted(where.listed(place), key=_age, reverse=True)
    if not runs:
        where.warn(f"nothing is recorded in {place.results_dir}. 'hwperf run' records.")
        return UNMEASURED
    pool = of_machine(runs, machine)
    if commit is not None:
        pool = of_commit(commit, pool, repository=place.repository)
    run = None
    while run is None:
        if not pool:
            where.warn("no run that is asked for can be read. 'hwperf run' records another.")
            return UNMEASURED
        wanted = (
            pool[0] if commit is not None else whole(pool, warn=where.warn, has_commit_option=True)
        )
        run = next(loaded(place.results_dir, [wanted], warn=where.warn), None)
        pool = [each for each in pool if each is not wanted]
    from hwperf.report.pages.contents import Context, page_of  # They load Altair.
    from hwperf.report.pages.document import document

    earlier = _before(wanted, runs)
    before = next(loaded(place.results_dir, earlier, warn=where.warn), None)
    text = document(page_of(run, before, Context.of(place.results_dir)))
    if str(output) == "-":
        where.deliver(text, None)
    else:
        where.deliver(text, output)
        click.echo(f"report: {output}")
        show("report", Ended())
    return 0


def _before(run: Listed, newest_first: Sequence[Listed]) -> list[Listed]:
    """Return the run before *run* on its machine, in a list, which is empty for the first."""
    older = [r for r in newest_first if r.machine == run.machine and _age(r) < _age(run)]
    n = fragments.points_in(run.path)
    found = fragments.before(n, older, lambda each: fragments.points_in(each.path))
    return [] if found is None else [found]


def _age(run: Listed) -> tuple[float, str]:
    at = run.measured_at
    return (-math.inf if at is None else at, str(run.path))
