"""Counts of a device are in bytes and seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.host.facts import Unavailable
from hwperf.host.storage import IoCounts, io_counts

Unpack = Callable[[str], Path]


def test_sectors_are_512_bytes_whatever_the_blocks_are(machine: Unpack) -> None:
    assert io_counts("vda", machine("virtio_guest")) == IoCounts(
        read_bytes=90510170 * 512,
        written_bytes=44645464 * 512,
        reads=914772,
        writes=187319,
        busy_s=pytest.approx(128.412),
    )


def test_old_kernels_tell_eleven_numbers(unpack: Unpack) -> None:
    root = unpack("/sys/class/block/sda/stat: 1 0 8 0 2 0 16 0 0 500 0\n")
    assert io_counts("sda", root) == IoCounts(4096, 8192, 1, 2, 0.5)


@pytest.mark.parametrize(
    "content", ["", "1 2 3", "a b c d e f g h i j k", "1 0 8 0 2 0 -1 0 0 5 0"]
)
def test_anything_else_is_a_reason(unpack: Unpack, content: str) -> None:
    root = unpack(f"/sys/class/block/sda/stat: {content}\n")
    with pytest.raises(Unavailable, match="/sys/class/block/sda/stat has an unexpected content"):
        io_counts("sda", root)


def test_no_device_is_a_reason(unpack: Unpack) -> None:
    with pytest.raises(Unavailable, match="/sys/class/block/none/stat does not exist here"):
        io_counts("none", unpack(""))
