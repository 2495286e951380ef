"""A plugin of one file is installed and is there; a broken one costs nobody else their run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "hwperf-example"
SUITE = ROOT / "benchmarks"


@dataclass(frozen=True)
class Throwaway:
    """A virtual environment that sees ours, and what is installed into it besides."""

    path: Path
    home: Path

    @property
    def python(self) -> Path:
        return self.path / "bin" / "python"

    @property
    def packages(self) -> Path:
        (found,) = self.path.glob("lib/python3*/site-packages")
        return found

    def run(self, *arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run its Python; the home directory is a throw-away, too."""
        dropped = ("PYTHONPATH", "HWPERF_PROFILE", "HWPERF_SIDECAR")
        kept = {name: value for name, value in os.environ.items() if name not in dropped}
        return subprocess.run(
            [str(self.python), *map(str, arguments)],
            cwd=cwd or self.home,
            env={**kept, "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / "cache")},
            capture_output=True,
            text=True,
        )

    def hwperf(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "hwperf", *arguments)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Throwaway:
    """An environment with the example installed by pip, without any download."""
    top = tmp_path_factory.mktemp("plugin")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", top / "venv"], check=True)
    throwaway = Throwaway(top / "venv", top)
    # addsitedir, not a plain path: an editable installation of hwperf is itself a .pth file.
    ours = sysconfig.get_paths()["purelib"]
    throwaway.packages.joinpath("ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    # Building writes beside the sources.
    shutil.copytree(EXAMPLE, top / "source")
    pip = [sys.executable, "-m", "pip", "--python", throwaway.python, "install", "--quiet"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([*pip, *offline, top / "source"], check=True, capture_output=True)
    return throwaway


@pytest.fixture
def broken(environment: Throwaway) -> Iterator[str]:
    """A second plugin that raises at import; gone again after the test."""
    module = environment.packages / "hwperf_broken.py"
    module.write_text("raise RuntimeError('no such device')\n")
    metadata = environment.packages / "hwperf_broken-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: hwperf-broken\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[hwperf.workloads]\nbad = hwperf_broken\n")
    yield "plugin 'bad' (hwperf_broken) is left out: RuntimeError: no such device"
    module.unlink()
    shutil.rmtree(metadata)


def test_the_example_is_one_file_of_at_most_25_lines() -> None:
    (module,) = EXAMPLE.glob("*.py")
    assert len(module.read_text().splitlines()) <= 25


def test_list_shows_it(environment: Throwaway) -> None:
    listed = environment.hwperf("list", "example")
    assert listed.returncode == 0, listed.stderr
    assert "example.sort" in listed.stdout


def test_measure_measures_it(environment: Throwaway) -> None:
    measured = environment.hwperf(
        "measure", "example.sort", "-p", "n=10000", "--budget", "50ms", "--json"
    )
    assert measured.returncode == 0, measured.stderr
    point = json.loads(measured.stdout)
    assert (point["id"], point["params"], point["metric"]) == ("example.sort", {"n": 10000}, "rate")
    assert point["verdict"] in ("ok", "noisy")
    assert point["value"] > 0


def test_its_check_rejects_a_kernel_that_did_not_run_and_nan() -> None:
    program = (
        "import sys, numpy as np; sys.path.insert(0, sys.argv[1])\n"
        "import hwperf_example\n"
        "from hwperf.measure.rehearsal import rehearse\n"
        "rehearse(hwperf_example.sort, {'n': 100})\n"
        "work = hwperf_example.sort.function(100)\n"
        "kernel = next(work).kernel; kernel()\n"
        "work.gi_frame.f_locals['ordered'][50] = np.nan\n"
        "from hwperf import CheckFailed\n"
        "try: next(work, None)\n"
        "except CheckFailed as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, EXAMPLE], capture_output=True, text=True
    )
    assert done.stdout == "example.sort: the result is not the sorted input\n", done.stderr


def test_asv_run_records_it(environment: Throwaway) -> None:
    """Through benchmarks/plugins.py, in this interpreter, without a build."""
    config, results = suite(environment)
    ran = environment.run(
        "-m", "asv", "--config", config, "run", "-E", "host", "--bench", "example.sort", cwd=ROOT
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (file,) = [path for path in results.glob("*/*.json") if path.name != "machine.json"]
    stored = json.loads(file.read_text())["results"]
    (name,) = stored
    assert name.startswith("plugins.ExampleSort.")
    costs = stored[name][0]
    assert len(costs) == 2
    assert all(0 < cost < 1e-3 for cost in costs)


def test_a_broken_plugin_is_reported_and_the_rest_is_listed(
    environment: Throwaway, broken: str
) -> None:
    listed = environment.hwperf("list")
    assert listed.returncode == 0
    assert broken in listed.stderr
    assert "example.sort" in listed.stdout
    assert "memory.latency" in listed.stdout


def test_a_broken_plugin_costs_nobody_else_their_run(environment: Throwaway, broken: str) -> None:
    config, results = suite(environment)
    ran = environment.run(
        "-m", "asv", "--config", config, "run", "-E", "host", "--bench", "core.null", cwd=ROOT
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert len([path for path in results.glob("*/*.json") if path.name != "machine.json"]) == 1


def suite(environment: Throwaway) -> tuple[Path, Path]:
    """Return a configuration as ours, whose results go to a throw-away directory, and that one."""
    results = environment.home / "results"
    shutil.rmtree(results, ignore_errors=True)
    ours = (ROOT / "asv.conf.json").read_text()
    settings = json.loads(re.sub(r"^\s*//.*$", "", ours, flags=re.MULTILINE))
    settings |= {
        "repo": str(ROOT),
        "benchmark_dir": str(SUITE),
        "results_dir": str(results),
        "env_dir": str(environment.home / "env"),
        "html_dir": str(environment.home / "html"),
    }
    config = environment.home / "asv.conf.json"
    config.write_text(json.dumps(settings))
    return config, results
