"""``hwperf publish``. This module writes the pages of what was recorded."""

from __future__ import annotations

from pathlib import Path

import click

from hwperf.asv.run import publish

__all__ = ["publish_command"]


@click.command("publish")
@click.option(
    "--config", default="asv.conf.json", show_default=True, type=click.Path(path_type=Path),
    help="asv's configuration.",
)  # fmt: skip
def publish_command(config: Path) -> int:
    """Write the pages of the recorded results, in rates, readable without a network."""
    click.echo(f"pages: {publish(config)}")
    return 0
