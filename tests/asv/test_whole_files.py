"""A file of results is there whole, or as it was before."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from hwperf.asv import files


def test_written_json_reads_as_asv_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.json"
    files.write_json(str(path), {"b": 1, "a": [1.5, float("nan")]}, 2)
    assert json.loads(path.read_text())["version"] == 2
    assert path.read_text().index('"a"') < path.read_text().index('"b"')
    files.write_json(str(path), {"b": 1}, compact=True)
    assert path.read_text() == '{"b": 1}'


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "x.json"
    path.write_text("old")

    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(
        files.CannotWrite, match=r"cannot write .*x\.json: .*saved before"
    ) as caught:
        files.write_text(path, "new")
    assert "\n" not in str(caught.value)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.json"]


def test_drafts_are_not_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with files.quick_writes():
        files.write_text(tmp_path / "x", "draft")
    assert synced == []
    files.write_text(tmp_path / "x", "final")
    assert len(synced) == 2  # The file and its directory.


def test_a_new_file_is_as_readable_as_any(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        files.write_text(tmp_path / "x", "")
    finally:
        os.umask(mask)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / f".x.json-abc{files.PART}").touch()
    (tmp_path / "here" / "x.json").touch()
    files.sweep(tmp_path)
    assert os.listdir(tmp_path / "here") == ["x.json"]


def test_every_damaged_file_is_kept(tmp_path: Path) -> None:
    for content in ("one", "two"):
        (tmp_path / "x.json").write_text(content)
        files.set_aside(tmp_path / "x.json")
    assert (tmp_path / "x.json.broken-1").read_text() == "one"
    assert (tmp_path / "x.json.broken-2").read_text() == "two"
