"""``hwperf doctor``. This module shows what disturbs measurements on this machine."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from dataclasses import asdict

import click

from hwperf.host.noise import Finding, findings
from hwperf.plugins import Broken, load

__all__ = ["doctor_command"]

_COLOURS = {"high": "red", "medium": "yellow", "low": "cyan"}
_MAX_COLUMNS = 100  # a longer line is harder to read than a wrapped one


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor_command(as_json: bool) -> int:
    """Show what disturbs measurements here, with evidence and what to do; changes nothing."""
    found, broken = findings(), load().broken
    if as_json:
        click.echo(json.dumps(_record(found, broken), indent=1))
    else:
        click.echo("\n".join(_lines(found, broken, shutil.get_terminal_size((80, 24)).columns)))
    return 0


def _record(found: tuple[Finding, ...], broken: tuple[Broken, ...]) -> dict[str, object]:
    return {
        "schema": 1,
        "findings": [asdict(each) for each in found],
        "broken_plugins": [asdict(each) for each in broken],
    }


def _lines(found: tuple[Finding, ...], broken: tuple[Broken, ...], columns: int) -> Iterator[str]:
    width = min(columns, _MAX_COLUMNS)
    for each in found:
        yield f"{click.style(f'{each.severity:<6}', fg=_COLOURS[each.severity])}  {each.what}"
        yield from _wrapped(each.evidence, width)
        yield from _wrapped(f"-> {each.advice}", width)
    for plugin in broken:
        yield f"{click.style('plugin', fg='red')}  {plugin}"
    if not found and not broken:
        yield "Nothing was found that disturbs measurements here."
    else:
        yield ""
        yield "high: wrong by tens of per cent; medium: numbers scatter; low: good to know."


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(
        words, width, initial_indent=" " * 8, subsequent_indent=" " * 8, break_on_hyphens=False
    )
