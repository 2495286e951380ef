"""``hwperf doctor``. This module shows what disturbs measurements on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from hwperf.cli.layout import columns, wrapped
from hwperf.cli.next_steps import Ended, show
from hwperf.host.noise import Finding, findings
from hwperf.plugins import Broken, load

__all__ = ["doctor_command"]

_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan"}
_INDENT = 8  # Below the severity.


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor_command(as_json: bool) -> int:
    """Show what disturbs measurements here, with evidence and what to do; changes nothing."""
    found, broken = findings(), load().broken
    if as_json:
        click.echo(json.dumps(_record(found, broken), indent=1))
    else:
        click.echo("\n".join(_lines(found, broken, columns())))
        show("doctor", Ended(causes=len(found)))
    return 0


def _record(found: tuple[Finding, ...], broken: tuple[Broken, ...]) -> dict[str, object]:
    return {
        "schema": 1,
        "findings": [asdict(each) for each in found],
        "broken_plugins": [asdict(each) for each in broken],
    }


def _lines(found: tuple[Finding, ...], broken: tuple[Broken, ...], width: int) -> Iterator[str]:
    for each in found:
        yield f"{click.style(f'{each.severity:<6}', fg=_COLOURS[each.severity])}  {each.what}"
        yield from wrapped(each.evidence, width, indent=_INDENT)
        yield from wrapped(f"-> {each.advice}", width, indent=_INDENT)
    for plugin in broken:
        first, *rest = wrapped(str(plugin), width, indent=_INDENT)
        yield f"{click.style('plugin', fg='red')}  {first.strip()}"
        yield from rest
    if not found and not broken:
        yield "Nothing was found that disturbs measurements here."
    else:
        yield ""
        yield "high: wrong by tens of per cent; medium: numbers scatter; low: good to know."
