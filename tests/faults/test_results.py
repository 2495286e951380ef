"""Results that are damaged, cannot be written, or are being written when somebody stops it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.conftest import Answer, Runner

WAIT = "plugins.QuickWait.cost"


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, f"never saw: {what}"
        time.sleep(0.05)


def is_stored(runner: Runner, index: int) -> bool:
    values = runner.values(WAIT)
    return len(values) > index and (values[index] or 0) > 0


def started_and_stuck(runner: Runner) -> subprocess.Popen[str]:
    """Start a run whose third point takes a minute, and wait until two are stored."""
    started = runner.start("run", "-k", "quick.wait", HWPERF_TEST_LONG="1")
    wait_until(lambda: is_stored(runner, 1), "two points stored")
    return started


def ended(started: subprocess.Popen[str]) -> Answer:
    out, err = started.communicate(timeout=60)
    assert "Traceback" not in out + err
    return Answer(started.returncode, out, err)


def processes_in(directory: Path) -> list[str]:
    """Return the command lines of the processes that run the suite in *directory*."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(directory) in command:
                found.append(command)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_keeps_its_points_and_leaves_nothing_behind(
    runner: Runner, number: signal.Signals
) -> None:
    started = started_and_stuck(runner)
    before = runner.values(WAIT)[:2]
    started.send_signal(number)
    shown = ended(started)
    if number == signal.SIGKILL:
        assert shown.code == -signal.SIGKILL
    else:
        assert shown.code == 130
        assert "hwperf: interrupted; 2 measured points are kept" in shown.err
        assert "quick.wait  turn=2" in shown.out
    wait_until(lambda: not processes_in(runner.directory), "the end of every process of the run")
    assert runner.values(WAIT)[:2] == before

    shown = runner.hwperf("run", "-k", r"quick.wait\(3\)")
    assert shown.code == 0
    assert runner.values(WAIT)[:2] == before
    assert is_stored(runner, 2)
    assert runner.repository.git("status", "--porcelain") == ""
    left = {path.name for path in Path(runner.environment["TMPDIR"]).iterdir()}
    # What a killed hwperf leaves is swept up by a run that comes a minute later.
    assert {name for name in left if not name.startswith("hwperf-run-")} == set()
    assert len(left) == (1 if number == signal.SIGKILL else 0)


def test_a_second_run_waits_says_so_and_nothing_is_lost(runner: Runner) -> None:
    first = started_and_stuck(runner)
    second = runner.start("run", "-k", "core.null")
    assert second.stderr is not None
    line = ""
    while "waiting" not in line:
        line = second.stderr.readline()
        assert line, "the second run did not wait"
    assert line.startswith("another run (pid ")
    assert line.endswith("waiting until it ends\n")
    first.send_signal(signal.SIGINT)
    assert ended(first).code == 130
    assert ended(second).code == 0
    assert is_stored(runner, 1)
    assert runner.values("core.Null.cost")


def test_damage_is_told_set_aside_and_costs_no_other_file(runner: Runner) -> None:
    """A result file, the list of benchmarks, a machine's file; torn, foreign, or not text."""
    runner.hwperf("run", "-k", "core.null")
    result, suite = runner.result_file(), runner.results / "benchmarks.json"
    other = result.parent.parent / "another"
    other.mkdir()
    (other / "machine.json").write_text("[]")
    result.write_text(result.read_text()[:-100])
    suite.write_text('{"core.Null.cost": ')

    published = runner.hwperf("publish")
    assert published.code == 0
    for path in (result, suite):
        assert path.name in published.err
    assert f"{other.name}/machine.json: it names no machine" in published.err
    assert (runner.repository.html / "index.html").is_file()

    shown = runner.hwperf("run", "-k", "core.null")
    assert shown.code == 0
    assert result.name in shown.err
    assert "damaged" in shown.err
    assert json.loads(result.read_text())["results"]["core.Null.cost"]
    assert result.with_name(f"{result.name}.broken-1").is_file()
    assert "core.Null.cost" in json.loads(suite.read_text())
    assert (other / "machine.json").read_text() == "[]"

    for content in ("[1, 2]", '{"version": 99, "a": 1}'):
        suite.write_text(content)
        assert runner.hwperf("publish").code == 0
        index = json.loads((runner.repository.html / "index.json").read_text())
        assert "core.Null.cost" in index["benchmarks"]


def test_a_read_only_results_directory_is_told_before_measuring(
    runner: Runner, small_disk: Callable[..., None]
) -> None:
    small_disk(runner.results, "ro")
    shown = runner.hwperf("run", "-k", "core.null")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err.splitlines()[-1].startswith(f"hwperf: cannot write {runner.results}: Read-on")
    assert "Mount it writable, or set another directory in asv.conf.json" in shown.err


def test_a_disk_that_fills_up_loses_nothing_that_was_there(
    runner: Runner, small_disk: Callable[..., None]
) -> None:
    small_disk(runner.results, "size=256k")
    runner.hwperf("run", "-k", "core.null")
    before = runner.result_file().read_bytes()
    room = os.statvfs(runner.results)
    (runner.results / "ballast").write_bytes(bytes(room.f_bavail * room.f_frsize))
    shown = runner.hwperf("run", "-k", "quick.wait")
    assert (shown.code, shown.out) == (2, "")
    said = shown.err.splitlines()[-1]
    assert said.startswith("hwperf: cannot write ")
    assert "No space left on device. Free some space on that file system" in said
    assert runner.result_file().read_bytes() == before
    assert list(runner.results.rglob("*.part")) == []
