"""A directory on a disk, and a session of small scratch files in it, for tests that need them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hwperf import scratch
from hwperf.domains.storage import wear
from hwperf.scratch import session as sessions
from hwperf.units import MiB

SMALL = 64 * MiB


@contextmanager
def directory_on_a_disk(tmp_path: Path) -> Iterator[Path]:
    """Give an empty directory that is not kept in memory; skip where there is none."""
    if scratch.unwritable(tmp_path) is None:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as name:
        reason = scratch.unwritable(Path(name))
        if reason:
            pytest.skip(reason)
        yield Path(name)


@contextmanager
def small_session(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[scratch.Session]:
    """Give the session of this process, in *directory*; its scratch file has 64 MiB."""
    if scratch.unwritable(directory):
        pytest.skip(str(scratch.unwritable(directory)))
    if shutil.disk_usage(directory).free < 32 * SMALL:
        pytest.skip(f"{directory} has no space for scratch files")
    monkeypatch.setenv("HWPERF_STORAGE_DIR", str(directory))
    monkeypatch.delenv(scratch.SCRATCH, raising=False)
    monkeypatch.setattr(wear, "scratch_bytes", lambda session: SMALL)
    monkeypatch.setattr(sessions, "_session", None)
    found = scratch.current()
    try:
        yield found
    finally:
        found.close()
        assert os.listdir(directory) == [], "something was left"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with directory_on_a_disk(tmp_path) as directory:
        yield directory


@pytest.fixture
def session(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[scratch.Session]:
    with small_session(disk, monkeypatch) as found:
        yield found
