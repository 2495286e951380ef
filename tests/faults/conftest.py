"""A user with a plugin of a stranger: commands run as they would type them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from end_to_end.conftest import Repository, install, make_repository
from storing import disk, session

__all__ = ["disk", "session"]


@dataclass(frozen=True)
class Answer:
    """What a user sees of one command."""

    code: int
    out: str
    err: str

    def points(self) -> list[dict[str, Any]]:
        """Return the objects that ``measure --json`` printed, read strictly."""
        return [json.loads(line, parse_constant=_refuse) for line in self.out.splitlines()]


def _refuse(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


@dataclass(frozen=True)
class User:
    """Somebody at a directory, with an environment of their own."""

    directory: Path
    plugins: Path
    environment: dict[str, str] = field(repr=False)

    def install(self, module: str, source: str) -> None:
        """Install a plugin of one module."""
        install(self.plugins, module, source)

    def start(self, *arguments: str, **variables: str | None) -> subprocess.Popen[str]:
        """Start ``hwperf``; a variable that is None is unset."""
        changed = {**self.environment, **variables}
        return subprocess.Popen(
            [sys.executable, "-m", "hwperf", *arguments],
            cwd=self.directory,
            env={name: value for name, value in changed.items() if value is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def hwperf(self, *arguments: str, **variables: str | None) -> Answer:
        """Run ``hwperf`` to its end; whatever happens, no user sees a traceback."""
        started = self.start(*arguments, **variables)
        out, err = started.communicate(timeout=120)
        assert "Traceback" not in out + err, out + err
        return Answer(started.returncode, out, err)


@pytest.fixture
def user(tmp_path: Path) -> User:
    """A user outside of any repository."""
    plugins, home = tmp_path / "plugins", tmp_path / "home"
    for directory in (plugins, home):
        directory.mkdir()
    ours = ("HWPERF_", "XDG_", "PYTHON", "COLUMNS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    cache = os.environ.get("HWPERF_CACHE_DIR", str(Path.home() / ".cache" / "hwperf"))
    return User(
        tmp_path,
        plugins,
        {**kept, "HOME": str(home), "PYTHONPATH": str(plugins), "HWPERF_CACHE_DIR": cache},
    )


@dataclass(frozen=True)
class Runner(User):
    """A user in a clone of the project, with the results of ``hwperf run``."""

    repository: Repository

    @property
    def results(self) -> Path:
        return self.repository.results

    def result_file(self) -> Path:
        (found,) = self.results.glob("*/*-host-*.json")
        return found

    def values(self, benchmark: str) -> list[float | None]:
        """Return the stored values of *benchmark*, none where it was never stored."""
        try:
            row = json.loads(self.result_file().read_text())["results"].get(benchmark)
        except ValueError:  # No result file yet.
            return []
        return [] if row is None else row[0]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A user in a throw-away clone, with the plugin of quick points."""
    made = make_repository(tmp_path)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {**made.environment, "TMPDIR": str(temporary)}
    return Runner(made.path, made.plugin, environment, made)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Return a function that mounts a small disk of memory on a directory."""
    mounted: list[Path] = []

    def mount(directory: Path, options: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(directory)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("no mount here")
        if done.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        mounted.append(directory)

    yield mount
    for directory in mounted:
        subprocess.run(["umount", "-l", str(directory)], check=True)
