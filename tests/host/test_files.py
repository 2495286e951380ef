"""What cannot be read says why, and for whom it could be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwperf.host.facts import Unavailable
from hwperf.host.files import listing, numbered, optional, text


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"^/sys/nothing does not exist here$"):
        text(tmp_path, "/sys/nothing")


def test_a_protected_file_says_who_may_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(Unavailable, match=r"^/sys/x may be read by root only$"):
        text(tmp_path, "/sys/x")


def test_an_error_of_the_kernel_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(Unavailable, match="cannot be read: Is a directory"):
        text(tmp_path, "/x")


def test_bytes_that_are_no_text_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff\xfe a\n")
    assert text(tmp_path, "/x").endswith(" a")


def test_optional_and_listings_are_empty_where_there_is_nothing(tmp_path: Path) -> None:
    assert optional(tmp_path, "/x") is None
    assert listing(tmp_path, "/x") == ()


def test_only_numbered_entries_count(tmp_path: Path) -> None:
    for name in ("cpu10", "cpu2", "cpufreq", "cpu"):
        (tmp_path / name).mkdir()
    assert numbered(tmp_path, "/", "cpu") == (2, 10)
