"""Where storage is measured. This module reads ``--path`` and ``--target``, says what it takes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from hwperf import scratch
from hwperf.asv import configuration, variants
from hwperf.errors import UsageError
from hwperf.host import storage
from hwperf.units import format_bytes

__all__ = ["announcement", "choose", "options"]

F = TypeVar("F", bound=Callable[..., Any])

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def options(function: F) -> F:
    """Add ``--path`` and ``--target`` to a verb."""
    by_name = click.option(
        "--target", metavar="NAME", help="Measure storage where the configuration's target is."
    )
    by_path = click.option(
        "--path", type=click.Path(path_type=Path), metavar="DIR",
        help="Measure storage in this directory.",
    )  # fmt: skip
    return by_path(by_name(function))


def choose(path: Path | None, target: str | None, config: Path) -> None:
    """Say in the environment where storage is measured; do nothing where neither is given.

    Raises:
        UsageError: if both are given, there is no such target, or the place cannot be used.
    """
    if path is None and target is None:
        return
    if path is not None and target is not None:
        raise UsageError("--path and --target both say where to measure storage; give one of them.")
    if target is not None:
        path = _configured(target, config)
    assert path is not None
    directory = path.expanduser().absolute()
    reason = scratch.unwritable(directory)
    if reason:
        given = f"--path {path}" if target is None else f"--target {target}"
        raise UsageError(f"{given}: {reason}.")
    os.environ[storage.DIRECTORY] = str(directory)
    if target is not None:
        os.environ[variants.TARGET] = target
    else:
        name = variants.target_name(directory, _results_dir(config, directory))
        os.environ.pop(variants.TARGET, None)
        if name is not None:
            os.environ[variants.TARGET] = name


def announcement(ids: list[str], profile: str) -> str | None:
    """Return what storage points of *ids* will write and where, or None where there are none."""
    if not any(id.startswith("storage.") for id in ids):
        return None
    if scratch.lacking():
        return None
    directory = storage.target_directory().absolute()
    limit = format_bytes(scratch.write_limit(directory, profile))
    return f"storage: at most {limit} are written to scratch files in {directory}; none is left"


def _configured(name: str, config: Path) -> Path:
    targets = configuration.load(config).settings.get("storage", {})
    if not isinstance(targets, Mapping):
        raise UsageError(
            f"{config}: 'storage' under 'hwperf' is {targets!r}. Write an object of names and "
            'directories, e.g. {"nvme": "/mnt/nvme/scratch"}.'
        )
    if name not in targets:
        known = ", ".join(sorted(map(str, targets))) or "none"
        raise UsageError(
            f"{config} names no storage target {name!r}; there are: {known}. Add it under "
            "'hwperf', 'storage', or give the directory with --path."
        )
    place = targets[name]
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{config}: the storage target {name!r} has a name that no file can have. Use letters, "
            "digits, '.', '_' and '-', at most 64."
        )
    if not isinstance(place, str) or not place.strip():
        raise UsageError(
            f"{config}: the storage target {name!r} is {place!r}. Write a directory in quotes."
        )
    return Path(config).resolve().parent / Path(place).expanduser()


def _results_dir(config: Path, directory: Path) -> Path:
    """Return where results are kept; *directory* where nothing says so."""
    try:
        return configuration.load(config).results_dir
    except UsageError:
        return directory
