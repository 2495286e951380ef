"""The alignment of direct I/O is what statx says, and None where it says nothing."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from hwperf.host.storage import DirectAlignment, direct_alignment
from hwperf.host.storage.alignment import _parsed

linux = pytest.mark.skipif(sys.platform != "linux", reason="statx is Linux's")


def statx(filled: int, memory: int, offset: int) -> bytes:
    return struct.pack("=I148xII96x", filled, memory, offset)


def test_the_two_numbers_stand_behind_the_mount_number() -> None:
    assert len(statx(0, 0, 0)) == 256
    assert _parsed(statx(0x2FFF, 4, 512)) == DirectAlignment(4, 512)


def test_a_field_that_is_not_filled_is_not_told() -> None:
    assert _parsed(statx(0x0FFF, 4, 512)) is None


def test_zero_says_that_there_is_no_direct_io() -> None:
    found = _parsed(statx(0x2000, 0, 0))
    assert found == DirectAlignment(0, 0)
    assert not found.is_supported
    assert DirectAlignment(512, 512).is_supported


@linux
def test_path_and_descriptor_say_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with path.open("rb") as file:
        by_descriptor = direct_alignment(file.fileno())
    assert by_descriptor == direct_alignment(path) == direct_alignment(str(path))
    assert by_descriptor is None or by_descriptor.memory_bytes >= 0


@linux
def test_nothing_is_told_of_a_directory(tmp_path: Path) -> None:
    assert direct_alignment(tmp_path) is None


@linux
def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="none"):
        direct_alignment(tmp_path / "none")
    with pytest.raises(OSError, match="Bad file descriptor"):
        direct_alignment(10**6)


def test_other_systems_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert direct_alignment("/none") is None
