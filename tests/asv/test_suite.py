"""benchmarks/ has a class for every workload, named after it, and imports nothing heavy."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from hwperf import plugins
from hwperf.asv.plan import asv_names

ROOT = Path(__file__).resolve().parents[2]

DISCOVER = """
import json, sys
from pathlib import Path
from asv_runner.discovery import list_benchmarks
with open(sys.argv[2], "w") as stream:
    list_benchmarks(sys.argv[1], stream)
print([name for name in ("numba", "torch", "archspec") if name in sys.modules])
"""


def discovered(tmp_path: Path) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", DISCOVER, str(ROOT / "benchmarks"), str(tmp_path / "found.json")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
    found: list[dict[str, object]] = json.loads((tmp_path / "found.json").read_text())
    return found


def test_every_workload_has_its_benchmark(tmp_path: Path) -> None:
    found = {str(entry["name"]): entry for entry in discovered(tmp_path)}
    assert [name for name, entry in found.items() if "missing" in entry] == []
    wanted = {name: w for w in plugins.load().workloads.values() for name in asv_names(w)}
    assert set(found) == set(wanted)
    for name, declared in wanted.items():
        assert found[name]["version"] == declared.version
        assert found[name]["params"] == [
            [repr(v) for v in axis] for axis in declared.params.values()
        ]


def test_asv_finds_nothing_to_complain_about(tmp_path: Path) -> None:
    """What ``asv check`` does, without a repository."""
    program = "import sys; from asv_runner.check import _check; _check([sys.argv[1]])"
    done = subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "benchmarks")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert importlib.util.find_spec("asv_runner") is not None
