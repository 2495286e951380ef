"""From results to a report. This module finds what the gate reads, and has it judged."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from re import Pattern

from hwperf.asv import configuration
from hwperf.errors import UsageError
from hwperf.history import floor
from hwperf.history import order as orders
from hwperf.history import series as all_series
from hwperf.history.gate import accept
from hwperf.history.gate import settings as all_settings
from hwperf.history.gate.asked import missing
from hwperf.history.gate.classify import Floors
from hwperf.history.gate.findings import KINDS, Finding, Report, Stale
from hwperf.history.gate.judge import Judged, judge
from hwperf.history.gate.settings import Settings
from hwperf.history.order import Order

__all__ = ["Inputs", "examine", "inputs_of", "ranked"]

Warn = Callable[[str], None]
Recheck = Callable[[Sequence[Finding], Settings], Sequence[Finding]]

_STATUSES = ("new", "reopened", "accepted", "recovered")


@dataclass(frozen=True)
class Inputs:
    """Where everything is.

    Attributes:
        results_dir: asv's directory of results.
        accept_path: the file of accepted changes.
        settings: how to judge.
        order: the order of commits.
        conf_path: asv.conf.json, None where there is none.
        suite_dir: the benchmarks, for where each is defined; None where nobody knows.
    """

    results_dir: Path
    accept_path: Path
    settings: Settings
    order: Order
    conf_path: Path | None = None
    suite_dir: Path | None = None


def inputs_of(
    *,
    results: Path | None = None,
    config: Path | None = None,
    repo: Path | None = None,
    order: Path | None = None,
    warn: Warn = lambda sentence: None,
) -> Inputs:
    """Find what the gate reads.

    Args:
        results: asv's directory of results; where the configuration says, if None.
        config: asv.conf.json; the one in the current directory, if None and *results* lies below.
        repo: the repository of the commits; where the configuration says, if None.
        order: a file with the order of the commits, in place of the repository.
        warn: told of what is missing.

    Raises:
        UsageError: if there is no configuration and no *results*, or something cannot be read. A
            configured directory that is not there yet holds too little data, and no mistake.
    """
    path = config or _configuration(results)
    conf = configuration.load(path) if path is not None else None
    results_dir = results if results is not None else conf.results_dir if conf else Path("results")
    if results is not None and not results_dir.is_dir():
        raise UsageError(
            f"{results_dir} is not there, or no directory. Name asv's results with --results,"
            " or measure first: 'asv run'."
        )
    directory = accept.directory_of(path)
    settings = all_settings.read(path, directory)
    # Without a configuration: results are often kept in the repository that they are of.
    chosen = repo or (_repository(conf) if conf else results_dir)
    known = orders.find(chosen, order, warn if repo is None else lambda sentence: None)
    if repo is not None and known is orders.BY_DATE:
        raise UsageError(f"{repo} is no git repository with a commit. Name one with --repo.")
    return Inputs(
        results_dir=results_dir,
        accept_path=directory / settings.accept_file,
        settings=settings,
        order=known,
        conf_path=path,
        suite_dir=conf.benchmark_dir if conf else None,
    )


def _configuration(results: Path | None) -> Path | None:
    """Return the configuration of the current directory, None where *results* are not its own."""
    default = Path("asv.conf.json")
    if results is None:
        return default
    is_below = results.resolve().is_relative_to(Path.cwd().resolve())
    return default if is_below and default.is_file() else None


def _repository(conf: configuration.Configuration) -> Path | None:
    """Return the directory of the commits: asv clones a URL beside its configuration."""
    root = conf.path.parent
    if (root / conf.repo).is_dir():
        return root / conf.repo
    clones = [path for path in sorted(root.glob("*")) if (path / "HEAD").is_file()]
    return clones[0] if len(clones) == 1 else None


def examine(
    inputs: Inputs,
    *,
    since: str | None = None,
    machine: str | None = None,
    environment: str | None = None,
    bench: Pattern[str] | None = None,
    warn: Warn = lambda sentence: None,
    recheck: Recheck | None = None,
    today: datetime.date | None = None,
) -> Report:
    """Judge the results.

    Args:
        inputs: where everything is.
        since: a commit; only changes behind it count. All without one.
        machine: only this machine's.
        environment: only this environment's.
        bench: only benchmarks in whose name this is found.
        warn: told of what is passed over.
        recheck: measures findings again and returns what they then are.
        today: the day for entries that expire.

    Raises:
        UsageError: if *since* is no commit, or a file cannot be read.
    """
    accepted = accept.read(inputs.accept_path)
    base = inputs.order.resolve(since) if since is not None else ""
    found = all_series.load(
        inputs.results_dir,
        order=inputs.order,
        machine=machine,
        environment=environment,
        bench=bench,
        warn=warn,
    )
    places = {c: int(p) for s in found for c, p in zip(s.commits, s.places, strict=True)}
    judged = judge(
        found,
        inputs.settings,
        after=_place_of(base, inputs.order, places) if base else -1,
        place_of=cache(lambda rev: _place_named(rev, inputs.order, places, warn)),
        floors=_floors(inputs.results_dir),
    )
    findings: Sequence[Finding] = judged.findings
    if recheck is not None:
        findings = recheck(findings, inputs.settings)
    day = today or datetime.date.today()
    told, stale = accept.applied(findings, accepted, inputs.settings, day)
    is_part = machine is not None or environment is not None or bench is not None
    if is_part and not found:
        every = all_series.load(inputs.results_dir, order=inputs.order)
        for sentence in missing(every, machine, environment, bench):
            warn(sentence)
    head = max(places, key=lambda commit: places[commit], default="")
    guessed = sorted({s.key.benchmark for s in found if s.is_guessed})
    warnings = [f"the direction of {_named(guessed)} is guessed from the unit"] if guessed else []
    return _report(judged, told, [] if is_part or base else stale, inputs, base, head, warnings)


def _report(
    judged: Judged, findings: Sequence[Finding], stale: Sequence[Stale], inputs: Inputs,
    since: str, head: str, warnings: Sequence[str],
) -> Report:  # fmt: skip
    failing = [finding for finding in findings if finding.fails]
    if failing:
        verdict, code = "fail", 1
        regressions = sum(f.kind == "regression" for f in failing)
        why = f"{_count(regressions, 'regression')}" if regressions else "findings that fail"
        others = len(failing) - regressions
        why += f" and {_count(others, 'other finding')} that fail" if regressions and others else ""
    elif judged.n_judged == 0:
        verdict, code = "insufficient", 3
        why = _too_little(judged, since)
    else:
        verdict, code, why = "pass", 0, "no regression that fails"
    return Report(
        findings=ranked(findings),
        verdict=verdict,
        exit_code=code,
        results=str(inputs.results_dir),
        since=since,
        head=head,
        n_series=len(judged.tested),
        n_points=judged.n_points,
        n_judged=judged.n_judged,
        stale=stale,
        settings=inputs.settings,
        warnings=tuple(warnings),
        why=why,
        tested=judged.tested,
    )


def _too_little(judged: Judged, since: str) -> str:
    if not judged.tested:
        return "there are no results of what was asked for"
    if judged.n_points == 0:
        return "nothing was measured: every point failed or is n/a"
    behind = f" and one behind {since[:8]}" if since else ""
    return (
        f"no series has the {judged.fewest} measured points{behind} that a judgement needs;"
        " two commits alone are compared by 'hwperf ab'"
    )


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Return *findings*, the gravest first.

    Those that fail come first, then by kind; among equals, by the size that a change has at least
    (the near end of its interval), which is certainty and size in one.
    """
    kinds = list(KINDS)

    def rank(finding: Finding) -> tuple[object, ...]:
        low, high = finding.change_interval
        least = 0.0
        if math.isfinite(low) and low * high > 0:
            least = min(abs(math.log1p(low)), abs(math.log1p(high))) if low > -1 else math.inf
        return (
            not finding.fails, _STATUSES.index(finding.status), kinds.index(finding.kind),
            -least, finding.q_value, finding.members[0].series.key, finding.id,
        )  # fmt: skip

    return sorted(findings, key=rank)


def _place_of(commit: str, order: Order, places: Mapping[str, int]) -> int:
    """Return the place of the newest measured commit that is not newer than *commit*, else -1."""
    if commit in places:
        return places[commit]
    limit = order.index(commit)
    if limit is None:
        return -1
    older = [p for c, p in places.items() if (i := order.index(c)) is not None and i <= limit]
    return max(older, default=-1)


def _place_named(rev: str, order: Order, places: Mapping[str, int], warn: Warn) -> int:
    try:
        return _place_of(order.resolve(rev), order, places)
    except UsageError as error:
        warn(f"regressions_first_commits is passed over: {error}")
        return -1


def _floors(results_dir: Path) -> Floors:
    known = floor.load(results_dir)
    return {(*k, found.version): found.change for k, found in known.items() if found.change}


def _named(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def with_failing(inputs: Inputs, fail_on: Sequence[str]) -> Inputs:
    """Return *inputs* with other findings that fail."""
    return replace(inputs, settings=replace(inputs.settings, fail_on=tuple(fail_on)))
