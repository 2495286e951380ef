"""Where recorded results lie. This module reads ``--config`` and ``--results``, writes ``-o``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from hwperf.asv import configuration
from hwperf.asv.recorded import Run
from hwperf.errors import UsageError
from hwperf.report.comparison import listing, wording
from hwperf.report.comparison.listing import Listed

__all__ = ["Place", "deliver", "listed", "loaded", "options", "output", "place", "warn"]

F = TypeVar("F", bound=Callable[..., Any])

_MOST_SAID = 2000  # Characters: a path may have as many as the system allows.


@dataclass(frozen=True)
class Place:
    """Where to look.

    Attributes:
        results_dir: asv's directory of results.
        repository: the repository whose commits they belong to, or None where it is not here.
    """

    results_dir: Path
    repository: Path | None


def options(function: F) -> F:
    """Add ``--config`` and ``--results`` to a verb."""
    by_config = click.option(
        "--config", default="asv.conf.json", show_default=True, type=click.Path(path_type=Path),
        help="asv's configuration, which says where results are.",
    )  # fmt: skip
    by_directory = click.option(
        "--results", type=click.Path(path_type=Path), metavar="DIR",
        help="asv's directory of results, in place of the configuration's.",
    )  # fmt: skip
    return by_config(by_directory(function))


def output(function: F) -> F:
    """Add ``-o FILE`` to a verb."""
    return click.option(
        "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
        help="Write to this file in place of stdout.",
    )(function)  # fmt: skip


def place(config: Path, results: Path | None) -> Place:
    """Return where results are.

    Raises:
        UsageError: if the directory that was given is not there, or the configuration cannot be
            read.
    """
    if results is None:
        found = configuration.load(config)
        repository = found.path.parent / found.repo
        results = found.results_dir
        if not results.exists():  # Nothing was measured yet.
            return Place(results, repository if repository.is_dir() else None)
    else:
        repository = Path.cwd()
    if not results.is_dir():
        raise UsageError(
            f"{results} is no directory: expected asv's results. 'hwperf run' records some."
        )
    return Place(results, repository if repository.is_dir() else None)


def listed(found: Place) -> list[Listed]:
    """Return what is recorded, in brief; damaged files are named on stderr."""
    return listing.listed(found.results_dir, warn=warn)


def loaded(found: Place, chosen: Sequence[Listed]) -> list[Run]:
    """Return the whole runs of *chosen*.

    Raises:
        UsageError: if none of them can be read any more.
    """
    runs = list(listing.loaded(found.results_dir, chosen, warn=warn))
    if chosen and not runs:
        raise UsageError(f"{chosen[0].path} cannot be read any more. Try again.")
    return runs


def warn(sentence: str) -> None:
    """Say on stderr what was passed over."""
    click.echo(f"hwperf: {wording.plain(sentence, _MOST_SAID)}", err=True)


def deliver(text: str, path: Path | None) -> None:
    """Print *text*, or write it to the file *path*, whole."""
    # Half of a surrogate pair, which JSON can hold, is no text that can be written.
    text = text.encode("utf-8", "replace").decode("utf-8")
    if path is None:
        click.echo(text.removesuffix("\n"))
        return
    from hwperf.report.export.destination import write

    write(path, text if text.endswith("\n") else f"{text}\n")
