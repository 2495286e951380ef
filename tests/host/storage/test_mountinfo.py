"""The mount that holds a path is the one that the kernel would walk into."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf.host.facts import Unavailable
from hwperf.host.storage.mountinfo import holding, parse


def line(id: int, parent: int, point: str, source: str = "/dev/sda1", root: str = "/") -> str:
    return f"{id} {parent} 8:1 {root} {point} rw,relatime shared:1 - ext4 {source} rw"


def source_of(path: str, *lines: str) -> str:
    return holding(path, parse("\n".join(lines))).source


def escaped(name: str) -> str:
    return "".join(f"\\{ord(c):03o}" if c in " \t\n\\#" else c for c in name)


def test_the_fields_of_a_line() -> None:
    (found,) = parse(
        "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue"
    )
    assert (found.id, found.parent, found.device, found.point) == ("36", "35", "98:0", "/mnt2")
    assert (found.type, found.source) == ("ext3", "/dev/root")
    assert found.options == ("rw", "noatime", "errors=continue")


def test_an_empty_source_is_a_source() -> None:
    (found,) = parse("36 35 0:9 / /mnt rw -  tmpfs  rw".replace("-  ", "- "))
    assert (found.type, found.source, found.options) == ("tmpfs", "", ("rw",))


@pytest.mark.parametrize(
    ("path", "holder"),
    [
        ("/", "top"),
        ("/data", "home"),
        ("/data/me", "home"),
        ("/homes", "top"),
        ("/data/me/x", "me"),
    ],
)
def test_the_longest_mount_point_holds_a_path(path: str, holder: str) -> None:
    lines = (line(2, 1, "/", "top"), line(3, 2, "/data", "home"), line(4, 3, "/data/me/x", "me"))
    assert source_of(path, *lines) == holder


@pytest.mark.parametrize("parent", [3, 2])
def test_of_mounts_on_one_point_the_last_wins(parent: int) -> None:
    lines = (line(2, 1, "/", "top"), line(3, 2, "/a", "first"), line(4, parent, "/a", "second"))
    assert source_of("/a/b", *lines) == "second"


def test_a_mount_on_a_directory_above_hides_those_below() -> None:
    lines = (line(2, 1, "/", "top"), line(3, 2, "/a/b", "hidden"), line(4, 2, "/a", "over"))
    assert source_of("/a/b", *lines) == "over"


def test_the_order_of_lines_does_not_matter_after_a_move() -> None:
    """An initramfs mounts /proc first and moves the root below it afterwards."""
    lines = (line(22, 27, "/proc", "proc"), line(27, 1, "/", "top"))
    assert source_of("/proc/self", *lines) == "proc"


def test_a_table_without_the_root_holds_what_is_mounted() -> None:
    """As in a chroot into a plain directory."""
    lines = (line(30, 7, "/data"),)
    assert source_of("/data/x", *lines) == "/dev/sda1"
    with pytest.raises(Unavailable, match="nothing in /proc/self/mountinfo is mounted above /x"):
        source_of("/x", *lines)


def test_a_table_whose_mounts_lie_on_each_other_ends() -> None:
    """As only a broken one can say, with the same number twice."""
    lines = (line(2, 1, "/", "top"), line(3, 2, "/a", "two"), line(2, 3, "/a", "three"))
    assert source_of("/a", *lines) == "three"
    assert source_of("/a", line(2, 3, "/", "one"), line(3, 2, "/a", "two")) in ("one", "two")
    assert source_of("/a", line(2, 2, "/", "own")) == "own"


NAME = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@given(NAME, NAME)
def test_any_name_is_read_as_it_is(point: str, source: str) -> None:
    """Line separators of Unicode, no-break spaces and backslashes are part of a name."""
    (found,) = parse(line(2, 1, escaped(f"/{point}"), escaped(source)))
    assert (found.point, found.source) == (f"/{point}", source)
    assert holding(f"/{point}/below", (found,)) is found


WORDS = st.sampled_from(
    ["1", "2", "-", "/", "/a", "/a\\040b", "\\777", "\\0", "0:1", "rw,", ",", ""]
)


@given(st.lists(st.lists(WORDS, max_size=12).map(" ".join), max_size=6).map("\n".join) | st.text())
def test_no_table_is_too_odd(text: str) -> None:
    mounted = parse(text)
    try:
        assert holding("/a b/c", mounted) in mounted
    except Unavailable:
        assert all(each.point not in ("/", "/a b") for each in mounted)
