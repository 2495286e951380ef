"""``hwperf export``. This module chooses recorded runs and writes them for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from hwperf.cli import results as where
from hwperf.cli.exit_codes import FINE, UNMEASURED
from hwperf.errors import UsageError
from hwperf.report.comparison import naming
from hwperf.report.export import FORMATS

__all__ = ["export_command"]


@click.command("export")
@click.option(
    "--format", "form", type=click.Choice(list(FORMATS)), required=True, help="How to write them."
)
@click.option("--machine", metavar="NAME", help="Only runs of this machine.")
@click.option("--commit", metavar="COMMIT", help="The runs of this commit, branch or tag.")
@click.option("--all-runs", is_flag=True, help="Every run, in place of the newest.")
@where.options
@where.output
def export_command(
    form: str,
    machine: str | None,
    commit: str | None,
    all_runs: bool,
    config: Path,
    results: Path | None,
    output: Path | None,
) -> int:
    """Write the newest recorded run, or those chosen, for other programs.

    Exits with 3 if nothing is recorded.
    """
    if commit is not None and all_runs:
        raise UsageError("--commit and --all-runs both say which runs; give one of them.")
    place = where.place(config, results)
    index = where.listed(place)
    if not index:
        where.warn(f"nothing is recorded in {place.results_dir}. 'hwperf run' records.")
        return UNMEASURED
    chosen = naming.of_machine(index, machine)
    if commit is not None:
        chosen = naming.of_commit(commit, chosen, repository=place.repository)
    elif not all_runs:
        chosen = [naming.named("latest", chosen)]
    where.deliver(FORMATS[form](where.loaded(place, chosen)), output)
    return FINE
