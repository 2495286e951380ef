"""``hwperf info``. This module shows the facts about this machine, each with its source."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import click

from hwperf.host import Fact, collect
from hwperf.units import format_bytes, format_quantity

__all__ = ["info_command"]

_NAME_COLUMNS = 22
_MAX_COLUMNS = 100  # a longer line is harder to read than a wrapped one


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def info_command(as_json: bool) -> int:
    """Show what this machine is: every fact with its source, or why it is not available."""
    groups = collect()
    if as_json:
        click.echo(json.dumps(_record(groups), indent=1))
    else:
        click.echo("\n".join(_lines(groups, shutil.get_terminal_size((80, 24)).columns)))
    return 0


def _record(groups: Mapping[str, tuple[Fact, ...]]) -> dict[str, object]:
    return {
        "schema": 1,
        "facts": {group: [asdict(each) for each in facts] for group, facts in groups.items()},
    }


def _lines(groups: Mapping[str, tuple[Fact, ...]], columns: int) -> Iterator[str]:
    columns = min(columns, _MAX_COLUMNS)
    for group, facts in groups.items():
        yield click.style(group, bold=True)
        for each in facts:
            yield from _fact_lines(each, columns)
    yield ""
    yield "[...] is the source of a fact; 'hwperf doctor' says what disturbs measurements here."


def _fact_lines(shown: Fact, columns: int) -> Iterator[str]:
    """Yield the name and the value, wrapped under it, then the source or the reason for none."""
    indent = " " * (_NAME_COLUMNS + 2)
    width = max(20, columns - len(indent))
    note = f"[{shown.source}]" if shown.value is not None else shown.why
    values = _values(shown)
    if len(values) == 1 and len(values[0]) + 2 + len(note) <= width:
        lines = [f"{values[0]}  {click.style(note, dim=True)}"]
    else:
        lines = [line for value in values for line in _wrapped(value, width)]
        lines += [click.style(line, dim=True) for line in _wrapped(note, width)]
    yield f"  {shown.name:<{_NAME_COLUMNS}}{lines[0]}"
    for line in lines[1:]:
        yield indent + line


def _wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(words, width, subsequent_indent="  ", break_on_hyphens=False) or [""]


def _values(shown: Fact) -> list[str]:
    """Return the value as people read it: one item, or one for each line of a list."""
    value = shown.value
    if value is None:
        return ["n/a"]
    if isinstance(value, tuple):
        short = ", ".join(value) or "none"
        return list(value) if any(" " in item for item in value) else [short]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, str):
        return [value]
    if shown.unit == "B":
        return [format_bytes(int(value))]
    return [format_quantity(value, shown.unit) if shown.unit else f"{value:g}"]
