"""Git is asked, and no answer is an answer."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hwperf.asv.git import ask, commit_of


def test_where_there_is_no_git_nothing_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = ask(tmp_path, "rev-parse", "HEAD")
    assert (done.returncode, done.stdout) == (127, b"")
    assert "git" in done.stderr.decode()
    assert commit_of(tmp_path, "HEAD") is None


@pytest.mark.parametrize("name", ["-h", "--output=x", "a\0b", "x" * 10**6, "", "no such"])
def test_a_name_that_is_none_is_no_commit_and_no_option(tmp_path: Path, name: str) -> None:
    assert commit_of(tmp_path, name) is None
    assert os.listdir(tmp_path) == []
