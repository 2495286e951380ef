"""Directories change places whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwperf.asv import swap


def test_the_new_directory_takes_the_place_of_the_old(tmp_path: Path) -> None:
    final = tmp_path / "html"
    with swap.replacement(final) as new:
        (new / "a").write_text("1")
        assert not final.exists()
    assert (final / "a").read_text() == "1"
    with swap.replacement(final) as new:
        (new / "b").write_text("2")
        assert (final / "a").exists()
    assert [path.name for path in final.iterdir()] == ["b"]
    assert list(tmp_path.iterdir()) == [final]


def test_a_failure_leaves_the_old_one(tmp_path: Path) -> None:
    final = tmp_path / "html"
    final.mkdir()
    (final / "a").write_text("1")

    def fail() -> None:
        with swap.replacement(final) as new:
            (new / "b").write_text("2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [path.name for path in final.iterdir()] == ["a"]
    assert list(tmp_path.iterdir()) == [final]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "html").symlink_to("real")
    with swap.replacement(tmp_path / "html") as new:
        (new / "a").touch()
    assert (tmp_path / "html").is_symlink()
    assert (tmp_path / "real" / "a").exists()


def test_where_the_system_cannot_exchange_it_is_done_in_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "_exchanged_at_once", lambda one, other: False)
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    (one / "new").touch()
    swap.exchange(one, other)
    assert (other / "new").exists()
    assert list(one.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "other"]
