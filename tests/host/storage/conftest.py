"""Recorded storage as directory trees. This module unpacks them, symbolic links included.

The format is that of ``tests/host/conftest.py``; besides, ``PATH -> TARGET`` is a symbolic link,
and ``PATH/`` an empty directory.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import entries, numbered

MACHINES = Path(__file__).parent / "machines"
NAMES = sorted(path.stem for path in MACHINES.glob("*.txt"))
LINK = re.compile(r"^(/\S+) -> (\S+)\n", re.MULTILINE)
DIRECTORY = re.compile(r"^(/\S+)/\n", re.MULTILINE)


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that lays out a recording's text and returns its root."""

    def lay_out(recording: str) -> Path:
        links, rest = LINK.findall(recording), LINK.sub("", recording)
        directories, rest = DIRECTORY.findall(rest), DIRECTORY.sub("", rest)
        for path, content in entries(rest):
            for real_path, real_content in numbered(path, content):
                target = tmp_path / real_path.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(real_content + "\n", encoding="utf-8")
        for path in directories:
            (tmp_path / path.lstrip("/")).mkdir(parents=True, exist_ok=True)
        for path, target in links:
            link = tmp_path / path.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)
        return tmp_path

    return lay_out


@pytest.fixture
def machine(unpack: Callable[[str], Path]) -> Callable[[str], Path]:
    """Return a function that lays out the recording of that name and returns its root."""
    return lambda name: unpack((MACHINES / f"{name}.txt").read_text(encoding="utf-8"))
