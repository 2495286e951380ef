"""A second look. This module measures what was found again, and believes only what shows twice.

The newest commit of each finding is run once more through asv, on this machine, into a scratch
directory: the results stay as they are. What is seen again is a regression, whether one point or
twenty were behind it; what is not is possible, and fails nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hwperf.asv.rounds import Key, NotMeasured, Visit, require_runs, visit
from hwperf.asv.scratch import scratch
from hwperf.errors import UsageError
from hwperf.history.gate.classify import fails, rerun_of
from hwperf.history.gate.findings import Finding
from hwperf.history.gate.settings import Settings

__all__ = ["recheck"]

_HALF = 0.5
"""Share of a change that must show again: halfway between the old level and the new one."""

Measure = Callable[[Path, str, str | None, Sequence[str], Path], Visit]
Group = tuple[str, str, str]


def recheck(
    findings: Sequence[Finding],
    settings: Settings,
    *,
    conf_path: Path | None,
    results_dir: Path,
    tell: Callable[[str], None],
    measure: Measure | None = None,
) -> list[Finding]:
    """Return *findings* as they are after a second measurement.

    Args:
        findings: all findings; those that fail and those that are possible are measured.
        settings: what fails.
        conf_path: asv.conf.json of the suite.
        results_dir: where the results are, for the machine that they are of.
        tell: told what will be run, before it is.
        measure: runs asv once.

    Raises:
        UsageError: if there is no configuration.
    """
    wanted = [f for f in findings if f.status == "new" and (f.fails or f.kind == "possible")]
    if not wanted:
        return list(findings)
    if conf_path is None:
        raise UsageError("--confirm runs asv, which needs a configuration: name one with --config.")
    told: dict[int, Finding] = {}
    groups: dict[Group, list[Finding]] = {}
    for finding in wanted:
        series = finding.members[0].series
        group = series.key.machine, series.key.environment, series.commits[-1]
        groups.setdefault(group, []).append(finding)
    for group, found in groups.items():
        elsewhere = _elsewhere(results_dir / group[0])
        if elsewhere:
            told.update({id(f): replace(f, note=f"not measured again: {elsewhere}") for f in found})
            continue
        tell(_announced(group, found))
        again = _measured(conf_path, group, found, measure or _visit)
        told.update({id(f): _judged(f, again, settings) for f in found})
    return [told.get(id(finding), finding) for finding in findings]


def _announced(group: Group, found: Sequence[Finding]) -> str:
    commands = "; ".join(dict.fromkeys(rerun_of(finding.members) for finding in found))
    names = {finding.series.key.benchmark for finding in found}
    what = "1 benchmark" if len(names) == 1 else f"{len(names)} benchmarks"
    return (
        f"measuring {what} again at {group[2][:8]}, into a scratch directory (the results stay as"
        f" they are), as by: {commands}"
    )


def _elsewhere(directory: Path) -> str:
    """Return why this machine is not the one that the results are of, empty where it may be."""
    from hwperf.asv.machine import describe, is_same

    try:
        told: Any = json.loads((directory / "machine.json").read_bytes())
    except (OSError, ValueError):
        return ""
    if not isinstance(told, Mapping) or not {"arch", "num_cpu"} <= set(told):
        return ""
    here = describe()
    if is_same(told, here):
        return ""
    return f"the results are of another machine ({told.get('cpu')}, {told['num_cpu']} CPUs)"


def _measured(
    conf_path: Path, group: Group, found: Sequence[Finding], measure: Measure
) -> dict[Key, float] | str:
    """Return the value of each point that was measured again, or why there is none."""
    names = sorted({finding.series.key.benchmark for finding in found})
    patterns = [rf"^{re.escape(name)}(\(|$)" for name in names]
    env = "host" if group[1].startswith("host-") else None
    with scratch() as directory:
        try:
            done = measure(conf_path, group[2], env, patterns, Path(directory))
        except (NotMeasured, UsageError) as error:
            return str(error)
    if done.is_interrupted:
        raise KeyboardInterrupt
    return {
        key: m.point.cost
        for key, m in done.measurements.items()
        if m.point.cost is not None and math.isfinite(m.point.cost) and m.point.cost > 0
    }


def _visit(
    conf_path: Path, commit: str, env: str | None, bench: Sequence[str], directory: Path
) -> Visit:
    from hwperf.asv.ab_setting import setting

    of = setting(conf_path, directory, commit, env=env, bench=bench)
    done = visit(of, "again")
    require_runs(of, done)
    return done


def _judged(found: Finding, again: Mapping[Key, float] | str, settings: Settings) -> Finding:
    if isinstance(again, str):
        return replace(found, note=f"could not be measured again: {again}")
    logs = []
    example = ""
    others = sorted({environment for environment, _, _ in again})
    environment = found.series.key.environment
    if len(others) == 1 and all(each.startswith("existing-") for each in (environment, *others)):
        environment = others[0]  # In its name is the path of an interpreter, however it was called.
    for member in found.members:
        key = member.series.key
        value = again.get((environment, key.benchmark, key.params))
        if value is not None and member.before > 0:
            logs.append(math.log(value / member.before))
            if member is found.worst or not example:
                example = member.series.words(value)
    if not logs:
        where = f" in {environment}" + (f", only in {others[0]}" if others else "")
        return replace(found, note=f"could not be measured again: asv gave no value{where}")
    worse = 1.0 if found.series.rises_when_worse else -1.0
    size, seen = worse * math.log(found.ratio), worse * sum(logs) / len(logs)
    if seen >= max(_HALF * size, math.log1p(found.min_change)):
        note = f"seen again: {example}"
        sure = replace(found, kind="regression", note=note, rerun="")
        return replace(sure, fails=fails(sure, settings))
    note = f"not seen again: {example}"
    doubtful = replace(found, kind="possible", note=note, rerun=rerun_of(found.members))
    return replace(doubtful, fails=fails(doubtful, settings))
