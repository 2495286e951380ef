"""The cache directory is ours alone, or there is none."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hwperf.host.system import cache_directory

posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


def test_our_own_variable_decides_first(tmp_path: Path) -> None:
    told = {
        "HWPERF_CACHE_DIR": str(tmp_path / "a"),
        "XDG_CACHE_HOME": str(tmp_path / "b"),
        "HOME": str(tmp_path / "c"),
    }
    assert cache_directory(told) == tmp_path / "a"
    del told["HWPERF_CACHE_DIR"]
    assert cache_directory(told) == tmp_path / "b" / "hwperf"
    del told["XDG_CACHE_HOME"]
    assert cache_directory(told) == tmp_path / "c" / ".cache" / "hwperf"


def test_a_relative_path_is_ignored(tmp_path: Path) -> None:
    told = {"XDG_CACHE_HOME": "relative", "HOME": str(tmp_path)}
    assert cache_directory(told) == tmp_path / ".cache" / "hwperf"


@posix
def test_it_is_made_for_us_alone(tmp_path: Path) -> None:
    made = cache_directory({"HWPERF_CACHE_DIR": str(tmp_path / "new")})
    assert made is not None
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_one_that_others_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    assert cache_directory({"HWPERF_CACHE_DIR": str(shared), "HOME": str(tmp_path)}) is None


@posix
def test_somebody_elses_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache_directory({"HWPERF_CACHE_DIR": str(tmp_path)}) is None


def test_a_file_in_its_place_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert cache_directory({"HWPERF_CACHE_DIR": str(tmp_path / "file")}) is None
    assert cache_directory({"HWPERF_CACHE_DIR": str(tmp_path / "file" / "below")}) is None
