"""Runs that are stopped, that meet, or that find damage: no measured point is lost."""

from __future__ import annotations

import json
import math
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from end_to_end.conftest import Repository

RUN = ("run", "-E", "host", "--machine", "here", "--quick")
WAIT = "plugins.QuickWait.cost"


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, f"never saw: {what}"
        time.sleep(0.05)


def is_stored(repository: Repository, benchmark: str, index: int) -> bool:
    try:
        values = repository.values(benchmark)
    except ValueError:  # No result file yet.
        return False
    return values is not None and isinstance(values[index], float) and values[index] > 0


def started_and_stuck(repository: Repository) -> subprocess.Popen[str]:
    """Start a run whose third point takes a minute, and wait until two are stored."""
    started = repository.start(*RUN, "--bench", "quick.(sum|wait)", HWPERF_TEST_LONG="1")
    wait_until(lambda: is_stored(repository, WAIT, 1), "the second point stored")
    return started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_measured_before_a_signal_is_kept(repository: Repository, number: int) -> None:
    started = started_and_stuck(repository)
    started.send_signal(number)
    output, _ = started.communicate(timeout=30)
    assert started.returncode == (-number if number == signal.SIGKILL else 1)
    assert ("Interrupted." in output) == (number != signal.SIGKILL)
    assert "Traceback" not in output
    sums, waits = repository.values("plugins.QuickSum.cost"), repository.values(WAIT)
    assert sums is not None
    assert all(value > 0 for value in sums)
    assert waits is not None
    assert [waits[0] > 0, waits[1] > 0, math.isnan(waits[2])] == [True] * 3
    # No process of the run measures on, beside the next one.
    wait_until(lambda: not processes_in(repository), "the end of every process of the run")
    # The next run goes on from there.
    repository.asv(*RUN, "--bench", r"quick.wait\(3\)")
    after = repository.values(WAIT)
    assert after is not None
    assert after[:2] == waits[:2]
    assert after[2] > 0


def test_points_that_an_interrupted_run_did_not_reach_keep_their_values(
    repository: Repository,
) -> None:
    repository.asv(*RUN, "--bench", "quick.wait")
    before = repository.values(WAIT)
    started = repository.start(*RUN, "--bench", "quick.wait", HWPERF_TEST_LONG="1")
    wait_until(lambda: repository.values(WAIT)[1] != before[1], "the second point, again")  # type: ignore[index]
    started.send_signal(signal.SIGINT)
    started.communicate(timeout=30)
    after = repository.values(WAIT)
    assert before is not None
    assert after is not None
    assert after[2] == before[2]
    assert after[0] != before[0]


def test_two_runs_at_once_take_turns(repository: Repository) -> None:
    first = started_and_stuck(repository)
    second = repository.start(*RUN, "--bench", "core.null")
    assert second.stdout is not None
    line = ""
    while "waiting" not in line:
        line = second.stdout.readline()
        assert line, "the second run did not wait"
    assert f"another run (pid {first.pid}, since " in line
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 0, output
    assert is_stored(repository, "plugins.QuickSum.cost", 0)
    assert is_stored(repository, "core.Null.cost", 0)


@pytest.mark.parametrize(
    "damage",
    ['{"version": 2, "results": {"core', "[]"],
    ids=["torn", "list"],
)
def test_a_damaged_result_file_is_named_and_set_aside(repository: Repository, damage: str) -> None:
    repository.asv(*RUN, "--bench", "core.null")
    path = repository.result_file()
    path.write_text(damage)
    published = repository.asv("publish")
    assert str(path.relative_to(repository.path)) in published
    output = repository.asv(*RUN, "--bench", "core.null")
    assert f"{path.name}: it is damaged (" in output
    assert f"it is kept as {path.name}.broken-1" in output
    assert path.with_name(f"{path.name}.broken-1").read_text() == damage
    assert is_stored(repository, "core.Null.cost", 0)


def test_a_full_disk_is_one_sentence_and_loses_nothing(repository: Repository) -> None:
    """A limit on file sizes stands for a full disk: a write fails half-way through."""
    repository.asv(*RUN, "--bench", "core.null")
    stored = json.loads(repository.result_file().read_text())
    row = stored["results"]["core.Null.cost"]
    row[11] = [row[11][0] * (200_000 // len(row[11][0]))]  # Samples: some megabytes.
    repository.result_file().write_text(json.dumps(stored))
    before = repository.result_file().read_bytes()
    command = [sys.executable, "-m", "asv", *RUN, "--bench", "quick.sum"]
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 1024; exec {shlex.join(command)}"],
        cwd=repository.path,
        env=repository.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "cannot write" in done.stdout + done.stderr
    assert "what was saved before is untouched" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert repository.result_file().read_bytes() == before
    assert not list(repository.results.rglob("*.part"))


def test_results_that_cannot_be_written_are_told_before_measuring(repository: Repository) -> None:
    (repository.path / ".asv").mkdir(exist_ok=True)
    repository.results.write_text("a file where the directory should be\n")
    output = repository.asv(*RUN, "--bench", "core.null", rc=1)
    assert "cannot write" in output
    assert "Traceback" not in output
    assert "Discovering" not in output


def test_the_suite_of_another_run_stays_known(repository: Repository) -> None:
    """A run without a plugin does not make its benchmarks vanish."""
    repository.asv(*RUN, "--bench", "quick.sum")
    repository.asv(*RUN, "--bench", "core.null", ASV_PYTHONPATH="")
    known = json.loads((repository.results / "benchmarks.json").read_text())
    assert {"plugins.QuickSum.cost", "core.Null.cost"} <= set(known)
    assert "quick.sum" in repository.asv("publish") + (repository.html / "index.json").read_text()


def processes_in(repository: Repository) -> list[str]:
    """Return the command lines of processes that run the repository's suite."""
    wanted, found = str(repository.path / "benchmarks").encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if wanted in command:
                found.append(command.decode(errors="replace"))
    return found
