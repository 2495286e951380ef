"""Many small files in compiled loops."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from hwperf.kernels import files


def names(first: str, n: int) -> np.ndarray:
    texts = [f"{first}{i}".encode() for i in range(n)]
    return np.array(texts, dtype=f"S{files.NAME_BYTES}").view(np.uint8).reshape(n, -1).copy()


@pytest.fixture
def directory(tmp_path: Path):  # type: ignore[no-untyped-def]
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_files_are_made_looked_at_renamed_and_removed(tmp_path: Path, directory: int) -> None:
    old, new = names("a", 12), names("b", 12)
    before = len(os.listdir("/proc/self/fd"))
    assert files.create(directory, old, 12) == 12
    assert len(os.listdir("/proc/self/fd")) == before
    assert sorted(os.listdir(tmp_path)) == sorted(f"a{i}" for i in range(12))
    assert os.stat(tmp_path / "a3").st_mode & 0o777 == 0o600
    inodes = np.zeros(12, np.int64)
    assert files.look(directory, old, 12, np.zeros(files.STATX_WORDS, np.int64), inodes) == 12
    assert inodes.tolist() == [os.stat(tmp_path / f"a{i}").st_ino for i in range(12)]
    assert files.rename(directory, old, new, 12) == 12
    assert sorted(os.listdir(tmp_path)) == sorted(f"b{i}" for i in range(12))
    assert files.unlink(directory, new, 12) == 12
    assert os.listdir(tmp_path) == []


def test_each_stops_where_it_cannot_go_on(tmp_path: Path, directory: int) -> None:
    (tmp_path / "a3").touch()
    assert files.create(directory, names("a", 9), 9) == 3
    (tmp_path / "a1").unlink()
    inodes = np.full(9, -1)
    answer = np.zeros(files.STATX_WORDS, np.int64)
    assert files.look(directory, names("a", 9), 9, answer, inodes) == 1
    assert files.rename(directory, names("a", 9), names("b", 9), 9) == 1
    assert files.unlink(directory, names("b", 9), 9) == 1
