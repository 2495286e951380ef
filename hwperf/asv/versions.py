"""Every version of every definition. This module reads and writes a machine's definitions.jsonl.

One line per version of a benchmark that the machine ever ran: asv's entry of benchmarks.json.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hwperf.asv import files

__all__ = ["FILE", "SHORT", "Definition", "all_versions", "key_of", "named", "remember"]

Definition = dict[str, Any]

FILE = "definitions.jsonl"
SHORT = 8  # Characters of a version in a name, as many as asv shows of a commit.


def all_versions(results_dir: str | os.PathLike[str]) -> Iterator[Definition]:
    """Yield every definition that any machine of *results_dir* kept, in order of file and age."""
    for path in sorted(Path(results_dir).glob(f"*/{FILE}")):
        yield from _read(path)


def remember(path: Path, found: Iterable[Definition]) -> None:
    """Add to the file *path* those of *found* that it does not hold yet."""
    known = list(_read(path))
    seen = {key_of(definition) for definition in known}
    new = [definition for definition in found if key_of(definition) not in seen]
    if new:
        lines = (json.dumps(definition, sort_keys=True) + "\n" for definition in (*known, *new))
        files.write_text(path, "".join(lines))


def key_of(definition: Mapping[str, Any]) -> tuple[str, str]:
    """Return what tells definitions apart: name and version."""
    return str(definition.get("name")), str(definition.get("version"))


def named(name: str, version: str) -> str:
    """Return the name under which an older version is published."""
    return f"{name}@{version[:SHORT]}"


def _read(path: Path) -> Iterator[Definition]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            definition = json.loads(line)
        except ValueError:
            continue
        if isinstance(definition, dict) and {"name", "version", "params"} <= set(definition):
            yield definition
