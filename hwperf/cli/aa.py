"""``hwperf aa``. This module has a suite measured against itself and shows what change is noise."""

from __future__ import annotations

import json
import re
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hwperf.cli.exit_codes import FINE, INTERRUPTED, UNMEASURED
from hwperf.cli.next_steps import Ended, show
from hwperf.cli.rounds import Teller, as_percent, counted, parse_change, shortened
from hwperf.errors import UsageError
from hwperf.units import format_duration, parse_seconds

if TYPE_CHECKING:
    from hwperf.history.floor.session import Learned, Session

__all__ = ["SCHEMA", "aa_command", "as_json"]

SCHEMA = "hwperf.aa/1"
_MOST_LISTED = 40  # Metrics; of more, the noisiest are.
_MOST_FAILED = 12


@click.command("aa")
@click.option(
    "-k", "patterns", multiple=True, metavar="REGEX",
    help="Only benchmarks that match; may be repeated.",
)  # fmt: skip
@click.option(
    "--rounds", "count", type=click.IntRange(3, 1000), default=6, show_default=True, metavar="N",
    help="Runs of the suite.",
)  # fmt: skip
@click.option("--target", metavar="CHANGE", help="Say how many rounds show this change, e.g. 1%.")
@click.option("--pause", metavar="TIME", help="Wait so long between rounds, e.g. 5min.")
@click.option(
    "--quick", "profile", flag_value="quick", default="quick",
    help="hwperf's quick profile (the default).",
)  # fmt: skip
@click.option("--full", "profile", flag_value="full", help="hwperf's full profile.")
@click.option("--env", metavar="ENV", help="asv's environment, as after asv run -E.")
@click.option(
    "--config", default="asv.conf.json", show_default=True, type=click.Path(path_type=Path),
    help="asv's configuration, of any suite.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show what would be measured; measure nothing.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def aa_command(
    patterns: tuple[str, ...],
    count: int,
    target: str | None,
    pause: str | None,
    profile: str,
    env: str | None,
    config: Path,
    dry_run: bool,
    is_json: bool,
) -> int:
    """Measure a suite against itself and keep what change is noise; Ctrl-C keeps what is known.

    Exits with 0, 3 if there is no floor to tell, 130 if interrupted.
    """
    from hwperf.history.floor.session import learn

    wanted = None if target is None else parse_change(target)
    pause_s = 0.0 if pause is None else parse_seconds(pause)
    for pattern in patterns:
        _require_regex(pattern)
    expected_s = _expected(config, patterns, profile, env)
    if dry_run:
        _show_plan(config, patterns, profile, env, count, pause_s, expected_s)
        return FINE
    with Teller(sys.stderr) as teller:
        session = learn(
            config, count=count, env=env, bench=patterns, profile=profile, pause_s=pause_s,
            expected_s=expected_s, tell=teller.show,
        )  # fmt: skip
    if is_json:
        click.echo(json.dumps(as_json(session, wanted), indent=2, allow_nan=False))
    elif session.floors:
        click.echo("\n".join(_text(session, wanted)))
    for name in session.failed[:_MOST_FAILED]:
        click.echo(f"hwperf: {shortened(name)}: failed", err=True)
    if len(session.failed) > _MOST_FAILED:
        click.echo(f"hwperf: and {len(session.failed) - _MOST_FAILED} more failed", err=True)
    if session.is_interrupted:
        kept = f"; {session.path} keeps what is known" if session.path else ""
        done = counted(session.rounds, "round")
        click.echo(f"hwperf: interrupted after {done}{kept}", err=True)
        return INTERRUPTED
    if not session.floors:
        click.echo("hwperf: nothing has a value in three rounds, so there is no floor", err=True)
        return UNMEASURED
    if not is_json:
        show("aa", Ended())
    return FINE


def as_json(session: Session, target: float | None) -> dict[str, Any]:
    """Return what ``--json`` prints of *session*."""
    from hwperf.history.floor.power import ALPHA, POWER

    return {
        "schema": SCHEMA,
        "machine": session.machine,
        "commit": session.commit,
        "began": session.began,
        "rounds": session.rounds,
        "interrupted": session.is_interrupted,
        "alpha": ALPHA,
        "power": POWER,
        "target": target,
        "kept": None if session.path is None else str(session.path),
        "metrics": [_metric(key[0], each, target) for key, each in session.metrics.items()],
        "failed": list(session.failed),
    }


def _metric(environment: str, learned: Learned, target: float | None) -> dict[str, Any]:
    from hwperf.history.floor.power import rounds_needed

    point, floor = learned.measurement.point, learned.floor
    sd = None if floor is None else floor.sd
    reason = "" if floor is None or floor.change is not None else "fewer than 3 rounds"
    change = None if floor is None else floor.change
    return {
        "benchmark": point.benchmark,
        "workload": point.workload,
        "params": dict(point.params),
        "environment": environment,
        "version": point.version,
        "unit": point.unit,
        "rounds": None if floor is None else floor.rounds,
        "values": None if floor is None else list(floor.values),
        "sd": sd,
        "sd_high": None if floor is None else floor.sd_high,
        "change": None if change is None or change == float("inf") else change,
        "rounds_needed": None if sd is None or target is None else rounds_needed(sd, target),
        "reason": reason if floor is not None else "a value is 0 or below, which has no ratio",
    }


def _text(session: Session, target: float | None) -> list[str]:
    from hwperf.asv.rounds import name_of
    from hwperf.history.floor.power import rounds_needed

    goal = target or 0.01
    floors = session.floors
    ordered = sorted(floors, key=lambda key: -(floors[key].change or 0.0))
    changes = [floor.change or 0.0 for floor in floors.values()]
    lines = [
        f"noise floor of {session.machine} at {session.commit[:8]}: "
        f"{counted(len(floors), 'metric')}, {counted(session.rounds, 'round')}, "
        f"{format_duration(session.wall_s)}",
        f"change: what as many rounds again would show; for {as_percent(goal)}: rounds on a side",
        "",
        f"{'change':>8}  {'for ' + as_percent(goal):>10}  metric",
    ]
    for key in ordered[:_MOST_LISTED]:
        floor = floors[key]
        needed = rounds_needed(floor.sd or 0.0, goal)
        shown = "> 100000" if needed is None else str(needed)
        name = shortened(name_of(session.metrics[key].measurement))
        lines.append(f"{as_percent(floor.change):>8}  {shown:>10}  {name}")
    if len(ordered) > _MOST_LISTED:
        lines.append(f"and {len(ordered) - _MOST_LISTED} quieter ones; --json has all")
    unsuited = sum(each.floor is None for each in session.metrics.values())
    lines += ["", f"half of them show a change of {as_percent(statistics.median(changes))} or less"]
    if unsuited:
        lines.append(f"{unsuited} have values of 0 or below, which have no ratio")
    return [*lines, f"kept in {session.path}"]


def _show_plan(
    config: Path,
    patterns: tuple[str, ...],
    profile: str,
    env: str | None,
    count: int,
    pause_s: float,
    expected_s: float | None,
) -> None:
    from hwperf.asv import configuration
    from hwperf.asv.machine import describe
    from hwperf.history.floor.store import path_of

    conf = configuration.load(config)
    environment = env or _default(conf) or "what the configuration says"
    click.echo(f"{count} rounds of {conf.path}, environment: {environment}")
    click.echo(f"benchmarks: {' or '.join(patterns) if patterns else 'all'}")
    if expected_s is not None:
        whole = count * expected_s + (count - 1) * pause_s
        click.echo(
            f"about {format_duration(expected_s)} a round ({profile}), {format_duration(whole)} in"
            " all"
        )
    click.echo(f"floors go to {path_of(conf.results_dir, describe()['machine'])}")


def _expected(
    config: Path, patterns: tuple[str, ...], profile: str, env: str | None
) -> float | None:
    """Return the seconds of a round of hwperf's own suite; None of any other."""
    from hwperf import plugins
    from hwperf.asv import configuration
    from hwperf.asv.benchmark import PROFILE, profile_of
    from hwperf.asv.plan import estimate, plan

    if _default(configuration.load(config)) is None:
        return None
    points = plan(plugins.load().workloads.values(), patterns)
    return estimate(points, profile_of({PROFILE: profile})) if points else None


def _default(conf: Any) -> str | None:
    from hwperf.history.floor.session import default_env

    place = conf.path.parent / conf.repo
    return default_env(place) if place.is_dir() else None


def _require_regex(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"{pattern!r} is no regular expression: {error}. Expected e.g. memory.latency"
        ) from error
