"""``hwperf measure``. This module measures one workload in this process and prints it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import click

from hwperf.asv import variants
from hwperf.cli import completion, storing
from hwperf.cli.device import choose as choose_device
from hwperf.cli.device import option as device_option
from hwperf.cli.exit_codes import FINDING, FINE, UNMEASURED
from hwperf.cli.layout import columns, flowed, wrapped
from hwperf.cli.next_steps import Ended, show
from hwperf.cli.progress import Progress
from hwperf.cli.selection import points_of, shown_params
from hwperf.errors import UsageError
from hwperf.measure import FULL, Result, measure
from hwperf.plugins import load
from hwperf.units import UNITS, format_quantity, parse_seconds
from hwperf.work import Figure

__all__ = ["measure_command"]

_INDENT = 4
_SET_UP_S = 1.0  # Of a point, until the first ones have shown how long one takes.


@click.command("measure")
@click.argument("id", shell_complete=completion.workload_ids)
@click.option(
    "-p", "--param", "given", multiple=True, metavar="NAME=VALUE",
    shell_complete=completion.parameters, help="Only this value of a parameter; may be repeated.",
)  # fmt: skip
@click.option(
    "--budget", default="1s", show_default=True, metavar="TIME", help="Measuring time per point."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per point.")
@storing.options
@click.option("--engine", type=click.Choice(variants.ENGINES), help="What measures storage.")
@device_option
def measure_command(
    id: str,
    given: tuple[str, ...],
    budget: str,
    as_json: bool,
    path: Path | None,
    target: str | None,
    engine: str | None,
    device: str | None,
) -> int:
    """Measure the workload ID here and now, every point or those that -p selects.

    Exits with 1 if a point failed or was impossible, 3 if not one could be measured.
    """
    registry = load()
    profile = FULL.with_budget(parse_seconds(budget))
    try:
        workload = registry.find(id)
    except UsageError as error:
        causes = "".join(f"\nhwperf: {broken}" for broken in registry.broken)
        raise UsageError(f"{error}{causes}") from None
    variants.choose_engine(engine)
    choose_device(device)
    storing.choose(path, target, Path("asv.conf.json"))
    words = storing.announcement([workload.id], profile.name)
    if words:
        click.echo(f"hwperf: {words}", err=True)
    points, results = points_of(workload, given), list[Result]()
    begin = time.monotonic()
    with Progress(sys.stderr) as progress:
        for done, params in enumerate(points):
            pace = (time.monotonic() - begin) / done if done else profile.budget_s + _SET_UP_S
            name = f"{workload.id} {shown_params(params)}".rstrip()
            progress.begin(done, len(points), (len(points) - done) * pace, name)
            with redirect_stdout(sys.stderr):  # What a workload prints is no result.
                result = measure(workload, params, profile=profile)
            results.append(result)
            progress.clear()
            click.echo(
                json.dumps(result.to_json(), allow_nan=False)
                if as_json
                else "\n".join(_lines(result, columns()))
            )
    ended = _ended(workload.id, results)
    if not as_json:
        show("measure", ended)
    if ended.bad:
        return FINDING
    return FINE if ended.n_measured else UNMEASURED


def _ended(id: str, results: Sequence[Result]) -> Ended:
    bad = [each for each in results if each.verdict in ("failed", "impossible")]
    return Ended(
        ids=(id,),
        bad=(id, bad[0].params) if bad else None,
        n_measured=sum(each.is_measured for each in results),
        n_noisy=sum(each.verdict == "noisy" for each in results),
    )


def _lines(result: Result, width: int) -> list[str]:
    """Return the point, its value before anything else, and why it is not to be trusted."""
    name = f"{result.workload_id}  {shown_params(dict(result.params))}".rstrip()
    lines = wrapped(name, width, hanging=_INDENT)
    if result.is_measured:
        lines += flowed(_parts(result), width, indent=_INDENT)
    if result.verdict != "ok":
        lines += wrapped(f"{result.verdict}: {result.reason}", width, indent=_INDENT)
    return lines


def _parts(result: Result) -> list[str]:
    unit = result.metric.unit
    low, high = result.interval or (None, None)
    parts = [
        f"{format_quantity(result.value, unit)}"
        f"  [{format_quantity(low, unit)} .. {format_quantity(high, unit)}]"
    ]
    if unit == "s" and result.cycles is not None:
        parts.append(f"{result.cycles:.{2 if result.cycles < 100 else 0}f} cycles")
    if unit == "s" and len(result.amounts) > 1 and result.cost_s:
        # With bytes beside it, it is the time per access of many that overlap: people read both.
        parts.append(format_quantity(1 / result.cost_s, "op/s"))
    parts += [shown for other in result.amounts if (shown := _beside(result, other))]
    if result.fraction_of_limit is not None:
        parts.append(f"{100 * result.fraction_of_limit:.0f} % of the limit")
    for name, ratio in result.against.items():
        low, high = ratio.interval
        parts.append(f"{ratio.value:.3g} x {name} [{low:.3g} .. {high:.3g}]")
    parts += [shown for name, figure in result.figures.items() if (shown := _figure(name, figure))]
    if "placement" in result.tags:
        latency = format_quantity(result.tags.get("core_to_core_s"), "s")
        parts.append(f"placement {result.tags['placement']}, {latency} core to core")
    for percentile, value in result.percentiles.items():
        parts.append(f"{percentile} {format_quantity(value, 's')}")
    parts.append(f"{len(result.samples)} samples, {result.n_disturbed} disturbed")
    return parts


def _figure(name: str, figure: Figure) -> str:
    """Return a figure as people read it; nothing for lists, which are kept and not printed."""
    value, words = figure.value, name.replace("_", " ")
    if value is None:
        return f"{words} n/a"
    if isinstance(value, str):
        return f"{words} {value}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{words} {'yes' if value else 'no'}" if isinstance(value, bool) else ""
    if figure.unit in UNITS:
        return f"{words} {format_quantity(value, figure.unit)}"
    number = str(value) if isinstance(value, int) else f"{value:.4g}"
    return f"{words} {number} {figure.unit}".rstrip()


def _beside(result: Result, amount: str) -> str:
    """Return the rate of an amount that is not the primary one."""
    if amount == result.metric.amount or result.cost_s is None:
        return ""
    units = {"bytes": "B/s", "flops": "FLOP/s", "ops": "op/s"}
    primary = result.amounts[result.metric.amount]
    rate = result.amounts[amount] / (primary * result.cost_s)
    return format_quantity(rate, units[amount])
