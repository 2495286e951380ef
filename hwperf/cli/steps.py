"""``hwperf steps``. This module finds the changes of a series that any program may have written."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from hwperf.cli.layout import columns, wrapped
from hwperf.cli.series_file import Rows, read

if TYPE_CHECKING:
    from hwperf.history import Step

__all__ = ["steps_command"]

_TOO_FEW = 3


@click.command("steps")
@click.argument("series", metavar="SERIES.csv")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array, one object a change.")
def steps_command(series: str, as_json: bool) -> int:
    """Find the steps and drifts in SERIES.csv: a column value, and time, low, high if you like.

    `-` reads standard input. Ends with 1 if something changed, 3 with too few points to tell.
    """
    from hwperf.history import steps
    from hwperf.history.detection.detector import FEWEST

    rows = read(series)
    if rows.is_unsorted:
        _warn(f"{rows.name}: not in order of time; sorted, and an index counts in that order.")
    found = steps(rows.values, times=rows.times, low=rows.low, high=rows.high)
    usable = rows.usable
    if as_json:
        click.echo(json.dumps([step.to_json() for step in found], allow_nan=False))
    if usable < FEWEST:
        _warn(
            f"{rows.name}: {usable} usable point{'' if usable == 1 else 's'}, and a change needs "
            f"{FEWEST}: four before it and four after. Measure more often."
        )
        return _TOO_FEW
    if not as_json:
        click.echo("\n".join(_lines(found, rows)))
    return 1 if found else 0


def _warn(sentence: str) -> None:
    for line in wrapped(sentence, columns()):
        click.echo(line, err=True)
    sys.stderr.flush()


def _lines(found: list[Step], rows: Rows) -> Iterator[str]:
    points = f"{rows.usable} points"
    if rows.usable != len(rows.values):
        points += f", {len(rows.values) - rows.usable} missing"
    if not found:
        yield f"Nothing changed ({points})."
        return
    yield "  index  kind      change  95 % interval          certainty  where"
    for step in found:
        low, high = step.interval
        interval = f"{_change(low)} to {_change(high)}"
        first, last = step.location
        where = f"{first} to {last}" if first != last else f"{first}"
        yield (
            f"{step.index:>7}  {step.kind:<5}  {_change(step.ratio):>9}  {interval:<21}  "
            f"{_certainty(step.certainty):<9}  {where}"
        )
    yield ""
    yield from wrapped(
        f"{points}. A step's index is the first point at the new level, counted from 0"
        f"{' in order of time' if rows.times is not None else ''}; 'where' is where it may well "
        "begin, or from where to where the level drifts.",
        columns(),
    )


def _change(ratio: float) -> str:
    """Return a ratio as people say it: per cent where it is small, times where it is large."""
    if ratio != ratio:
        return "n/a"
    if 0 < ratio < 3:
        return f"{(ratio - 1) * 100:+.1f} %"
    return f"x {ratio:.3g}"


def _certainty(certainty: float) -> str:
    return "> 0.9999" if certainty > 0.9999 else f"{certainty:.4f}"
