"""``hwperf run``. This module runs the suite through asv, shows its progress and sums it up."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from hwperf.asv import configuration, variants
from hwperf.asv.plan import plan
from hwperf.asv.run import Event, Outcome, publish, run
from hwperf.cli import completion, storing
from hwperf.cli.broken import report_broken
from hwperf.cli.device import announcement as torch_announcement
from hwperf.cli.device import choose as choose_device
from hwperf.cli.device import option as device_option
from hwperf.cli.exit_codes import FINDING, FINE, INTERRUPTED, UNMEASURED
from hwperf.cli.layout import columns, wrapped
from hwperf.cli.next_steps import Ended, show
from hwperf.cli.progress import Progress
from hwperf.cli.selection import shown_params
from hwperf.host import storage
from hwperf.plugins import load
from hwperf.report.readings import Reading, Readings
from hwperf.report.summary import summary
from hwperf.units import format_duration, format_quantity

__all__ = ["run_command"]

_ASV_POINTS_FAILED = 2
_MOST_LISTED = 12  # Points; more are summed up only.


@click.command("run")
@click.option(
    "-k", "patterns", multiple=True, metavar="REGEX",
    shell_complete=completion.patterns,
    help="Only points whose id and parameters match; may be repeated.",
)  # fmt: skip
@click.option(
    "--quick",
    "profile",
    flag_value="quick",
    default="quick",
    help="About a seventh of a second per point (the default).",
)
@click.option(
    "--full", "profile", flag_value="full", help="Some twenty times the budget, two rounds."
)
@click.option("--dry-run", is_flag=True, help="Show what would be measured; measure nothing.")
@click.option("--publish", "and_publish", is_flag=True, help="Write the pages afterwards.")
@click.option(
    "--env", default="host", show_default=True, metavar="ENV",
    help="asv's environment: host is this interpreter.",
)  # fmt: skip
@click.option(
    "--config", default="asv.conf.json", show_default=True, type=click.Path(path_type=Path),
    help="asv's configuration.",
)  # fmt: skip
@storing.options
@click.option("--engine", type=click.Choice(variants.ENGINES), help="What measures storage.")
@device_option
def run_command(
    patterns: tuple[str, ...],
    profile: str,
    dry_run: bool,
    and_publish: bool,
    env: str,
    config: Path,
    path: Path | None,
    target: str | None,
    engine: str | None,
    device: str | None,
) -> int:
    """Measure the suite with asv and keep the results; Ctrl-C keeps what was measured.

    Exits with 0, with 1 if a point failed or was impossible, 3 if nothing could be measured or asv
    did not get to the end, 130 if interrupted.
    """
    report_broken(load())
    variants.choose_engine(engine)
    choose_device(device)
    storing.choose(path, target, config)
    if engine == "fio" and not patterns:
        patterns = (variants.FIO_MEASURES,)
    if (path or target) and variants.of().get(variants.TARGET) and not patterns:
        patterns = ("^storage",)
    if device and not patterns:
        patterns = ("^transfer",)
    progress = Progress(sys.stderr, is_quiet=dry_run)
    _announce(patterns, profile, config)
    with progress:
        outcome = run(
            config,
            bench=patterns,
            profile=profile,
            env=env,
            dry_run=dry_run,
            on_event=progress.show,
        )
    if dry_run:
        _show_plan(outcome, progress.start)
        return 0
    if outcome.records:
        click.echo("\n".join([*_block(outcome), *_few(outcome.records)]))
    if outcome.exit_code not in (FINE, INTERRUPTED) and not outcome.records:
        click.echo(outcome.output.rstrip(), err=True)
    if outcome.exit_code < 0:
        click.echo(f"hwperf: asv was ended by {_signal(-outcome.exit_code)}", err=True)
    _show_bad(outcome)
    if outcome.records and env == "host" and not outcome.is_interrupted:
        _show_missing(outcome)
    if outcome.is_interrupted:
        click.echo(
            f"hwperf: interrupted; {len(outcome.records)} measured points are kept", err=True
        )
    elif and_publish:
        click.echo(f"pages: {publish(config, on_event=progress.show)}")
    if _has_value(outcome) and env == "host" and not outcome.is_interrupted:
        _show_card(config)
    is_default = config == Path("asv.conf.json")
    show("run", _ended(outcome, and_publish, None if is_default else str(config)))
    return _exit_code(outcome)


def _show_card(config: Path) -> None:
    """Print the head of the card of what was just recorded."""
    from hwperf.report import card
    from hwperf.report.card.choice import chosen

    def say(sentence: str) -> None:
        click.echo(f"hwperf: {sentence}", err=True)

    found = chosen(configuration.load(config).results_dir, is_whole=False, warn=say)
    shown = None if found is None else card.card_of(found)
    if shown is None or not any(judged.is_measurable for judged in shown.judged):
        return  # A few points of a suite that say nothing of any claim.
    click.echo("\n".join(["", *card.block(shown, columns())]))
    click.echo("Each claim beside this machine: 'hwperf card', 'hwperf claims'.")


def _exit_code(outcome: Outcome) -> int:
    """Return hwperf's own code: asv has 1 for what could not be run, 2 for points that failed."""
    if outcome.is_interrupted:
        return INTERRUPTED
    if _bad(outcome) or outcome.exit_code == _ASV_POINTS_FAILED:
        return FINDING
    return FINE if outcome.exit_code == 0 and _has_value(outcome) else UNMEASURED


def _ended(outcome: Outcome, is_published: bool, config: str | None) -> Ended:
    bad = _bad(outcome)
    return Ended(
        bad=(bad[0]["id"], bad[0]["params"]) if bad else None,
        n_measured=sum(record["value"] is not None for record in outcome.records),
        n_noisy=sum(record["verdict"] == "noisy" for record in outcome.records),
        is_interrupted=outcome.is_interrupted,
        is_published=is_published and not outcome.is_interrupted,
        config=config,
    )


def _bad(outcome: Outcome) -> list[Mapping[str, Any]]:
    return [r for r in outcome.records if r["verdict"] in ("failed", "impossible")]


def _has_value(outcome: Outcome) -> bool:
    return any(record["value"] is not None for record in outcome.records)


def _announce(patterns: tuple[str, ...], profile: str, config: Path) -> None:
    """Say what will be written, before it is."""
    if storage.DIRECTORY not in os.environ:
        results = configuration.load(config).results_dir
        place = results if results.is_dir() else config.absolute().parent
        os.environ[storage.DIRECTORY] = str(place)
    points = plan(load().workloads.values(), patterns)
    words = storing.announcement([point.id for point in points if not point.reason], profile)
    for line in (words, torch_announcement(point.id for point in points)):
        if line:
            click.echo(f"hwperf: {line}", err=True)


def _show_plan(outcome: Outcome, start: Event | None) -> None:
    width = columns()
    # By name: the median and the tail of a point are one measurement.
    reasons = {_name({"id": p.id, "params": dict(p.params)}): p.reason for p in outcome.points}
    for name, reason in reasons.items():
        note = f"  n/a: {reason}" if reason else ""
        click.echo("\n".join(wrapped(f"{name}{note}", width, hanging=4)))
    if start is not None:
        count = sum(reason is None for reason in reasons.values())
        click.echo(f"{count} points, about {format_duration(start.left_s)}")


def _signal(number: int) -> str:
    import signal

    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _block(outcome: Outcome) -> list[str]:
    from hwperf.asv.machine import describe
    from hwperf.host.caches import caches

    machine = describe()
    reported = {
        cache.level: cache.size_bytes
        for cache in caches(cpu=0)
        if cache.kind != "instruction" and cache.size_bytes
    }
    title = (
        f"{machine['cpu']}, {machine['num_cpu']} CPUs, {machine['ram']}, {machine['os']}; "
        f"{format_duration(outcome.wall_s)}"
    )
    readings = [_reading(record) for record in outcome.records]
    return summary(Readings(readings), machine=title, reported=reported)


def _few(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each point where somebody measured but a few."""
    # By name: of a point with a tail there are two records, and of several rounds more.
    measured = {_name(record): record for record in records if record["value"] is not None}
    if len(measured) > _MOST_LISTED:
        return []
    return [f"{name}  {format_quantity(r['value'], r['unit'])}" for name, r in measured.items()]


def _name(record: Mapping[str, Any]) -> str:
    return f"{record['id']}  {shown_params(record['params'])}".rstrip()


def _reading(record: Mapping[str, Any]) -> Reading:
    ratios = {name: each["ratio"] for name, each in record.get("against", {}).items()}
    placement = record.get("placement", {}).get("tag", "")
    return Reading(
        record["id"], record["params"], record["value"], record["verdict"], ratios, placement
    )


def _show_bad(outcome: Outcome) -> None:
    """Name the points whose value was dropped, with the reason."""
    if not _has_value(outcome):
        _show_unplanned(outcome)
    for record in _bad(outcome):
        _complain(f"{_name(record)}: {record['verdict']}: {record['reason']}")


def _show_unplanned(outcome: Outcome) -> None:
    """Say why points turned out n/a that looked as if they could be measured."""
    planned = {_name({"id": p.id, "params": p.params}): p.reason for p in outcome.points}
    reasons: dict[str, list[str]] = {}
    for record in outcome.records:
        if record["verdict"] == "n/a" and planned.get(_name(record)) is None:
            reasons.setdefault(record["reason"], []).append(_name(record))
    for reason, names in list(reasons.items())[:_MOST_LISTED]:
        count = len(set(names))
        _complain(f"{names[0]}{f' and {count - 1} more' if count > 1 else ''}: n/a: {reason}")


def _show_missing(outcome: Outcome) -> None:
    """Name the points that were begun and never ended."""
    seen = {_name(record) for record in outcome.records}
    planned = [_name({"id": p.id, "params": p.params}) for p in outcome.points if not p.reason]
    missing = [name for name in dict.fromkeys(planned) if name not in seen]
    for name in missing[:_MOST_LISTED]:
        _complain(f"{name}: failed: its process was killed or took too long, no result")
    if len(missing) > _MOST_LISTED:
        _complain(f"and {len(missing) - _MOST_LISTED} more points without a result")


def _complain(words: str) -> None:
    click.echo("\n".join(wrapped(f"hwperf: {words}", columns(), hanging=4)), err=True)
