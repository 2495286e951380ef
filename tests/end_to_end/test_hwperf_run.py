"""``hwperf run`` and ``hwperf publish``: asv inside, its faults in hwperf's words."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from end_to_end.conftest import Repository


def hwperf(repository: Repository, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hwperf", *arguments],
        cwd=repository.path,
        env={**repository.environment, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def values(repository: Repository, benchmark: str) -> list[float] | None:
    (path,) = repository.results.glob("*/*-host-*.json")
    row = json.loads(path.read_text())["results"].get(benchmark)
    return None if row is None else row[0]


def test_a_run_shows_its_progress_and_the_pages_it_made(repository: Repository) -> None:
    started = hwperf(repository, "run", "-k", "quick.(sum|never)", "--publish")
    out, err = started.communicate(timeout=120)
    assert started.returncode == 0, out + err
    assert re.search(r"measuring 2 points, about \d", err)
    assert "B/s" in err
    assert f"pages: {repository.html / 'index.html'}" in out
    assert (repository.html / "index.html").is_file()
    assert values(repository, "plugins.QuickSum.cost")


def test_ctrl_c_keeps_what_was_measured(repository: Repository) -> None:
    started = hwperf(repository, "run", "-k", "quick.wait", HWPERF_TEST_LONG="1")
    deadline = time.monotonic() + 60
    while not has_two_points(repository):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=30)
    assert started.returncode == 130, out + err
    assert "2 measured points are kept" in err
    assert "Traceback" not in err
    stored = values(repository, "plugins.QuickWait.cost")
    assert stored is not None
    assert stored[0] > 0


def has_two_points(repository: Repository) -> bool:
    found = list(repository.results.glob("*/*.hwperf.jsonl"))
    return bool(found) and len(found[0].read_text().splitlines()) >= 2


def test_bad_input_ends_with_2_and_one_sentence(repository: Repository) -> None:
    (repository.path / ".asv").mkdir()
    repository.results.write_text("a file where the directory should be\n")
    for arguments, said in (
        (("run", "-k", "core.null"), "cannot write"),
        (("run", "-k", "no-such-thing"), "no point matches 'no-such-thing'"),
        (("run", "-k", "("), "is no regular expression"),
        (("run", "--config", "elsewhere.json"), "is not there"),
    ):
        started = hwperf(repository, *arguments)
        out, err = started.communicate(timeout=60)
        assert started.returncode == 2, out + err
        assert said in err
        assert "Traceback" not in err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_results_directory_ends_with_2(repository: Repository) -> None:
    repository.results.mkdir(parents=True)
    repository.results.chmod(0o555)
    started = hwperf(repository, "run", "-k", "core.null")
    _, err = started.communicate(timeout=60)
    Path(repository.results).chmod(0o755)
    assert started.returncode == 2
    assert "cannot write" in err
