"""Storage workloads on a small scratch file in a directory of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from storing import directory_on_a_disk, small_session

from hwperf.scratch import Session


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with directory_on_a_disk(tmp_path) as directory:
        yield directory


@pytest.fixture
def session(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    with small_session(disk, monkeypatch) as found:
        yield found
