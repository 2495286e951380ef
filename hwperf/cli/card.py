"""``hwperf card``. This module prints the textbook beside this machine, in several forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from hwperf.asv import configuration
from hwperf.cli.exit_codes import FINE, UNMEASURED
from hwperf.cli.layout import columns
from hwperf.cli.next_steps import Ended, show
from hwperf.errors import UsageError

if TYPE_CHECKING:
    from hwperf.report.card import Card

__all__ = ["Place", "card_command", "formats", "needed", "painted", "source_options"]

FORMATS = ("text", "markdown", "svg", "html", "json")
_BY_SUFFIX = {".md": "markdown", ".svg": "svg", ".html": "html", ".htm": "html", ".json": "json"}
_COLOURS = {"better": "green", "worse": "yellow", "broken": "red"}

Command = Callable[..., Any]


class Place(NamedTuple):
    """Which results are asked for."""

    results: Path | None
    config: Path
    machine: str | None
    commit: str | None


def source_options(function: Command) -> Command:
    """Give a command the options that say which run it shows."""
    for option in (
        click.option("--commit", metavar="REV", help="The run of this commit; else the last."),
        click.option("--machine", metavar="NAME", help="A run of this machine; by default any."),
        click.option(
            "--results", metavar="DIR", type=click.Path(path_type=Path),
            help="asv's directory of results, in place of the configuration's.",
        ),
        click.option(
            "--config", default="asv.conf.json", show_default=True,
            type=click.Path(path_type=Path),
            help="asv's configuration, which says where results are.",
        ),
    ):  # fmt: skip
        function = option(function)
    return function


@click.command("card")
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="By default text.")
@click.option(
    "-o", "--output", "path", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Write it there; .md, .svg, .html and .json give the format.",
)  # fmt: skip
@source_options
def card_command(
    as_json: bool,
    form: str | None,
    path: Path | None,
    results: Path | None,
    config: Path,
    machine: str | None,
    commit: str | None,
) -> int:
    """Set the lecture's claims beside this machine, led by a block to paste.

    Exits with 3 if there is nothing to show.
    """
    form = formats(as_json, form, path)
    card = needed(Place(results, config, machine, commit))
    if card is None:
        return UNMEASURED
    if not card.is_empty or form == "json":
        _deliver(_shown(card, form, path is not None), path)
    if card.is_empty:
        _say(_why_empty(card))
        return UNMEASURED
    if form == "text" and path is None:
        show("card", Ended())
    return FINE


def formats(as_json: bool, form: str | None, path: Path | None) -> str:
    """Return the format that is asked for.

    Raises:
        UsageError: if two are.
    """
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} are two formats: give one of them.")
    if as_json or form is not None:
        return "json" if as_json else str(form)
    return _BY_SUFFIX.get(path.suffix.lower(), "text") if path is not None else "text"


def needed(place: Place) -> Card | None:
    """Return the card of the run that is asked for; None, having said why, where there is none.

    Raises:
        UsageError: for a configuration, a directory, a machine or a commit that there is not.
    """
    from hwperf.report.card import card_of
    from hwperf.report.card.choice import chosen

    repo: Path | None = Path()
    directory = place.results
    if directory is None:
        conf = configuration.load(place.config)
        directory, repo = conf.results_dir, conf.path.parent / conf.repo
    if directory.exists() and not directory.is_dir():
        raise UsageError(f"{directory} is no directory. Name one that holds asv's results.")
    if not directory.is_dir() and place.results is not None:
        raise UsageError(
            f"{directory} is no directory: expected asv's results. 'hwperf run' records some."
        )
    if not directory.is_dir():
        _say(f"{directory} is not there: nothing was measured yet. 'hwperf run' does.")
        return None
    run = chosen(directory, machine=place.machine, commit=place.commit, repo=repo, warn=_say)
    if run is None:
        _say(f"{directory} holds no results that can be read: 'hwperf run' measures.")
        return None
    return card_of(run)


def painted(words: str, verdict: str) -> str:
    """Return the word of a verdict in its colour; click leaves it out where nobody sees it."""
    colour = _COLOURS.get(verdict)
    return click.style(words, fg=colour, bold=verdict == "broken") if colour else words


def _shown(card: Card, form: str, is_file: bool) -> str:
    from hwperf.report import card as forms

    if form == "json":
        return json.dumps(forms.to_json(card), indent=2, allow_nan=False) + "\n"
    if form == "markdown":
        return forms.markdown(card)
    if form == "svg":
        return forms.svg(card)
    if form == "html":
        return forms.html(card)
    lines = forms.text(card) if is_file else forms.text(card, columns(), paint=painted)
    return "\n".join(lines) + "\n"


def _deliver(text: str, path: Path | None) -> None:
    if path is None:
        click.echo(text, nl=False)
        return
    from hwperf.report.export.destination import write

    write(path, text)


def _why_empty(card: Card) -> str:
    if not card.trust.n_points:
        return (
            f"the run of {card.machine} at {card.commit[:8]} has no value of any workload of "
            "hwperf's: its points failed, are n/a, or are another suite's. 'hwperf run' measures."
        )
    from hwperf.report.card import by_reason

    told = {why: ids for why, ids in by_reason(card).items() if not why.startswith("not measured")}
    often = max(told, key=lambda why: len(told[why]), default="the textbook speaks of others")
    return (
        f"none of the {card.trust.n_points} points of the run of {card.machine} at "
        f"{card.commit[:8]} is one that the card can show: {often}"
    )


def _say(sentence: str) -> None:
    from hwperf.report.card.words import plain

    click.echo(f"hwperf: {plain(sentence, 2000)}", err=True)
