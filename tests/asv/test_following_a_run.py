"""A run is followed point by point, and stopped without loss; asv is played by a script."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv import run as running
from hwperf.asv.run import INTERRUPTED, Event, Outcome
from hwperf.cli.progress import Progress
from hwperf.errors import UsageError

CONF = '{"repo": ".", "results_dir": "results", "html_dir": "html", /* a comment */}'

MEASURES_TWO = """
import json, os, sys, time
assert os.environ["HWPERF_PROFILE"] == "quick"
for n in (1, 2):
    with open(os.environ["HWPERF_EVENTS"], "a") as stream:
        stream.write(json.dumps({"id": "core.null", "verdict": "ok", "n": n}) + "\\n")
    print("\\x1b[0;31mmeasured\\x1b[0m", n, flush=True)
"""


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A configuration in a repository of one commit."""
    commit = ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "x"]
    for command in (["init", "-q"], [*commit, "--allow-empty"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    (tmp_path / "asv.conf.json").write_text(CONF)
    return tmp_path / "asv.conf.json"


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    return monkeypatch


def followed(
    play: pytest.MonkeyPatch, conf: Path, script: str, events: list[Event] | None = None
) -> Outcome:
    play.setattr(running, "_command", lambda path, arguments: [sys.executable, "-c", script])
    told: list[Event] = [] if events is None else events
    return running.run(conf, bench=["core.null"], on_event=told.append)


def test_each_point_is_told_as_it_is_measured(conf: Path, play: pytest.MonkeyPatch) -> None:
    events: list[Event] = []
    outcome = followed(play, conf, MEASURES_TWO, events)
    assert outcome.exit_code == 0
    assert [record["n"] for record in outcome.records] == [1, 2]
    assert events[0].kind == "start"
    assert [(e.done, e.total) for e in events if e.kind == "point"] == [(1, 1), (2, 1)]
    assert [e.text for e in events if e.kind == "log"] == ["measured 1", "measured 2"]


def test_asvs_status_is_given_back(conf: Path, play: pytest.MonkeyPatch) -> None:
    assert followed(play, conf, "raise SystemExit(2)").exit_code == 2


def test_results_that_could_not_be_written_are_a_usage_error(
    conf: Path, play: pytest.MonkeyPatch
) -> None:
    script = "print('· cannot write x: No space left. What was saved is untouched.'); exit(1)"
    with pytest.raises(UsageError, match=r"^cannot write x: .* untouched\.$"):
        followed(play, conf, script)


def test_ctrl_c_is_sent_on_once_and_what_was_measured_is_there(
    conf: Path, play: pytest.MonkeyPatch
) -> None:
    script = MEASURES_TWO + (
        "try:\n    os.kill(os.getppid(), 2); time.sleep(30)\nexcept KeyboardInterrupt: exit(1)"
    )
    before = signal.getsignal(signal.SIGINT)
    outcome = followed(play, conf, script)
    assert (outcome.exit_code, outcome.is_interrupted) == (INTERRUPTED, True)
    assert len(outcome.records) == 2
    assert outcome.wall_s < 20
    assert signal.getsignal(signal.SIGINT) is before


def test_asv_stops_when_hwperf_is_killed(conf: Path, tmp_path: Path) -> None:
    """Its points would disturb whatever is measured next."""
    script = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
    script += "time.sleep(60)"
    program = (
        "import sys; from pathlib import Path; from hwperf.asv import run as r\n"
        f"r._command = lambda path, arguments: [sys.executable, '-c', {script!r}]\n"
        f"r.run(Path({str(conf)!r}), bench=['core.null'])\n"
    )
    started = subprocess.Popen([sys.executable, "-c", program])
    deadline = time.monotonic() + 30
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    started.kill()
    started.wait()
    pid = int((tmp_path / "pid").read_text())
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def test_a_dry_run_measures_and_writes_nothing(conf: Path) -> None:
    events: list[Event] = []
    outcome = running.run(conf, bench=["^core"], dry_run=True, on_event=events.append)
    assert [point.id for point in outcome.points] == ["core.null", "core.clock"]
    assert [event.kind for event in events] == ["start"]
    assert events[0].left_s > 0
    assert sorted(os.listdir(conf.parent)) == [".git", "asv.conf.json"]


def test_bad_input_is_told_before_anything_is_started(conf: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no point matches 'core\.nil'\. Did you mean core\.null"):
        running.run(conf, bench=["core.nil"])
    with pytest.raises(UsageError, match="'slow' is no profile; there are quick, full"):
        running.run(conf, profile="slow")
    with pytest.raises(UsageError, match=r"elsewhere/asv\.conf\.json is not there"):
        running.run(tmp_path / "elsewhere" / "asv.conf.json")
    conf.write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        running.run(conf)
    conf.write_text(CONF)
    (tmp_path / "results").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        running.run(conf)


def test_the_time_left_follows_the_plan_at_first_and_the_pace_at_last() -> None:
    assert running._left(0, 10, 0.0, 20.0) == pytest.approx(20.0)
    assert running._left(10, 10, 40.0, 20.0) == 0.0
    assert running._left(9, 10, 36.0, 20.0) == pytest.approx(0.9 * 4 + 0.1 * 2)
    assert running._left(0, 0, 0.0, 0.0) == 0.0


def test_results_without_a_commit_to_belong_to_are_refused(tmp_path: Path) -> None:
    """asv itself would speak of a mirror of the project repository."""
    path = tmp_path / "asv.conf.json"
    path.write_text(CONF)
    for act in (lambda: running.run(path, bench=["^core"]), lambda: running.publish(path)):
        with pytest.raises(UsageError, match=f"{tmp_path} is no git repository with a commit"):
            act()
    subprocess.run(["git", "-C", str(tmp_path), "init", "-q"], check=True)
    with pytest.raises(UsageError, match="Clone the project, or run 'git init' and commit it"):
        running.run(path, bench=["^core"])
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("plugins", "is_said"),
    [([".hwperf.asv.plugin"], False), (["hwperf.asv.plugin"], True), ([], True), ("odd", True)],
)
def test_publishing_without_the_plugin_says_what_the_pages_lack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugins: Any, is_said: bool
) -> None:
    path = tmp_path / "asv.conf.json"
    path.write_text(json.dumps({"plugins": plugins}))
    monkeypatch.setattr(running.configuration, "lacks_history", lambda conf: None)
    monkeypatch.setattr(running, "_command", lambda path, arguments: [sys.executable, "-c", ""])
    said: list[str] = []
    running.publish(path, on_event=lambda event: said.append(event.text))
    assert ["hwperf's plugin" in text for text in said] == [True] * is_said
    shown = io.StringIO()
    for text in said:
        Progress(shown).show(running.Event("log", text=text))
    assert (".hwperf.asv.plugin" in shown.getvalue()) is is_said
