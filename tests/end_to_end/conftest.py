"""A throw-away repository with hwperf in it, and a plugin of four quick points."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("asv.conf.json", "benchmarks", "hwperf", "pyproject.toml", "README.md", "LICENSE")

PLUGIN = '''"""Four points that cost no time to speak of, and one that no host can measure."""

import os
import time

from hwperf import CheckFailed, Unsupported, Work, workload


@workload(
    "quick.sum",
    params={"n": [100, 1000]},
    metric="bandwidth",
    limit=1e12,
    source="a test",
)
def add(n):
    """Bandwidth of adding up *n* numbers."""
    numbers, out = list(range(n)), [None]

    def kernel():
        out[0] = sum(numbers)

    yield Work(kernel, bytes=8 * n)
    if out[0] != sum(range(n)):
        raise CheckFailed(f"the sum is {out[0]!r}")


@workload("quick.wait", params={"turn": [1, 2, 3]}, source="a test")
def wait(turn):
    """Latency of a pause; the third point takes long where HWPERF_TEST_LONG is set."""
    done = [0]
    long = turn == 3 and "HWPERF_TEST_LONG" in os.environ
    if long:
        time.sleep(60)

    def kernel():
        time.sleep(1e-3)
        done[0] += 1

    yield Work(kernel, ops=1)
    if not done[0]:
        raise CheckFailed("nothing was done")


@workload("quick.never", requires=lambda: "this host has no such device", source="a test")
def never():
    """What no host can do."""
    yield Work(lambda: None, ops=1)


@workload("quick.wrong", source="a test")
def wrong():
    """What fails its check."""
    yield Work(lambda: None, ops=1)
    raise CheckFailed("the sum is 3 (is) != 4 (should)")
'''

SUITE = '''"""What the package under test says of itself: each commit has a marker of its own."""


def track_marker():
    import hwperf.marker

    return hwperf.marker.VALUE
'''


@dataclass(frozen=True)
class Repository:
    """A git repository with a copy of this project, outside of ours."""

    path: Path
    plugin: Path
    environment: dict[str, str]

    @property
    def results(self) -> Path:
        return self.path / ".asv" / "results"

    @property
    def html(self) -> Path:
        return self.path / ".asv" / "html"

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, marker: int) -> str:
        """Commit another state of the package and return its hash."""
        (self.path / "hwperf" / "marker.py").write_text(f'"""A marker."""\n\nVALUE = {marker}\n')
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"Marker {marker}")
        return self.git("rev-parse", "HEAD")

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start asv; its output is one stream."""
        return subprocess.Popen(
            [sys.executable, "-m", "asv", *arguments],
            cwd=self.path,
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def asv(self, *arguments: str, rc: int | None = 0, **variables: str) -> str:
        """Run asv to its end and return what it printed."""
        started = self.start(*arguments, **variables)
        output, _ = started.communicate(timeout=300)
        assert rc is None or started.returncode == rc, output
        return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", output)

    def result_file(self, commit: str = "", machine: str = "here") -> Path:
        (found,) = (self.results / machine).glob(f"{commit[:8]}*-host-*.json")
        return found

    def values(self, benchmark: str, commit: str = "", machine: str = "here") -> list[Any] | None:
        """Return the stored values of *benchmark*; None where it was never run."""
        row = json.loads(self.result_file(commit, machine).read_text())["results"].get(benchmark)
        return None if row is None else row[0]


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    """A fresh repository of one commit; asv's file in the home directory is never made."""
    made = make_repository(tmp_path)
    yield made
    assert not Path(made.environment["HOME"], ".asv-machine.json").exists()


def make_repository(directory: Path) -> Repository:
    """Copy this project and the plugin into *directory*, and commit."""
    path, plugin = directory / "project", directory / "plugin"
    path.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, path / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy(source, path / name)
    # The suite without what takes long: the core, the plugin's workloads, and the marker.
    for module in (path / "benchmarks").glob("*.py"):
        if module.stem not in ("__init__", "core", "plugins"):
            module.unlink()
    (path / "benchmarks" / "marker.py").write_text(SUITE)
    (path / ".gitignore").write_text(".asv/\n__pycache__/\n")
    install(plugin, "quick_plugin", PLUGIN)
    dropped = ("PYTHONPATH", "HWPERF_PROFILE", "HWPERF_SIDECAR", "HWPERF_EVENTS")
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    home = directory / "home"
    home.mkdir()
    environment |= {
        "HOME": str(home),
        # Compiled kernels may be shared; the home directory is a throw-away.
        "HWPERF_CACHE_DIR": os.environ.get("HWPERF_CACHE_DIR", str(Path.home() / ".cache/hwperf")),
        "PIP_CACHE_DIR": os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache/pip")),
        "PYTHONPATH": str(plugin),
        "ASV_PYTHONPATH": str(plugin),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "NO_COLOR": "1",
    }
    made = Repository(path, plugin, environment)
    made.git("init", "-q", "-b", "main")
    made.git("config", "user.name", "A tester")
    made.git("config", "user.email", "tester@example.org")
    made.commit(1)
    return made


def install(directory: Path, module: str, source: str) -> None:
    """Put a plugin of one module where ``importlib.metadata`` finds it."""
    directory.mkdir(exist_ok=True)
    (directory / f"{module}.py").write_text(source)
    metadata = directory / f"{module}-1.0.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[hwperf.workloads]\n{module} = {module}\n")
