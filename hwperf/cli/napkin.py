"""``hwperf napkin``. This module places a plan against recorded numbers and prints its time."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hwperf.cli import results as where
from hwperf.cli.exit_codes import FINE, UNMEASURED
from hwperf.cli.layout import columns
from hwperf.report.comparison import naming
from hwperf.report.napkin import VERBS, answer, parse, text
from hwperf.report.napkin.estimates import pattern

__all__ = ["napkin_command"]


class _WithVerbs(click.Command):
    """A command whose help lists the verbs of a plan."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Steps"):
            formatter.write_dl([(verb.example, verb.says) for verb in VERBS.values()], col_max=36)
        super().format_options(ctx, formatter)


@click.command("napkin", cls=_WithVerbs)
@click.argument("plan")
@click.option("--machine", metavar="NAME", help="By the numbers of this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@where.options
def napkin_command(
    plan: str, machine: str | None, as_json: bool, config: Path, results: Path | None
) -> int:
    """Say how long PLAN takes by this machine's recorded numbers, and what bounds it.

    PLAN is steps between semicolons: a verb, what it takes, and xN for N times. Exits with 2 for a
    plan that cannot be read, 3 if a step was not measured here.
    """
    steps = parse(plan)
    place = where.place(config, results)
    index = where.listed(place)
    if not index:
        where.warn(f"nothing is recorded in {place.results_dir}. 'hwperf run' records.")
        return UNMEASURED
    (run,) = where.loaded(place, [naming.whole(index, machine=machine, warn=where.warn)])
    placed = answer(steps, run)
    if as_json:
        click.echo(json.dumps(placed.to_json(), indent=1, allow_nan=False))
    else:
        click.echo("\n".join(text.lines(placed, width=columns())))
    if placed.missing:
        absent = [each for each in placed.missing if not each.why]  # The others say why.
        advice = f" 'hwperf run -k' takes '{pattern(absent)}'." if absent else ""
        count = f"{len(placed.missing)} of {len(placed.estimates)} steps"
        where.warn(f"{count} were not measured here.{advice}")
    return UNMEASURED if placed.missing else FINE
