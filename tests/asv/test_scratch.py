"""A run leaves nothing in the temporary directory, and sweeps up after one that was killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hwperf.asv.scratch import PREFIX, scratch


@pytest.fixture
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def made_long_ago(path: Path) -> Path:
    path.mkdir()
    (path / "events.jsonl").write_text("{}\n")
    os.utime(path, (0, 0))
    return path


def test_the_directory_lasts_as_long_as_the_run(parent: Path) -> None:
    with scratch() as directory:
        assert directory.parent == parent
        (directory / "output").write_text("x")
    assert list(parent.iterdir()) == []


def test_what_a_killed_run_has_left_is_removed(parent: Path) -> None:
    made_long_ago(parent / f"{PREFIX}dead")
    with scratch():
        assert not (parent / f"{PREFIX}dead").exists()


def test_what_others_need_stays(parent: Path) -> None:
    """A run that goes on, one that is just starting, other programs' files, a link."""
    elsewhere = made_long_ago(parent / "elsewhere")
    (parent / f"{PREFIX}link").symlink_to(elsewhere)
    (parent / f"{PREFIX}young").mkdir()
    with scratch() as first:
        os.utime(first, (0, 0))
        with scratch():
            assert first.is_dir()
    assert {path.name for path in parent.iterdir()} == {
        "elsewhere", f"{PREFIX}link", f"{PREFIX}young"
    }  # fmt: skip
    assert (elsewhere / "events.jsonl").is_file()
