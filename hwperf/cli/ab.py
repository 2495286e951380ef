"""``hwperf ab``. This module has two revisions take turns on this machine and shows the verdict."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from hwperf.cli.exit_codes import INTERRUPTED
from hwperf.cli.layout import columns
from hwperf.cli.rounds import Teller, counted, parse_change
from hwperf.errors import UsageError

__all__ = ["ab_command"]

_ROUNDS, _MOST = 8, 40  # Without and with a target.


@click.command("ab")
@click.argument("revision_a", metavar="REV_A")
@click.argument("revision_b", metavar="REV_B")
@click.option(
    "-k", "patterns", multiple=True, metavar="REGEX",
    help="Only benchmarks that match; may be repeated.",
)  # fmt: skip
@click.option(
    "--rounds", "count", type=click.IntRange(4, 1000), metavar="N",
    help=f"Rounds: {_ROUNDS} by default; with --target the most, {_MOST} by default.",
)  # fmt: skip
@click.option("--target", metavar="CHANGE", help="Go on until a change of e.g. 1% would be seen.")
@click.option(
    "--min-change", metavar="CHANGE",
    help="The smallest change that matters, 1% by default; with --target half of it, if less.",
)  # fmt: skip
@click.option("--env", metavar="ENV", help="asv's environment; source builds nothing.")
@click.option(
    "--config", default="asv.conf.json", show_default=True, type=click.Path(path_type=Path),
    help="asv's configuration, of any suite.",
)  # fmt: skip
@click.option("--no-canaries", is_flag=True, help="Do not measure the machine between visits.")
@click.option(
    "--keep", type=click.Path(path_type=Path), metavar="DIR",
    help="Leave the results of each round in this new directory.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text",
    show_default=True, help="How the verdict is printed.",
)  # fmt: skip
def ab_command(
    revision_a: str,
    revision_b: str,
    patterns: tuple[str, ...],
    count: int | None,
    target: str | None,
    min_change: str | None,
    env: str | None,
    config: Path,
    no_canaries: bool,
    keep: Path | None,
    form: str,
) -> int:
    """Compare two revisions of a project, measured in turns; . is the working tree.

    Exits with 0, 1 if B is worse, 3 if it could not be told, 130 if interrupted.
    """
    from hwperf.history.ab import machine
    from hwperf.history.ab.record import as_json
    from hwperf.history.ab.session import Plan, compare

    wanted = None if target is None else parse_change(target)
    least = parse_change(min_change) if min_change else min(0.01, (wanted or 1.0) / 2)
    if wanted is not None and least > wanted:
        raise UsageError(
            f"--min-change {min_change} exceeds --target {target}: what is to be seen would not"
            " matter. Give a smaller one."
        )
    plan = Plan(
        config, revision_a, revision_b, count or (_ROUNDS if wanted is None else _MOST),
        wanted, least, env, patterns, keep,
    )  # fmt: skip
    with Teller(sys.stderr) as teller:
        outcome = compare(
            plan, tell=teller.show, warn=teller.warn,
            canaries=machine.none if no_canaries else machine.measure,
        )  # fmt: skip
    if form == "json":
        click.echo(json.dumps(as_json(outcome), indent=2, allow_nan=False))
    elif outcome.rounds or not outcome.is_interrupted:
        from hwperf.cli.ab_shown import as_markdown, as_text

        lines = as_text(outcome, columns()) if form == "text" else as_markdown(outcome)
        click.echo("\n".join(lines))
    if outcome.is_interrupted:
        done = counted(outcome.rounds, "round")
        click.echo(f"hwperf: interrupted after {done}", err=True)
        return INTERRUPTED
    return outcome.comparison.exit_code
