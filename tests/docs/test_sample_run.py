"""The recorded run that the pages show is a copy of a run without what they do not show."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from docs.conftest import DOCS
from hwperf.asv.recorded import newest

TOOL = DOCS.parent / "tools" / "sample_run" / "make.py"


def copied(source: Path, target: Path) -> None:
    command = [sys.executable, str(TOOL), str(source), str(target), "--machine", "example"]
    subprocess.run(command, check=True)


def test_values_and_verdicts_stay_and_samples_sources_and_long_reasons_go(tmp_path: Path) -> None:
    source, target = tmp_path / "results", tmp_path / "copy"
    shutil.copytree(DOCS / "data" / "results", source)
    (path,) = [p for p in source.glob("*/*.json") if p.name != "machine.json"]
    stored = json.loads(path.read_text("utf-8"))
    row = stored["results"]["core.Clock.cost"]
    row[stored["result_columns"].index("samples")] = [[1e-9] * 1000]
    path.write_text(json.dumps(stored), "utf-8")
    known = json.loads((source / "benchmarks.json").read_text("utf-8"))
    known["core.Clock.cost"]["code"] = "def clock(): ..."
    (source / "benchmarks.json").write_text(json.dumps(known), "utf-8")

    copied(source, target)
    before, after = newest(source), newest(target)
    assert before is not None
    assert after is not None
    assert after.machine == "example"
    assert [(m.name, m.value, m.verdict, m.reason) for m in after.measurements] == [
        (m.name, m.value, m.verdict, m.reason) for m in before.measurements
    ]
    assert all(not m.point.samples for m in after.measurements)
    assert "def clock" not in (target / "benchmarks.json").read_text("utf-8")


def test_the_copy_of_a_copy_is_the_same(tmp_path: Path) -> None:
    """So what lies in docs/data is what the tool makes today."""
    copied(DOCS / "data" / "results", tmp_path)
    files = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert files
    for name in files:
        assert (tmp_path / name).read_text("utf-8") == (DOCS / "data" / "results" / name).read_text(
            "utf-8"
        ), name


def test_it_is_small_enough_to_be_kept_in_a_repository() -> None:
    files = [path for path in (DOCS / "data").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 500_000
