"""What each benchmark was when it ran. This module keeps every version of every definition.

asv's ``benchmarks.json`` holds the suite of the last run alone; results of another version, from an
older hwperf or another machine, then vanish from its pages. Here that file is added to, never cut,
and ``<machine>/definitions.jsonl`` keeps each version that the machine ever ran: it travels with
the machine's results. Published, an older version gets a line of its own, ``name@1a2b3c4d``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from asv import benchmarks as asv_benchmarks
from asv import util
from asv.console import log

from hwperf.asv import files
from hwperf.asv.patches import wrap
from hwperf.asv.versions import FILE, SHORT, Definition, all_versions, key_of, named, remember

__all__ = ["install", "older_versions_shown", "set_machine", "show_versions"]

Original = Callable[..., Any]

_shown: ContextVar[Mapping[str, Definition] | None] = ContextVar("shown", default=None)
_machine: ContextVar[str | None] = ContextVar("machine", default=None)


def install() -> None:
    """Replace how asv saves, loads and selects the definitions of benchmarks."""
    wrap(asv_benchmarks.Benchmarks, "__init__", _init)
    wrap(asv_benchmarks.Benchmarks, "save", _save)
    wrap(asv_benchmarks.Benchmarks, "load", _load)


def set_machine(name: str) -> None:
    """Say which machine runs, before its definitions are saved."""
    _machine.set(name)


@contextmanager
def older_versions_shown() -> Iterator[None]:
    """Give older versions lines of their own in everything that asv reads meanwhile."""
    token = _shown.set({})
    try:
        yield
    finally:
        _shown.reset(token)


def show_versions(results: Any) -> None:
    """Rename in memory those results that belong to an older version of their benchmark."""
    shown = _shown.get()
    if not shown:
        return
    tables = (
        results._results,
        results._samples,
        results._stats,
        results._benchmark_params,
        results._started_at,
        results._duration,
        results._benchmark_version,
    )
    for name in list(results._results):
        version = results._benchmark_version.get(name)
        if version is None or name not in shown or shown[name].get("version") == version:
            continue
        renamed = named(name, version)
        if renamed in shown:
            for table in tables:
                if name in table:
                    table[renamed] = table.pop(name)


def _init(original: Original, benchmarks: Any, conf: Any, found: Any, regex: Any = None) -> None:
    """Drop what stands for a missing workload; let a regex also match the id of a workload."""
    found = list(found)
    for definition in found:
        if "missing" in definition and not definition["name"].endswith("_p99"):
            log.warning(f"{definition['name']} is left out: {definition['missing']}")
    found = [definition for definition in found if "missing" not in definition]
    original(benchmarks, conf, found, regex)
    patterns = [regex] if isinstance(regex, str) else list(regex or ())
    if not patterns:
        return
    for definition in found:
        if "workload" in definition:
            _select_by_id(benchmarks, definition, patterns)


def _select_by_id(benchmarks: Any, definition: Definition, patterns: list[str]) -> None:
    by_id = {**definition, "name": definition["workload"]}
    probe: Any = asv_benchmarks.Benchmarks.__new__(asv_benchmarks.Benchmarks)
    original = asv_benchmarks.Benchmarks.__init__._hwperf_original
    original(probe, benchmarks._conf, [by_id], patterns)
    if by_id["name"] not in probe:
        return
    name = definition["name"]
    benchmarks[name] = definition
    mine, more = benchmarks._benchmark_selection[name], probe.benchmark_selection[by_id["name"]]
    if mine is not None:
        benchmarks._benchmark_selection[name] = sorted({*mine, *more})


def _save(original: Original, benchmarks: Any) -> None:
    """Add this suite to benchmarks.json; keep what it replaces."""
    results_dir = benchmarks._conf.results_dir
    path = Path(benchmarks.get_benchmark_file_path(results_dir))
    new: dict[str, Definition] = benchmarks._all_benchmarks
    try:
        old = _load_file(path)
        if _machine.get() is not None:
            beside = Path(results_dir, str(_machine.get()), FILE)
            replaced = (
                d for name, d in old.items() if name in new and key_of(d) != key_of(new[name])
            )
            remember(beside, [*replaced, *new.values()])
        util.write_json(str(path), {**old, **new}, benchmarks.api_version)
    except files.CannotWrite as error:
        raise util.UserError(str(error)) from error


def _load(original: Original, conf: Any, regex: Any = None) -> Any:
    """Load the current definitions and, where older versions are shown, those too."""
    if _shown.get() is None:
        return original(conf, regex=regex)
    path = Path(asv_benchmarks.Benchmarks.get_benchmark_file_path(conf.results_dir))
    current = _load_file(path)
    versions = list(all_versions(conf.results_dir))
    for definition in versions:
        # A results directory that was put together by copying may lack or miss the file.
        current.setdefault(definition["name"], definition)
    if not current:
        return original(conf, regex=regex)
    shown = dict(current)
    for definition in versions:
        if definition["version"] != current[definition["name"]].get("version"):
            name = named(definition["name"], definition["version"])
            title = definition.get("pretty_name") or definition["name"]
            short = definition["version"][:SHORT]
            shown[name] = {**definition, "name": name, "pretty_name": f"{title} (version {short})"}
    _shown.set(shown)
    return asv_benchmarks.Benchmarks(conf, list(shown.values()), regex=regex)


def _load_file(path: Path) -> dict[str, Definition]:
    """Return the definitions in benchmarks.json; a damaged file is set aside."""
    if not path.is_file():
        return {}
    cause = "it holds no object"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        data, cause = None, str(error)
    if isinstance(data, dict):
        return {n: d for n, d in data.items() if isinstance(d, dict) and d.get("name") == n}
    aside = files.set_aside(path)
    log.warning(f"Skipping {path}: it is damaged ({cause}); it is kept as {aside.name}")
    return {}
