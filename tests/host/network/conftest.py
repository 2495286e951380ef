"""Recorded interfaces as directory trees, in the format of the storage's recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..storage.conftest import unpack

__all__ = ["unpack"]

MACHINES = Path(__file__).parent / "machines"
NAMES = sorted(path.stem for path in MACHINES.glob("*.txt"))


@pytest.fixture
def machine(unpack: Callable[[str], Path]) -> Callable[[str], Path]:
    """Return a function that lays out the recording of that name and returns its root."""
    return lambda name: unpack((MACHINES / f"{name}.txt").read_text(encoding="utf-8"))
