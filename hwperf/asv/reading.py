"""Result files that asv can survive. This module names damaged ones and passes over them.

asv skips a file that is not JSON; one of another shape, or a number that is not finite, ends its
publish after the old pages are gone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from asv import results as asv_results
from asv import util
from asv.commands import compare, publish, show
from asv.console import log

from hwperf.asv import damage, definitions
from hwperf.asv.patches import wrap

__all__ = ["install"]

Original = Callable[..., Any]


def install() -> None:
    """Replace what asv reads results with."""
    wrap(asv_results.Results, "load", _load)
    for reader in (compare, publish, show):
        wrap(reader, "iter_machine_files", _iter_machine_files)


def _load(original: Original, path: str, machine_name: str | None = None) -> Any:
    try:
        results = original(path, machine_name=machine_name)
    except (TypeError, AttributeError, ValueError, KeyError, IndexError, RecursionError) as error:
        cause = damage.of_result_file(Path(path)) or repr(error)
        raise util.UserError(f"Skipping {path}: it is damaged ({cause})") from error
    if not isinstance(results.commit_hash, str) or not isinstance(results.date, (int, float)):
        raise util.UserError(f"Skipping {path}: it is damaged (its commit or its date is none)")
    for name, values in results._results.items():
        count = math.prod(len(axis) for axis in results._benchmark_params[name] or [])
        if values is not None and (not isinstance(values, list) or len(values) != count):
            raise util.UserError(f"Skipping {path}: it is damaged ({name} has not {count} values)")
        results._results[name] = _usable(values)
    definitions.show_versions(results)
    return results


def _usable(values: list[Any] | None) -> list[Any] | None:
    """Replace what asv's step detection cannot take by None, which it can."""
    if values is None or all(_is_usable(value) for value in values):
        return values
    return [value if _is_usable(value) else None for value in values]


def _is_usable(value: Any) -> bool:
    # NaN is n/a; a value below zero is none of ours, but may well be somebody else's.
    return value is None or (isinstance(value, (int, float)) and not math.isinf(value))


def _iter_machine_files(original: Original, results_dir: str) -> Iterator[str]:
    for path in original(results_dir):
        try:
            data = util.load_json(path)
            readable = isinstance(data, dict) and isinstance(data.get("machine"), str)
            cause = "it names no machine"
        except (util.UserError, ValueError, RecursionError) as error:
            readable, cause = False, str(error)
        if readable:
            yield path
        else:
            log.warning(f"Skipping {path}: {cause}")
