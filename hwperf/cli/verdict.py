"""``hwperf verdict``. This module says of each change in a suite: the code, or the machine?"""

from __future__ import annotations

import json
from pathlib import Path

import click

from hwperf.cli import results as where
from hwperf.cli.exit_codes import FINDING, FINE, UNMEASURED
from hwperf.cli.layout import columns
from hwperf.cli.next_steps import Ended, show
from hwperf.errors import UsageError
from hwperf.history import order as orders
from hwperf.history.series import load

__all__ = ["verdict_command"]

_PATH = click.Path(path_type=Path)


@click.command("verdict")
@click.argument("a", required=False)
@click.argument("b", required=False)
@click.option("--machine", metavar="NAME", help="Judge the results of this machine.")
@click.option("--repo", type=_PATH, metavar="DIR", help="The repository of the commits.")
@click.option(
    "--order",
    "order_file",
    type=_PATH,
    metavar="FILE",
    help="The order of the commits in place of the repository: a hash a line, the oldest first.",
)
@click.option("--history", is_flag=True, help="Judge every change there ever was.")
@click.option(
    "--format", "form", type=click.Choice(["text", "markdown", "json"]), default="text",
    show_default=True, help="How to write it.",
)  # fmt: skip
@where.options
@where.output
def verdict_command(
    a: str | None,
    b: str | None,
    machine: str | None,
    repo: Path | None,
    order_file: Path | None,
    history: bool,
    form: str,
    config: Path,
    results: Path | None,
    output: Path | None,
) -> int:
    """Say what changed between the commits A and B, and whether code or machine did it.

    By default the two newest measured commits; A alone is compared with the newest. Judged by the
    canaries in the suite (from hwperf.canaries import *). Exits with 1 if the code made something
    worse, 3 if there is too little data to tell.
    """
    from hwperf.history.attribution import told, verdict
    from hwperf.history.attribution.between import between

    if history and a is not None:
        raise UsageError("--history judges all commits: give no commits with it, or leave it out.")
    place = where.place(config, results)
    order = orders.find(repo or place.repository, order_file, where.warn)
    every = load(place.results_dir, order=order, warn=where.warn)
    name = verdict.chosen_machine(every, machine, where.warn)
    if name is None:
        where.warn(f"{place.results_dir} holds no result. Run asv, or 'hwperf run'.")
        return UNMEASURED
    found = [series for series in every if series.key.machine == name]
    if history:
        judged = verdict.throughout(found, name)
    else:
        commits = verdict.commits_of(found, order)
        pair = _pair(a, b, commits, order, name)
        if pair is None:
            return UNMEASURED
        judged = between(found, *pair, name, place.results_dir)
    if form == "json":
        written = json.dumps(told.content(judged), indent=1, allow_nan=False) + "\n"
    else:
        written = (
            told.markdown(judged) if form == "markdown" else told.text(judged, width=columns())
        )
    where.deliver(written, output)
    if form == "text" and output is None:
        show("verdict", Ended())
    return _code(judged)


def _pair(
    a: str | None, b: str | None, commits: list[str], order: orders.Order, machine: str
) -> tuple[str, str] | None:
    """Return the two commits, or say what is missing and return None."""
    from hwperf.history.attribution import verdict

    if a is None:
        pair = verdict.newest(commits)
        if pair is None:
            where.warn(f"only one commit was measured on {machine}. Measure another one with asv.")
        return pair
    found = []
    for rev in (a, b):
        commit = commits[-1] if rev is None else verdict.resolved(rev, commits, order)
        if commit is None:
            there = ", ".join(each[:8] for each in commits[:-6:-1])
            where.warn(f"{rev} was not measured on {machine}. The newest that were: {there}.")
            return None
        found.append(commit)
    if found[0] == found[1]:
        raise UsageError(f"A and B are the same commit, {found[0][:8]}. Name another one.")
    return found[0], found[1]


def _code(judged: object) -> int:
    from hwperf.history.attribution.verdict import Verdict

    assert isinstance(judged, Verdict)
    if judged.count("code", "mixed", worse=True):
        return FINDING
    if not judged.n_compared or judged.count("unclear"):
        return UNMEASURED
    return FINE
