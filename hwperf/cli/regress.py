"""``hwperf regress``. This module shows what got worse in asv's results, and fails for it."""

from __future__ import annotations

import datetime
import os
import re
import sys
from functools import partial
from pathlib import Path
from re import Pattern
from typing import TYPE_CHECKING

import click

from hwperf.cli.exit_codes import FINDING, FINE, UNMEASURED
from hwperf.cli.layout import columns
from hwperf.cli.next_steps import Ended, show
from hwperf.errors import UsageError

if TYPE_CHECKING:
    from hwperf.history.gate import Inputs, Report

__all__ = ["regress_command"]

_FORMATS = ("text", "markdown", "json", "junit", "sarif", "github")
_FAILING = ("code", "machine", "mixed", "unclear", "possible", "drift", "failing")
_PATH = click.Path(path_type=Path)


@click.command("regress")
@click.option("--since", metavar="REV", help="Only changes after this commit; all by default.")
@click.option("--results", type=_PATH, metavar="DIR", help="asv's results, of any project.")
@click.option(
    "--config", type=_PATH, metavar="FILE",
    help="asv's configuration; ./asv.conf.json by default.",
)  # fmt: skip
@click.option("--repo", type=_PATH, metavar="DIR", help="The repository of the commits.")
@click.option(
    "--order", type=_PATH, metavar="FILE",
    help="The order of the commits in place of the repository: a hash a line, the oldest first.",
)  # fmt: skip
@click.option("--machine", metavar="NAME", help="Only this machine's results.")
@click.option("--env", "environment", metavar="NAME", help="Only this environment's results.")
@click.option("--bench", metavar="REGEX", help="Only benchmarks in whose name this is found.")
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), default="text", show_default=True,
    help="What is written.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=_PATH, metavar="FILE",
    help="Write there; standard output then gets the text.",
)  # fmt: skip
@click.option(
    "--accept", "ids", multiple=True, metavar="ID",
    help="Accept a finding (or 'all' that fail) as the new base; may be repeated.",
)  # fmt: skip
@click.option("--because", metavar="TEXT", help="Why, for --accept.")
@click.option("--confirm", is_flag=True, help="Measure what was found again, through asv, here.")
@click.option(
    "--fail-on", metavar="KINDS",
    help="What fails, with commas: code, machine, mixed, unclear, possible, drift, failing.",
)  # fmt: skip
@click.option("--warn-only", is_flag=True, help="End with 0 even where something fails.")
@click.option(
    "--on-insufficient", type=click.Choice(("fail", "pass")), default="fail", show_default=True,
    help="End with 3 or with 0 where there is too little data.",
)  # fmt: skip
def regress_command(
    since: str | None,
    results: Path | None,
    config: Path | None,
    repo: Path | None,
    order: Path | None,
    machine: str | None,
    environment: str | None,
    bench: str | None,
    format_: str,
    output: Path | None,
    ids: tuple[str, ...],
    because: str | None,
    confirm: bool,
    fail_on: str | None,
    warn_only: bool,
    on_insufficient: str,
) -> int:
    """Say what got worse: certain over the whole suite, and large enough to matter.

    Exits with 0 where nothing fails, 1 for a regression, 3 where there is too little data.
    """
    from hwperf.history.gate import examine, inputs_of
    from hwperf.history.gate.confirm import recheck
    from hwperf.history.gate.examine import with_failing

    if bool(ids) != (because is not None and because.strip() != ""):
        raise UsageError("--accept ID and --because TEXT belong together: say both.")
    pattern = _regex(bench)
    inputs = inputs_of(results=results, config=config, repo=repo, order=order, warn=_warn)
    if fail_on is not None:
        inputs = with_failing(inputs, _kinds(fail_on))
    judged = partial(
        examine, inputs, since=since, machine=machine, environment=environment, bench=pattern,
        warn=_warn, today=datetime.date.today(),
    )  # fmt: skip
    if ids:
        _accept(judged(), inputs, ids, str(because))
    again = partial(recheck, conf_path=inputs.conf_path, results_dir=inputs.results_dir, tell=_warn)
    report = judged(recheck=again if confirm else None)
    _write(report, inputs, format_, output)
    if format_ == "text" and output is None:
        show("regress", Ended())
    passed_over = {FINDING} if warn_only else set()
    if on_insufficient == "pass":
        passed_over.add(UNMEASURED)
    return FINE if report.exit_code in passed_over else report.exit_code


def _write(report: Report, inputs: Inputs, format_: str, output: Path | None) -> None:
    from hwperf.asv.files import write_text
    from hwperf.history.gate.formats import render

    shown = format_
    if output is not None:
        write_text(output, render(report, inputs, format_, width=80))
        shown = "text"
    click.echo(render(report, inputs, shown, width=columns()), nl=False)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if format_ == "github" and summary:
        with open(summary, "a", encoding="utf-8") as stream:
            stream.write(render(report, inputs, "markdown"))


def _accept(report: Report, inputs: Inputs, ids: tuple[str, ...], reason: str) -> None:
    from hwperf.history.gate import accept

    open_ones = [f for f in report.findings if f.status in ("new", "reopened")]
    known = {f.id: f for f in open_ones if f.kind not in ("improvement", "placement")}
    chosen = [f.id for f in open_ones if f.fails] if ids == ("all",) else list(dict.fromkeys(ids))
    unknown = [name for name in chosen if name not in known]
    if unknown:
        there = ", ".join(known) or "none"
        raise UsageError(f"{unknown[0]!r} is no finding that can be accepted; there are: {there}.")
    if not chosen:
        raise UsageError("there is nothing to accept: no finding fails.")
    accept.replace_entries(inputs.accept_path, [accept.entry_of(known[n], reason) for n in chosen])
    _warn(f"accepted in {inputs.accept_path}: {', '.join(chosen)}")


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(word.strip() for word in text.split(",") if word.strip())
    wrong = [kind for kind in kinds if kind not in _FAILING]
    if wrong:
        raise UsageError(f"--fail-on: {wrong[0]!r} is none of {', '.join(_FAILING)}.")
    return kinds


def _regex(text: str | None) -> Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as error:
        raise UsageError(f"--bench: {text!r} is no regular expression ({error}).") from error


def _warn(sentence: str) -> None:
    click.echo(f"hwperf: {sentence}", err=True)
    sys.stderr.flush()
