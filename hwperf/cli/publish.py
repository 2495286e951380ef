"""``hwperf publish``. This module writes the pages of what was recorded."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hwperf.asv.run import publish
from hwperf.cli.next_steps import Ended, show
from hwperf.cli.progress import Progress

__all__ = ["publish_command"]


@click.command("publish")
@click.option(
    "--config", default="asv.conf.json", show_default=True, type=click.Path(path_type=Path),
    help="asv's configuration.",
)  # fmt: skip
def publish_command(config: Path) -> int:
    """Write the pages of the recorded results, in rates, readable without a network."""
    if sys.stderr is not None and sys.stderr.isatty():
        click.echo("writing the pages, some seconds", err=True)
    with Progress(sys.stderr) as progress:
        page = publish(config, on_event=progress.show)
    click.echo(f"pages: {page}")
    show("publish", Ended())
    return 0
