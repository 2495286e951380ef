"""What the gate is told. This module reads its settings, and asv's own about regressions.

They stand in one place of three: under ``"hwperf": {"track": {...}}`` in asv.conf.json, in
``hwperf.toml`` beside it under ``[track]``, or in ``pyproject.toml`` beside it under
``[tool.hwperf.track]``; the first that is there counts. Every fault of them is told at once.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from re import Pattern
from typing import Any

from hwperf.errors import UsageError
from hwperf.history.fdr import FALSE_SHARE
from hwperf.history.series import Series

__all__ = ["CAUSES", "FAILING", "Bounds", "Rule", "Settings", "entry_name", "fraction", "read"]

CAUSES = ("code", "machine", "mixed", "unclear")
"""Whose a regression may be (:mod:`hwperf.history.attribution`)."""

FAILING = (*CAUSES, "possible", "drift", "failing")
"""What may be told to fail: regressions by cause, and three kinds of finding that else never do."""


@dataclass(frozen=True)
class Rule:
    """What holds for some benchmarks; of several that match, the last one counts.

    Attributes:
        bench: found in the name with its parameters, or in the workload's id.
        direction: "higher" or "lower" is better, None for what the benchmark says.
        min_change: as in :class:`Settings`, None for the general one.
        fail_change: as in :class:`Settings`, None for the general one.
        skip: whether they are left out.
    """

    bench: Pattern[str]
    direction: str | None = None
    min_change: float | None = None
    fail_change: float | None = None
    skip: bool = False


@dataclass(frozen=True)
class Settings:
    """How the gate judges.

    Attributes:
        min_change: smallest change that is told, as a fraction of what is shown.
        fail_change: smallest change that fails; its interval must also lie beyond min_change.
        fdr: largest share of false alarms among all changes that are told, over the suite.
        min_points_after: measured points at the new level; with fewer a change is possible.
        group_params: whether the parameters of one benchmark are judged together.
        fail_on: which findings fail, of :data:`FAILING`.
        accept_file: where accepted changes are, relative to the configuration's directory.
        rules: what holds for some benchmarks.
        thresholds: asv's regressions_thresholds.
        first_commits: asv's regressions_first_commits.
        branches: asv's branches, which its two settings above may name.
    """

    min_change: float = 0.01
    fail_change: float = 0.03
    fdr: float = FALSE_SHARE
    min_points_after: int = 4
    group_params: bool = True
    fail_on: tuple[str, ...] = ("code", "mixed", "unclear")
    accept_file: str = ".hwperf-accept.toml"
    rules: tuple[Rule, ...] = ()
    thresholds: tuple[tuple[Pattern[str], float], ...] = ()
    first_commits: tuple[tuple[Pattern[str], str | None], ...] = ()
    branches: tuple[str, ...] = ()

    def bounds(self, series: Series) -> Bounds:
        """Return what holds for one series."""
        found = Bounds(self.min_change, self.fail_change)
        matching = [each for pattern, each in self.thresholds if self._matches(pattern, series)]
        if matching:  # asv's are of what is stored: a cost that doubles is half the rate.
            most = max(matching)
            shown = most / (1 + most) if series.quantity and series.higher_is_better else most
            found = replace(found, fail_change=shown)
        for rule in self.rules:
            if rule.bench.search(series.key.label) or rule.bench.search(series.workload or ""):
                found = Bounds(
                    found.min_change if rule.min_change is None else rule.min_change,
                    found.fail_change if rule.fail_change is None else rule.fail_change,
                    rule.direction or found.direction,
                    rule.skip,
                )
        return replace(found, min_change=min(found.min_change, found.fail_change))

    def first_commit(self, series: Series) -> tuple[str | None, ...]:
        """Return the commits before which asv is told not to look, None for "never look"."""
        return tuple(rev for pattern, rev in self.first_commits if self._matches(pattern, series))

    def _matches(self, pattern: Pattern[str], series: Series) -> bool:
        name = entry_name(series)
        return any(pattern.match(each) for each in (name, *(f"{name}@{b}" for b in self.branches)))


@dataclass(frozen=True)
class Bounds:
    """What holds for one series: see :class:`Settings` and :class:`Rule`."""

    min_change: float
    fail_change: float
    direction: str | None = None
    skip: bool = False


def entry_name(series: Series) -> str:
    """Return asv's name of a series on its page of regressions: ``mod.time_f(1, 'small')``."""
    values = ", ".join(value for _, value in series.key.params)
    return f"{series.key.benchmark}({values})" if series.key.params else series.key.benchmark


def read(conf_path: Path | None, directory: Path) -> Settings:
    """Return the settings that stand in the configuration or beside it.

    Args:
        conf_path: asv.conf.json, None where there is none.
        directory: where hwperf.toml and pyproject.toml are looked for.

    Raises:
        UsageError: if a value cannot be used; all that are wrong are named.
    """
    conf = _object_of(conf_path) if conf_path else {}
    faults = _Faults()
    settings = _of_asv(conf, faults, str(conf_path))
    place, told = _own(conf, str(conf_path), directory)
    settings = _of_track(settings, told, faults, place)
    faults.raise_any()
    return settings


class _Faults(list[str]):
    def raise_any(self) -> None:
        if self:
            raise UsageError(f"{'; '.join(self)}.")


def _object_of(path: Path) -> Mapping[str, Any]:
    import json5  # asv's file may have comments.

    try:
        data = json5.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    return data if isinstance(data, Mapping) else {}


def _own(conf: Mapping[str, Any], conf_path: str, directory: Path) -> tuple[str, Any]:
    """Return where hwperf's settings stand, and what stands there."""
    own = conf.get("hwperf")
    if isinstance(own, Mapping) and "track" in own:
        return f'{conf_path}, "hwperf": "track"', own["track"]
    for name, table in (("hwperf.toml", ()), ("pyproject.toml", ("tool", "hwperf"))):
        path = directory / name
        if not path.is_file():
            continue
        try:
            data: Any = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} cannot be read: {error}.") from error
        for key in table:
            data = data.get(key, {}) if isinstance(data, Mapping) else {}
        if isinstance(data, Mapping) and "track" in data:
            return f"{path}, [{'.'.join((*table, 'track'))}]", data["track"]
    return "", {}


def _of_asv(conf: Mapping[str, Any], faults: _Faults, place: str) -> Settings:
    thresholds: list[Any] = []
    firsts: list[Any] = []
    for name, found in (
        ("regressions_thresholds", thresholds),
        ("regressions_first_commits", firsts),
    ):
        told = conf.get(name, {})
        if not isinstance(told, Mapping):
            faults.append(f"{place}: {name} is no object of regular expressions")
            continue
        for regex, value in told.items():
            pattern = _pattern(regex, faults, f"{place}: {name}")
            if pattern is None:
                continue
            if name == "regressions_first_commits":
                found.append((pattern, None if value is None else str(value)))
            elif (number := _number(value)) is None or number < 0:
                faults.append(f"{place}: {name}: {value!r} is no fraction such as 0.05")
            else:
                found.append((pattern, number))
    branches = conf.get("branches") or []
    named = tuple(str(b) for b in branches) if isinstance(branches, Sequence) else ()
    return Settings(thresholds=tuple(thresholds), first_commits=tuple(firsts), branches=named)


_PLAIN: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "fdr": (lambda v: _is_number(v) and 0 < v < 1, "a number between 0 and 1"),
    "min_points_after": (lambda v: type(v) is int and v >= 1, "a whole number from 1"),
    "group_params": (lambda v: isinstance(v, bool), "true or false"),
    "accept_file": (lambda v: isinstance(v, str) and v != "", "a path"),
    "fail_on": (
        lambda v: isinstance(v, list) and all(each in FAILING for each in v),
        f"a list of {', '.join(FAILING)}",
    ),
}
_FRACTIONS = ("min_change", "fail_change")


def _of_track(settings: Settings, told: Any, faults: _Faults, place: str) -> Settings:
    if not isinstance(told, Mapping):
        faults.append(f"{place}: {told!r} is no table of settings")
        return settings
    known = [*_FRACTIONS, *_PLAIN, "rule"]
    changes: dict[str, Any] = {}
    for name, value in told.items():
        if name in _FRACTIONS:
            changes[name] = _change(value, faults, f"{place}: {name}")
        elif name == "rule":
            changes["rules"] = _rules(value, faults, place)
        elif name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            faults.append(f"{place}: {name!r} is no setting ({hint})")
        elif not _PLAIN[name][0](value):
            faults.append(f"{place}: {name}={value!r} is not {_PLAIN[name][1]}")
        else:
            changes[name] = tuple(value) if isinstance(value, list) else value
    names = {field.name for field in fields(Settings)}
    return replace(settings, **{k: v for k, v in changes.items() if k in names and v is not None})


def _rules(told: Any, faults: _Faults, place: str) -> tuple[Rule, ...]:
    found = []
    for number, each in enumerate(told if isinstance(told, list) else [told], 1):
        where = f"{place}: rule {number}"
        if not isinstance(each, Mapping) or "bench" not in each:
            faults.append(f"{where} has no bench, a regular expression")
            continue
        unknown = sorted(set(each) - {field.name for field in fields(Rule)})
        if unknown:
            faults.append(f"{where}: {unknown[0]!r} is no setting of a rule")
        if each.get("direction") not in (None, "higher", "lower"):
            faults.append(f"{where}: direction={each['direction']!r} is not higher or lower")
        if not isinstance(each.get("skip", False), bool):
            faults.append(f"{where}: skip={each['skip']!r} is not true or false")
        pattern = _pattern(each["bench"], faults, where)
        changes = {n: _change(each[n], faults, f"{where}: {n}") for n in _FRACTIONS if n in each}
        if pattern is not None:
            direction, skip = each.get("direction"), each.get("skip", False) is True
            found.append(Rule(pattern, direction=direction, skip=skip, **changes))
    return tuple(found)


def _pattern(regex: Any, faults: _Faults, place: str) -> Pattern[str] | None:
    try:
        return re.compile(regex)
    except (re.error, TypeError) as error:
        faults.append(f"{place}: {regex!r} is no regular expression ({error})")
        return None


def _change(value: Any, faults: _Faults, place: str) -> float | None:
    number = fraction(value)
    if number is None:
        faults.append(f'{place}={value!r} is no change between 0 and 100 %, e.g. "3%" or 0.03')
    return number


def fraction(value: Any) -> float | None:
    """Return what ``"3%"``, ``"0.03"`` or ``0.03`` says, None for what is none from 0 up to 1."""
    is_percent = isinstance(value, str) and value.strip().endswith("%")
    number = _number(value.strip()[:-1] if is_percent else value)
    if number is None:
        return None
    number = round(number / 100, 12) if is_percent else number
    return number if 0 <= number < 1 else None


def _number(value: Any) -> float | None:
    """Return a finite number, also where it is written as a string, as asv allows."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return float(value) if _is_number(value) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
