"""Plugins that are left out. This module names them on stderr, each with its cause."""

from __future__ import annotations

import click

from hwperf.plugins import Registry

__all__ = ["report_broken"]


def report_broken(registry: Registry) -> None:
    """Say which plugins of *registry* could not be used, one line for each."""
    for broken in registry.broken:
        click.echo(f"hwperf: {broken}", err=True)
