"""Where a benchmark is defined. This module finds its file and line, for annotations."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["Location", "location_of"]

_LARGEST = 2**20  # Bytes of a module that is parsed.


@dataclass(frozen=True)
class Location:
    """A line of a file.

    Attributes:
        file: relative to the repository's root where it lies below, with forward slashes.
        line: from 1.
    """

    file: str
    line: int = 1


def location_of(benchmark: str, suite_dir: Path | None, conf_path: Path | None) -> Location:
    """Return where *benchmark* is defined, or else the configuration's first line.

    Args:
        benchmark: asv's name: modules, perhaps a class, and a function, with dots.
        suite_dir: the directory of the benchmarks.
        conf_path: asv.conf.json.
    """
    root = conf_path.resolve().parent if conf_path else Path.cwd()
    fallback = Location(_relative(conf_path.resolve(), root) if conf_path else "asv.conf.json")
    if suite_dir is None:
        return fallback
    parts = benchmark.split(".")
    if any(part in ("", "..") or os.sep in part for part in parts):
        return fallback
    for n in range(len(parts) - 1, 0, -1):
        below = suite_dir.joinpath(*parts[:n])
        for path in (below.with_name(f"{below.name}.py"), below / "__init__.py"):
            lines = _lines_of(path)
            if lines is not None:
                names = (".".join(parts[n:]), parts[n])
                line = next((lines[name] for name in names if name in lines), 1)
                return Location(_relative(path.resolve(), root), line)
    return fallback


@cache
def _lines_of(path: Path) -> dict[str, int] | None:
    """Return the line of each function and class of a module; None where there is no module."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: dict[str, int] = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[node.name] = node.lineno
            for inner in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    found[f"{node.name}.{inner.name}"] = inner.lineno
    return found


def _relative(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return Path(os.path.relpath(path, root)).as_posix()
