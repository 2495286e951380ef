"""The table of mounts. This module parses mountinfo and finds the mount that holds a path.

Source: Linux, Documentation/filesystems/proc.rst, section 3.5, and proc_pid_mountinfo(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, data

__all__ = ["MOUNTINFO", "Mount", "holding", "mounts", "parse"]

MOUNTINFO = "/proc/self/mountinfo"

_OCTAL = re.compile(r"\\([0-3][0-7]{2})")


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo. The options of the mount come before those of the file system."""

    id: str
    parent: str
    device: str
    point: str
    options: tuple[str, ...]
    type: str
    source: str


def mounts(root: Path = HOST) -> tuple[Mount, ...]:
    """Return what is mounted, as this process sees it.

    Raises:
        Unavailable: where the system does not tell.
    """
    return parse(data(root, MOUNTINFO).decode("utf-8", "surrogateescape"))


def parse(text: str) -> tuple[Mount, ...]:
    """Return the mounts that *text*, the content of mountinfo, lists; odd lines are left out."""
    # Not splitlines() and split(): a name may hold any of what Unicode takes for white space, and
    # only space, tab, line feed, backslash and hash are escaped.
    return tuple(mount for line in text.split("\n") for mount in _line(line))


def holding(path: str, mounted: tuple[Mount, ...]) -> Mount:
    """Return the mount that the absolute *path*, its links followed, is in.

    Neither the order of the lines nor the longest mount point tells: /a/b is hidden when something
    is mounted on /a after it, and what was moved keeps its line. So this goes down from the top
    as the kernel does, from each mount to what is mounted on it on the way.

    Raises:
        Unavailable: when none holds it, as in a chroot.
    """
    on_the_way = [mount for mount in mounted if _is_below(path, mount.point)]
    if not on_the_way:
        raise Unavailable(f"nothing in {MOUNTINFO} is mounted above {path}")
    ids = {mount.id for mount in mounted}
    tops = [mount for mount in on_the_way if mount.parent not in ids or mount.parent == mount.id]
    current = _longest(tops or on_the_way)
    rest = [mount for mount in on_the_way if mount is not current]
    while children := [mount for mount in rest if mount.parent == current.id]:
        shortest = min(len(mount.point) for mount in children)
        current = [mount for mount in children if len(mount.point) == shortest][-1]
        rest.remove(current)
    return current


def _line(line: str) -> Iterator[Mount]:
    left, _, right = line.partition(" - ")
    fields, kind = left.split(" "), right.split(" ")
    if len(fields) < 6 or len(kind) < 3:
        return
    # Split first: an option's value may hold commas, which are escaped.
    options = dict.fromkeys([*fields[5].split(","), *kind[2].split(",")])
    yield Mount(
        id=fields[0],
        parent=fields[1],
        device=fields[2],
        point=_unescaped(fields[4]),
        options=tuple(_unescaped(option) for option in options if option),
        type=_unescaped(kind[0]),
        source=_unescaped(kind[1]),
    )


def _unescaped(word: str) -> str:
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), word)


def _is_below(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _longest(found: list[Mount]) -> Mount:
    """Return the last of those with the longest mount point."""
    longest = max(len(mount.point) for mount in found)
    return [mount for mount in found if len(mount.point) == longest][-1]
