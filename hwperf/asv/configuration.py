"""asv.conf.json as hwperf needs it. This module finds the file and what it says of directories."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hwperf.asv import checkout
from hwperf.errors import UsageError

__all__ = ["PLUGIN", "Configuration", "lacks_history", "load"]


PLUGIN = ".hwperf.asv.plugin"
"""How asv's configuration names hwperf; without the leading dot asv passes over it silently."""

_STRINGS = ("results_dir", "html_dir", "benchmark_dir", "repo")


@dataclass(frozen=True)
class Configuration:
    """What hwperf reads of asv.conf.json.

    Attributes:
        path: the file.
        results_dir: where results are kept, absolute.
        html_dir: where pages are published, absolute.
        benchmark_dir: the suite, absolute.
        settings: the object under "hwperf".
        repo: the repository whose commits results belong to: a directory or a URL.
        plugins: what asv loads, by its own names.
    """

    path: Path
    results_dir: Path
    html_dir: Path
    benchmark_dir: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    repo: str = "."
    plugins: tuple[str, ...] = ()

    @property
    def has_plugin(self) -> bool:
        """Whether asv loads hwperf: without it asv's own pages and machine names come out."""
        return PLUGIN in self.plugins


def load(path: Path) -> Configuration:
    """Read asv's configuration.

    Raises:
        UsageError: if it is missing or cannot be read.
    """
    import json5  # asv needs it too: the file may have comments.

    try:
        data = json5.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{path} is not there. Run in a directory that has an asv.conf.json,"
            " or name one with --config."
        ) from None
    except (ValueError, json.JSONDecodeError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds no object; see asv's documentation of asv.conf.json.")
    wrong = [name for name in _STRINGS if not isinstance(data.get(name, ""), str)]
    if wrong:
        told = ", ".join(f"{name}={data[name]!r}" for name in wrong)
        raise UsageError(f"{path}: {told} is no string. Write a path in quotes.")
    root = path.resolve().parent
    return Configuration(
        path=path.resolve(),
        # The defaults are asv's.
        results_dir=root / data.get("results_dir", "results"),
        html_dir=root / data.get("html_dir", "html"),
        benchmark_dir=root / data.get("benchmark_dir", "benchmarks"),
        settings=settings if isinstance(settings := data.get("hwperf"), Mapping) else {},
        repo=data.get("repo", "."),
        plugins=tuple(map(str, listed)) if isinstance(listed := data.get("plugins"), list) else (),
    )


def lacks_history(conf: Configuration) -> str | None:
    """Return None, or the sentence that says why results cannot be kept by commit here."""
    directory = conf.path.parent / conf.repo
    if not directory.is_dir() or (directory / ".hg").is_dir():  # What asv itself speaks of.
        return None
    if shutil.which("git") is None:
        return "git is not there, and asv keeps results by commit. Install git."
    trouble = checkout.trouble(directory)
    if trouble is None:
        return None
    return (
        f"{directory.resolve()} is no git repository with a commit (git: {trouble}), and asv keeps "
        "results by commit. Clone the project, or run 'git init' and commit it."
    )
