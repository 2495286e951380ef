"""``hwperf completion``. This module prints a shell's completion, and says what completes what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from hwperf.errors import UsageError

if TYPE_CHECKING:
    from hwperf.workload import Workload

__all__ = ["VARIABLE", "completion_command", "parameters", "patterns", "workload_ids"]

VARIABLE = "_HWPERF_COMPLETE"
"""The environment variable by which the shell's function asks hwperf what fits."""

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
def completion_command(shell: str) -> int:
    """Print what makes SHELL complete verbs, options, and the ids of workloads."""
    from click.shell_completion import get_completion_class

    from hwperf.cli.main import cli

    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"the installed click completes nothing in {shell}. Update click.")
    click.echo(found(cli, {}, "hwperf", VARIABLE).source())
    return 0


def workload_ids(context: click.Context, parameter: click.Parameter, start: str) -> list[str]:
    """Return the ids of workloads that begin with *start*."""
    return _beginning(_workloads(), start)


def patterns(context: click.Context, parameter: click.Parameter, start: str) -> list[str]:
    """Return what ``-k`` may be: domains, and the ids of workloads, that begin with *start*."""
    ids = list(_workloads())
    return _beginning([*dict.fromkeys(f"{id.partition('.')[0]}." for id in ids), *ids], start)


def parameters(context: click.Context, parameter: click.Parameter, start: str) -> list[str]:
    """Return the ``NAME=VALUE`` that begin with *start*, of the workload that was named before.

    Names come first; the values of one follow when the name stands there.
    """
    from hwperf.cli.selection import shown_value

    known = _workloads()
    # click gives up on an option without its value, and leaves what stood before as it was.
    words = [context.params.get("id") or "", *context.args]
    workload = next((known[word] for word in words if word in known), None)
    if workload is None:
        return []
    name, equals, _ = start.partition("=")
    if not equals:
        return _beginning([f"{each}=" for each in workload.params], start)
    values = [shown_value(name, value) for value in workload.params.get(name, ())]
    return _beginning([f"{name}={value.replace(' ', '')}" for value in values], start)


def _workloads() -> dict[str, Workload]:
    from hwperf.plugins import load

    return dict(sorted(load().workloads.items()))


def _beginning(words: Iterable[str], start: str) -> list[str]:
    return [word for word in words if word.startswith(start)]
