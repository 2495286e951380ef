"""Recorded machines as directory trees. This module unpacks them for the tests.

A recording is a text: ``PATH: content`` for a file of one line, ``PATH:`` and indented lines for a
longer one, ``DIRECTORY/:`` and indented ``name content`` lines for many small files. ``{0-3}`` in a
path stands for each number, ``{}`` in the content for that number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

MACHINES = Path(__file__).parent / "machines"
RANGE = re.compile(r"\{(\d+)-(\d+)\}")


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that lays out a recording's text and returns its root."""

    def lay_out(recording: str) -> Path:
        for path, content in entries(recording):
            for real_path, real_content in numbered(path, content):
                target = tmp_path / real_path.lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(real_content + "\n", encoding="utf-8")
        return tmp_path

    return lay_out


@pytest.fixture
def machine(unpack: Callable[[str], Path]) -> Callable[[str], Path]:
    """Return a function that lays out the recording of that name and returns its root."""
    return lambda name: unpack((MACHINES / f"{name}.txt").read_text(encoding="utf-8"))


def entries(recording: str) -> Iterator[tuple[str, str]]:
    """Yield (path, content) of each file, ranges not yet written out."""
    for block in re.split(r"^(?=/)", recording, flags=re.MULTILINE)[1:]:
        head, _, rest = block.partition("\n")
        path, _, first = head.removesuffix(":").partition(": ")
        body = [line[4:] for line in rest.splitlines() if not line.startswith("#")]
        if path.endswith("/"):
            for name, _, value in (line.partition(" ") for line in body if line):
                yield path + name, value
        else:
            yield path, first.strip() or "\n".join(body).rstrip("\n")


def numbered(path: str, content: str) -> Iterator[tuple[str, str]]:
    """Yield (path, content) for each number of the path's range, or once where it has none."""
    found = RANGE.search(path)
    if not found:
        yield path, content
        return
    for number in range(int(found[1]), int(found[2]) + 1):
        yield RANGE.sub(str(number), path), content.replace("{}", str(number))
