"""Importing is cheap and changes nothing: `hwperf list` and `--help` need no heavy library."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = ["archspec", "asv", "asv_runner", "llvmlite", "numba", "rich", "torch"]


def imported_by(statement: str, *, modules: list[str]) -> list[str]:
    """Return which of *modules* a fresh interpreter holds after *statement*."""
    show = f"import json, sys; print(json.dumps([m for m in {modules} if m in sys.modules]))"
    program = f"{statement}\n{show}"
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
    found: list[str] = json.loads(asked.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "import hwperf",
        "import hwperf.workload",
        "import hwperf.plugins",
        "from hwperf import limits",
        "from hwperf import plugins; assert plugins.load().workloads",
    ],
)
def test_finding_workloads_imports_nothing_heavy(statement: str) -> None:
    assert imported_by(statement, modules=HEAVY) == []


def test_the_command_line_imports_nothing_heavy() -> None:
    """`hwperf --help` has 120 ms; numpy alone takes most of that."""
    assert imported_by("import hwperf.cli.main", modules=[*HEAVY, "numpy"]) == []


def test_python_without_docstrings_finds_the_same_workloads() -> None:
    program = "from hwperf import plugins; print(len(plugins.load().workloads))"
    plain, bare = (
        subprocess.run([sys.executable, *options, "-c", program], capture_output=True, text=True)
        for options in ((), ("-OO",))
    )
    assert int(plain.stdout) > 10
    assert (bare.stdout, bare.stderr) == (plain.stdout, plain.stderr)


def test_importing_prints_nothing_and_reads_no_environment_of_ours() -> None:
    program = "from hwperf import plugins; plugins.load()"
    asked = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"HWPERF_CACHE_DIR": "/nonexistent", "HWPERF_PROFILE": "nonsense", "PATH": ""},
    )
    assert (asked.returncode, asked.stdout, asked.stderr) == (0, "", "")
