"""Real runs of somebody's suite. This program records them, undisturbed and with a hog beside them.

    python tools/verdict_bench/record.py [--repeats 2] [-o FILE]

Each scenario is a commit of a copy of examples/somebodys-suite, measured by stock asv: quiet, a hog
of the CPUs, of main memory, of the disk, and code that takes twice as long. What is kept of each
benchmark: its value and its 99 % interval. A run takes some 20 s on two free cores.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hogs import HOGS, running

from hwperf.asv import results

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "examples" / "somebodys-suite"
DATA = Path(__file__).parent / "data" / "recorded.json"

MACHINE = "recorded"


def main() -> int:
    """Record one session, and add it to the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2, help="quiet runs; others are one each")
    parser.add_argument("-o", "--output", type=Path, default=DATA)
    given = parser.parse_args()
    scenarios = ["quiet"] * given.repeats + [*HOGS, "code"]
    with tempfile.TemporaryDirectory(dir=ROOT / ".asv") as name:
        copy = Path(name) / "suite"
        shutil.copytree(SUITE, copy, ignore=shutil.ignore_patterns("results", "env", "html"))
        _git(copy, "init", "-q")
        found = [_recorded(copy, scenario, number) for number, scenario in enumerate(scenarios)]
    known = json.loads(given.output.read_text("utf-8")) if given.output.is_file() else []
    given.output.parent.mkdir(exist_ok=True)
    given.output.write_text(json.dumps([*known, found], indent=0) + "\n", encoding="utf-8")
    return 0


def _recorded(copy: Path, scenario: str, number: int) -> dict[str, Any]:
    if scenario == "code":
        module = copy / "somebodys" / "__init__.py"
        text = module.read_text(encoding="utf-8")
        loop = "    for word in words:\n"
        assert text.count(loop) == 1
        module.write_text(text.replace(loop, "    for word in [*words, *words]:\n"), "utf-8")
    _git(copy, "add", "-A")
    _git(copy, "commit", "-q", "--allow-empty", "-m", f"{number} {scenario}")
    commit = _git(copy, "rev-parse", "HEAD").strip()
    print(f"{number} {scenario}", file=sys.stderr)
    with running(scenario if scenario in HOGS else None, copy):
        _asv(copy, "machine", "--yes", "--machine", MACHINE)
        _asv(
            copy, "run", "-E", f"existing:{sys.executable}", "--set-commit-hash", commit,
            "--record-samples", "--machine", MACHINE,
        )  # fmt: skip
    points = [p for p in results.read(copy / "results") if p.commit == commit]
    points = [p for p in points if p.cost is not None and math.isfinite(p.cost)]
    return {
        "scenario": scenario,
        "points": {
            p.benchmark: {"version": p.version, "value": p.cost, "interval": p.interval}
            for p in points
        },
    }  # fmt: skip


def _asv(copy: Path, *arguments: str) -> None:
    environment = {**os.environ, "ASV_PYTHONPATH": str(copy), "HOME": str(copy.parent)}
    # The compiled kernels are those of this account; only asv's own file of machines is not.
    environment.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    done = subprocess.run(
        [sys.executable, "-m", "asv", *arguments],
        cwd=copy, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"asv {arguments[0]}: {done.stdout}{done.stderr}")


def _git(copy: Path, *arguments: str) -> str:
    names = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost"]
    return subprocess.run(
        ["git", *names, *arguments], cwd=copy, check=True, capture_output=True, text=True
    ).stdout


if __name__ == "__main__":
    sys.exit(main())
