"""The newest run is found by when it was measured, whatever the files' times say."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from hwperf.asv.git import commit_of
from hwperf.asv.recorded import newest
from hwperf.errors import UsageError
from hwperf.report import fragments
from hwperf.report.card import choice
from hwperf.report.card.choice import chosen, machines

COLUMNS = ["result", "params", "version", "started_at"]


def stored(results: Path, commit: str, started_at: float | None, machine: str = "here",
           modified: float | None = None) -> Path:  # fmt: skip
    folder = results / machine
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "machine.json").write_text(json.dumps({"machine": machine, "version": 1}))
    path = folder / f"{commit[:8]}-host-py3.11.json"
    at = None if started_at is None else int(started_at * 1e3)
    data = {
        "version": 2, "commit_hash": commit, "date": 1, "python": "3.11", "params": {},
        "env_name": "host-py3.11", "requirements": {}, "result_columns": COLUMNS,
        "results": {"core.Null.cost": [[1e-7], [], "1", at]}, "durations": {},
    }  # fmt: skip
    path.write_text(json.dumps(data))
    if modified is not None:
        os.utime(path, (modified, modified))
    return path


def commits(n: int) -> list[str]:
    return [f"{number:08x}" + "0" * 32 for number in range(1, n + 1)]


@pytest.mark.parametrize("copied", [False, True])
def test_it_is_the_run_that_the_reading_layer_calls_the_newest(
    tmp_path: Path, copied: bool
) -> None:
    """Files are as old as their results, or all of one time, as in a fresh checkout."""
    times = [300.0, 100.0, 500.0, 200.0, 400.0]
    for commit, at in zip(commits(5), times, strict=True):
        stored(tmp_path, commit, at, modified=1000.0 if copied else at)
    run, expected = chosen(tmp_path), newest(tmp_path)
    assert run is not None
    assert expected is not None
    assert run.path == expected.path
    assert run.commit == commits(5)[2]


def test_a_time_that_no_float_holds_is_none(tmp_path: Path) -> None:
    path = stored(tmp_path, commits(2)[0], 100.0)
    data = json.loads(path.read_text())
    data["results"]["core.Null.cost"][3] = 10**400
    path.write_text(json.dumps(data))
    dated = stored(tmp_path, commits(2)[1], 50.0)
    run = chosen(tmp_path)
    assert run is not None
    assert run.path == dated


def test_of_a_long_history_few_files_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, commit in enumerate(commits(50)):
        stored(tmp_path, commit, 100.0 + number, modified=100.5 + number)
    read: list[Path] = []
    original = choice._brief
    monkeypatch.setattr(
        choice, "_brief", lambda path, warn: read.append(path) or original(path, warn)
    )
    run = chosen(tmp_path)
    assert run is not None
    assert run.commit == commits(50)[-1]
    assert len(read) <= fragments.LOOKED_AT + 1


def test_a_damaged_file_is_named_and_the_next_one_is_taken(tmp_path: Path) -> None:
    first, second = commits(2)
    stored(tmp_path, first, 100.0)
    broken = stored(tmp_path, second, 200.0)
    for damage in ("{", "[]", "null", '{"version": 2}', '{"version": 2, "results": []}', ""):
        broken.write_text(damage)
        said: list[str] = []
        run = chosen(tmp_path, warn=said.append)
        assert run is not None
        assert run.commit == first
        assert len(said) == 1
        assert str(broken) in said[0]


def test_a_file_without_times_is_older_than_any(tmp_path: Path) -> None:
    first, second = commits(2)
    stored(tmp_path, first, 100.0)
    stored(tmp_path, second, None)
    run = chosen(tmp_path)
    assert run is not None
    assert run.commit == first


def test_nothing_is_none(tmp_path: Path) -> None:
    assert chosen(tmp_path) is None
    assert chosen(tmp_path, commit="abcd1234") is None
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "machine.json").write_text("{}")
    assert chosen(tmp_path, machine="here") is None


def test_a_machine_is_taken_by_its_name_and_no_pattern(tmp_path: Path) -> None:
    one, other = commits(2)
    stored(tmp_path, one, 100.0, machine="a[b]*")
    stored(tmp_path, other, 200.0, machine="ab")
    run = chosen(tmp_path, machine="a[b]*")
    assert run is not None
    assert run.machine == "a[b]*"
    for name in ("*", "a*", "../here", ""):
        with pytest.raises(UsageError, match="has no results of it"):
            chosen(tmp_path, machine=name)
    with pytest.raises(UsageError, match=r"Did you mean 'ab'\? It has: 'a\[b\]\*', 'ab'"):
        chosen(tmp_path, machine="abc")
    assert machines(tmp_path) == ["a[b]*", "ab"]


def test_a_commit_is_taken_by_the_begin_of_its_hash(tmp_path: Path) -> None:
    one, other = "abcd1111" + "0" * 32, "abcd2222" + "0" * 32
    stored(tmp_path, one, 200.0)
    stored(tmp_path, other, 100.0)
    for name in ("abcd2", "ABCD2222", other):
        run = chosen(tmp_path, commit=name)
        assert run is not None
        assert run.commit == other
    with pytest.raises(UsageError, match="is the begin of several: abcd1111, abcd2222"):
        chosen(tmp_path, commit="abcd")
    for name in ("ffff", "abc", "HEAD", "--help", "", "abcd2222f"):
        with pytest.raises(UsageError, match="there are no results of it"):
            chosen(tmp_path, commit=name)


def test_a_name_that_git_knows_is_its_commit(tmp_path: Path) -> None:
    repo, results = tmp_path / "repo", tmp_path / "results"
    repo.mkdir()
    git = ["git", "-C", str(repo), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "m"], check=True)
    subprocess.run([*git, "tag", "v1"], check=True)
    commit = commit_of(repo, "v1")
    assert commit is not None
    stored(results, commit, 100.0)
    run = chosen(results, commit="v1", repo=repo)
    assert run is not None
    assert run.commit == commit
    assert commit_of(repo, "no-such") is None
    assert commit_of(repo, "--output=x") is None
    assert commit_of(tmp_path / "absent", "v1") is None


def test_an_interval_that_is_no_number_costs_the_interval_alone(tmp_path: Path) -> None:
    first, second = commits(2)
    stored(tmp_path, first, 100.0)
    odd = stored(tmp_path, second, 200.0)
    data = json.loads(odd.read_text())
    data["result_columns"] += ["stats_ci_99_a", "stats_ci_99_b"]
    data["results"]["core.Null.cost"] += [[{}], [{}]]
    odd.write_text(json.dumps(data))
    said: list[str] = []
    run = chosen(tmp_path, warn=said.append)
    assert run is not None
    assert run.commit == second
    assert said == []
    assert [m.interval for m in run.measurements] == [None]
