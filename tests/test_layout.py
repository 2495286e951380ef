"""House rules about files: import layers, sizes, no paths of anybody's machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 400  # lines; above that a file holds more than one idea
BROAD = ("Exception", "BaseException")
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def tracked(*patterns: str) -> list[Path]:
    """Return the files that git tracks, or those on disk where this is no checkout."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--", *patterns],
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_imports_point_down() -> None:
    """The layers in pyproject.toml hold; import-linter says which import breaks them."""
    linted = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as f; f()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_no_file_is_longer_than_one_idea(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = sorted(
        (len(path.read_text(encoding="utf-8").splitlines()), path.relative_to(ROOT).as_posix())
        for path in tracked("*.py")
    )
    with capsys.disabled():
        largest = ", ".join(f"{name} {lines}" for lines, name in sizes[-3:][::-1])
        print(f"\nlines: median {sizes[len(sizes) // 2][0]}, largest {largest}")
    assert [name for lines, name in sizes if lines > LONGEST] == []


def test_names_say_what_a_module_is() -> None:
    assert [path for path in tracked("*.py") if path.stem in VAGUE] == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in tracked("hwperf/*.py", "benchmarks/*.py", "tools/*.py", "tests/*.py")
        if path.stat().st_size and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert silent == []


def test_no_path_of_anybodys_machine_is_tracked() -> None:
    """The project speaks of the project alone."""
    # Written so that this file does not contain what it looks for.
    private = re.compile(rb"/(?:work|root|farm)/|/tmp/bash" + rb"_jobs|/home/(?!user\b)\w+/")
    found = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in tracked()
        if (match := private.search(path.read_bytes()))
    ]
    assert found == []


def test_no_exception_is_hidden() -> None:
    """`except Exception` uses the cause, raises again, or stands at a border and says so."""
    hidden = []
    for path in tracked("hwperf/*.py"):
        text = path.read_text("utf-8")
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ExceptHandler) or not is_broad(node):
                continue
            uses = node.name or any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if not (uses or "Border:" in lines[node.lineno - 1]):
                hidden.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert hidden == []


def is_broad(handler: ast.ExceptHandler) -> bool:
    kind = handler.type
    return kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD)
