"""What asv is given for a visit. This module turns the user's asv.conf.json into one of its own.

Its paths are made absolute, its results lie elsewhere, and the rest is the user's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwperf.asv import configuration, variants
from hwperf.asv.benchmark import PROFILE
from hwperf.errors import UsageError
from hwperf.host import storage

__all__ = ["Setting", "raw", "setting"]

PLUGINS = (".hwperf.asv.plugin", ".hwperf.asv.ab_source")


@dataclass(frozen=True)
class Setting:
    """What is measured again and again.

    Attributes:
        directory: a scratch directory of its own.
        data: the configuration that asv gets, but for the results directory.
        commit: hash of the commit.
        options: of ``asv run``.
        bench: regular expressions over the benchmarks.
        is_existing: whether asv measures what is installed, whatever the commit.
        variables: environment variables that asv gets.
        label: how the commit is called in messages.
    """

    directory: Path
    data: Mapping[str, Any]
    commit: str
    options: tuple[str, ...]
    bench: tuple[str, ...]
    is_existing: bool
    variables: Mapping[str, str]
    label: str

    def arguments(self, only_discover: bool = False) -> list[str]:
        """Return the arguments of ``asv run``, but for the configuration.

        Args:
            only_discover: build the project and import the suite, and measure nothing.
        """
        patterns = ["just-discover"] if only_discover else self.bench
        chosen = [word for pattern in patterns for word in ("--bench", pattern)]
        what = ["--set-commit-hash", self.commit] if self.is_existing else [f"{self.commit}^!"]
        return ["--no-pull", "--show-stderr", *self.options, *chosen, *what]


def setting(
    conf_path: Path,
    directory: Path,
    commit: str,
    *,
    label: str = "",
    repository: Path | None = None,
    env: str | None = None,
    env_dir: Path | None = None,
    bench: Sequence[str] = (),
    profile: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Setting:
    """Return how *commit* is measured with the suite of *conf_path*.

    Args:
        conf_path: the user's asv.conf.json.
        directory: scratch, made when it is missing.
        commit: its hash.
        label: how it is called in messages; some of the hash by default.
        repository: where the commits are, if the configuration names a place on the network.
        env: asv's environment as after ``-E``; what the configuration says by default.
        env_dir: where environments are built; the user's own by default.
        bench: regular expressions over the benchmarks.
        profile: quick or full; what the configuration says by default.
        environ: the environment variables that asv inherits.

    Raises:
        UsageError: if the configuration cannot be read, or a pattern is no regular expression.
    """
    for pattern in bench:
        try:
            re.compile(pattern)
        except re.error as error:
            raise UsageError(
                f"{pattern!r} is no regular expression: {error}. Expected e.g. time_sort"
            ) from error
    conf = configuration.load(conf_path)
    data, root = raw(conf.path), conf.path.parent
    directory.mkdir(parents=True, exist_ok=True)
    plugins = [name for name in data.get("plugins") or () if name not in PLUGINS]
    data |= {
        "repo": os.fspath(repository or _place(root, conf.repo)),
        # Where discovery fails, asv tries the tips of branches: it must not measure those instead.
        "branches": [commit],
        "benchmark_dir": os.fspath(conf.benchmark_dir),
        "html_dir": os.fspath(directory / "html"),
        "env_dir": os.fspath(env_dir or root / str(data.get("env_dir", "env"))),
        "plugins": [*plugins, *PLUGINS],
    }
    conda = data.get("conda_environment_file")
    if isinstance(conda, str) and (root / conda).is_file():
        data["conda_environment_file"] = os.fspath(root / conda)
    kind = (env or str(data.get("environment_type") or "")).partition(":")[0]
    is_existing = kind == "existing" or (not env and data.get("pythons") == ["same"])
    variables = _variables(conf, environ)
    if profile:
        variables[PROFILE] = profile
    if plugins:  # Theirs may lie beside the configuration: asv looks for them where it runs.
        variables["PYTHONPATH"] = os.pathsep.join(
            filter(None, (os.fspath(root), environ.get("PYTHONPATH")))
        )
    # Whatever versions of Python the configuration names: sources are run by this one.
    options = ("-E", f"{env}:same" if env == "source" else env) if env else ()
    called = label or commit[:8]
    return Setting(directory, data, commit, options, tuple(bench), is_existing, variables, called)


def _variables(conf: configuration.Configuration, environ: Mapping[str, str]) -> dict[str, str]:
    """Return what makes storage be measured where the user's own runs measure it."""
    place = environ.get(storage.DIRECTORY)
    if not place:
        results = conf.results_dir
        place = os.fspath(results if results.is_dir() else conf.path.parent)
    # An empty name: else the scratch directory's file system would make it another target.
    target = environ.get(variants.TARGET) or variants.target_name(Path(place), conf.results_dir)
    return {storage.DIRECTORY: place, variants.TARGET: target or ""}


def raw(path: Path) -> dict[str, Any]:
    """Return all that the configuration *path* says.

    Raises:
        UsageError: if its plugins are no list.
    """
    import json5

    data = json5.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict) or not isinstance(data.get("plugins", []), list):
        raise UsageError(f"{path}: 'plugins' is no list; see asv's documentation of asv.conf.json.")
    return data


def _place(root: Path, repo: str) -> str:
    """Return where a repository is, absolute where it is a directory."""
    return os.fspath((root / repo).resolve()) if (root / repo).is_dir() else repo
