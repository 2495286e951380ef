"""The code of another commit is unpacked, and the working tree stays as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hwperf.asv import checkout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    (path / "pkg").mkdir(parents=True)
    git(path.parent, "init", "-q", "-b", "main", str(path))
    git(path, "config", "user.email", "tester@example.org")
    git(path, "config", "user.name", "A tester")
    (path / "other.txt").write_text("x")
    for number in (1, 2):
        (path / "pkg" / "__init__.py").write_text(f"VALUE = {number}\n")
        git(path, "add", "-A")
        git(path, "commit", "-q", "-m", str(number))
    return path


def git(path: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=path, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_commit_is_unpacked_once(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD~1")
    path = checkout.unpack(repository, first, "pkg", tmp_path / "commits")
    assert (path / "pkg" / "__init__.py").read_text() == "VALUE = 1\n"
    assert not (path / "other.txt").exists()
    assert (repository / "pkg" / "__init__.py").read_text() == "VALUE = 2\n"
    (path / "mark").touch()
    assert (checkout.unpack(repository, first, "pkg", tmp_path / "commits") / "mark").exists()


def test_files_keep_the_time_of_their_commit(repository: Path, tmp_path: Path) -> None:
    """So that kernels compiled from them stay in the cache."""
    first = git(repository, "rev-parse", "HEAD~1")
    seconds = int(git(repository, "log", "-1", "--format=%ct", first))
    path = checkout.unpack(repository, first, "pkg", tmp_path / "commits")
    assert int((path / "pkg" / "__init__.py").stat().st_mtime) == seconds


def test_the_oldest_commits_are_dropped(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout, "KEPT", 1)
    for name in ("HEAD~1", "HEAD"):
        commit = git(repository, "rev-parse", name)
        checkout.unpack(repository, commit, "pkg", tmp_path / "commits")
    assert [path.name for path in (tmp_path / "commits").iterdir()] == [commit]


def test_what_a_repository_says_of_itself(repository: Path, tmp_path: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert checkout.head(repository) == commit
    assert checkout.head(tmp_path) is None
    assert checkout.work_tree(repository, "pkg") == repository
    assert checkout.work_tree(repository, "hwperf") is None
    assert checkout.contains(repository, commit, "pkg")
    assert not checkout.contains(repository, commit, "hwperf")
    assert checkout.is_clean(repository)
    (repository / "other.txt").write_text("changed")
    assert not checkout.is_clean(repository)


def test_a_commit_that_cannot_be_read_is_an_error(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"not a valid object name|not a tree object"):
        checkout.unpack(repository, "0" * 40, "pkg", tmp_path / "commits")
    assert not (tmp_path / "commits").exists()
