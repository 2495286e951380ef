"""``hwperf info``. This module shows the facts about this machine, and the reason for each gap."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict

import click

from hwperf import limits
from hwperf.cli.layout import columns, wrapped
from hwperf.host import Fact, collect
from hwperf.units import format_bytes, format_quantity

__all__ = ["info_command"]

_NAME_COLUMNS = 20


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, sources included.")
@click.option("--sources", is_flag=True, help="Show where each fact comes from.")
@click.option(
    "--measured", "and_measured", is_flag=True,
    help="Measure caches, line, vector units, misses in flight and cores (ten seconds).",
)  # fmt: skip
def info_command(as_json: bool, sources: bool, and_measured: bool) -> int:
    """Show what this machine is: each fact, or why it is not available."""
    groups = collect() | {"limits": limits.facts()}
    record, lines = _record(groups), list(_lines(groups, columns(), sources))
    if and_measured:
        from hwperf.cli import measured  # It loads what measuring needs.

        found = measured.detected()
        record["measured"] = [asdict(each) for each in found]
        lines = [*measured.shown(found, columns()), *lines]
    click.echo(json.dumps(record, indent=1) if as_json else "\n".join(lines))
    return 0


def _record(groups: Mapping[str, tuple[Fact, ...]]) -> dict[str, object]:
    return {
        "schema": 1,
        "facts": {group: [asdict(each) for each in facts] for group, facts in groups.items()},
    }


def _lines(
    groups: Mapping[str, tuple[Fact, ...]], width: int, sources: bool = False
) -> Iterator[str]:
    for group, facts in groups.items():
        yield click.style(group, bold=True)
        for each in facts:
            yield from _fact_lines(each, width, sources)


def _fact_lines(shown: Fact, width: int, sources: bool) -> Iterator[str]:
    """Yield the name and the value, wrapped under it, then its source where asked for."""
    indent = " " * (_NAME_COLUMNS + 2)
    width = max(20, width - len(indent))
    lines = [line for value in _values(shown) for line in _wrapped(value, width)]
    if shown.value is None:
        lines = [click.style(line, dim=True) for line in lines]
    if sources:
        lines += [click.style(line, dim=True) for line in _wrapped(f"[{shown.source}]", width)]
    yield f"  {shown.name:<{_NAME_COLUMNS - 1}} {lines[0]}"
    for line in lines[1:]:
        yield indent + line


def _wrapped(words: str, width: int) -> list[str]:
    return wrapped(words, width, hanging=2) or [""]


def _values(shown: Fact) -> list[str]:
    """Return the value as people read it: one item, or one for each line of a list."""
    value = shown.value
    if value is None:
        return [f"n/a: {shown.why}"]
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
