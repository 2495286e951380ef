"""``hwperf roofline``. This module prints what bounds code on a machine, as recorded."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hwperf.cli import results as where
from hwperf.cli.exit_codes import FINE, UNMEASURED
from hwperf.cli.layout import columns
from hwperf.report.comparison import naming
from hwperf.report.roofline import text
from hwperf.report.roofline.ceilings import DTYPES, NEEDED, ceilings

__all__ = ["roofline_command"]


@click.command("roofline")
@click.option("--machine", metavar="NAME", help="Only runs of this machine.")
@click.option(
    "--dtype", type=click.Choice(DTYPES), default="f64", show_default=True,
    help="The type of the arithmetic.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to write it.",
)  # fmt: skip
@where.options
@where.output
def roofline_command(
    machine: str | None,
    dtype: str,
    form: str,
    config: Path,
    results: Path | None,
    output: Path | None,
) -> int:
    """Show the ceilings of this machine: bandwidth by level, arithmetic, ridge points.

    The newest run counts that is no mere fragment. hwperf.roofline(function, flops=, bytes=)
    places code below them. Exits with 3 if no ceiling is recorded.
    """
    place = where.place(config, results)
    index = where.listed(place)
    if not index:
        where.warn(f"nothing is recorded in {place.results_dir}. 'hwperf run -k' takes '{NEEDED}'.")
        return UNMEASURED
    (run,) = where.loaded(place, [naming.whole(index, machine=machine, warn=where.warn)])
    known = ceilings(run, dtype=dtype)
    if not known.all:
        where.warn(
            f"{naming.described(run)} holds no ceiling of {dtype}."
            f" 'hwperf run -k' takes '{NEEDED}'."
        )
        return UNMEASURED
    if form == "json":
        where.deliver(json.dumps(known.to_json(), indent=1, allow_nan=False), output)
    else:
        where.deliver("\n".join(text.lines(known, width=columns())), output)
    return FINE
