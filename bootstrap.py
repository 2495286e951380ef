#!/usr/bin/env python3
"""One command from a fresh clone. This module makes the project's own .venv and runs its targets.

It needs Python and pip, nothing else: no uv, no compiler, no root. `make` calls it; where there is
no make, `python bootstrap.py TARGET` does the same.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "hwperf-stamp.json"
MINIMUM = (3, 11)

# What `clean` removes: everything here can be made again. Measurements (.asv/results) cannot.
REBUILDABLE = (
    ".venv",
    ".asv/env",
    ".asv/html",
    "build",
    "docs/_build",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".import_linter_cache",
    ".hypothesis",
)


class BootstrapError(Exception):
    """What went wrong and what to do about it, in words for the person at the terminal."""


def main(argv: list[str]) -> int:
    """Run one target and return its exit status."""
    if sys.version_info < MINIMUM:
        print(too_old(sys.version_info[:2], sys.executable), file=sys.stderr)
        return 2
    name, arguments = (argv[0], argv[1:]) if argv else ("make", [])
    if name in ("-h", "--help"):
        name = "help"
    if name not in TARGETS:
        print(f"unknown target {name!r}; there are: {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    try:
        return TARGETS[name](arguments)
    except BootstrapError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


# The targets. The first line of each docstring is its line in `help`.


def make(arguments: list[str]) -> int:
    """Install, measure this machine (quick profile), publish the pages, print a summary."""
    install()
    require_checkout()
    return call([tool("hwperf"), "run", "--quick", "--publish", *arguments])


def test(arguments: list[str]) -> int:
    """Run ruff, mypy, the import layers and the whole test suite, from nothing."""
    install("test")
    checks = {
        "ruff": [tool("ruff"), "check", "."],
        "mypy": [tool("mypy"), "--strict", "-p", "hwperf"],
        "lint-imports": [tool("lint-imports"), "--no-logo"],
        "pytest": [tool("python"), "-m", "pytest", *arguments],
    }
    failed = []
    for name, command in checks.items():
        print(f"--- {name}", flush=True)
        if call(command) != 0:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def venv(arguments: list[str]) -> int:
    """Make .venv and install hwperf into it; quick when nothing changed."""
    install(*arguments)
    print(f"hwperf is installed: {tool('hwperf')}")
    return 0


def publish(arguments: list[str]) -> int:
    """Build the web pages in .asv/html from what was measured so far."""
    install()
    require_checkout()
    return call([tool("hwperf"), "publish", *arguments])


def peers(arguments: list[str]) -> int:
    """Compare with other tools on this machine, interleaved (Debian packages, a C compiler)."""
    install()
    return call([tool("python"), ROOT / "tools" / "peers" / "run.py", *arguments])


def history_bench(arguments: list[str]) -> int:
    """Score the detector of steps on labelled series, beside others that are installed."""
    install()
    bench = ROOT / "tools" / "history_bench" / "run.py"
    return call([tool("python"), bench, *arguments])


def docs(arguments: list[str]) -> int:
    """Build the documentation into docs/_build/html; a warning is an error."""
    install("docs")
    built = ROOT / "docs" / "_build" / "html"
    sphinx = [tool("python"), "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    status = call([*sphinx, *arguments, ROOT / "docs", built])
    if status == 0:
        print(f"documentation: {built / 'index.html'}")
    return status


def clean(arguments: list[str]) -> int:
    """Remove .venv and everything else that can be made again; measurements stay."""
    for name in REBUILDABLE:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    if (ROOT / ".asv" / "results").exists():
        print("kept .asv/results: what was measured cannot be made again")
    return 0


def show_help(arguments: list[str]) -> int:
    """List these targets."""
    print("make [TARGET] [ARGS='...'], or: python bootstrap.py [TARGET] [...]\n")
    for name, target in TARGETS.items():
        default = " (default)" if name == "make" else ""
        print(f"  {name:13}  {(target.__doc__ or '').splitlines()[0]}{default}")
    print("\nThe rest is hwperf itself: .venv/bin/hwperf --help")
    return 0


TARGETS = {
    "make": make,
    "test": test,
    "venv": venv,
    "publish": publish,
    "peers": peers,
    "history-bench": history_bench,
    "docs": docs,
    "clean": clean,
    "help": show_help,
}


# The environment.


def install(*extras: str) -> None:
    """Make .venv and install hwperf with *extras*, unless the stamp says that it is done.

    Raises:
        BootstrapError: if a step fails; the text holds the end of its output.
    """
    have = read_stamp()
    # The programs in .venv/bin hold its absolute path: a moved checkout needs a new one.
    moved = have is not None and have.get("root") != str(ROOT)
    usable = not moved and is_usable(VENV)
    have = have if usable else None
    wanted = stamp({*extras, *(have or {}).get("extras", ())})
    if have == wanted:
        return
    if not usable:
        make_venv()
    names = ",".join(wanted["extras"])
    what = f"{ROOT}[{names}]" if names else str(ROOT)
    print(f"installing hwperf and its dependencies into {VENV} (once) ...", flush=True)
    pip = [tool("python"), "-m", "pip", "install", "--disable-pip-version-check"]
    require([*pip, "-e", what], "hwperf could not be installed", PIP_ADVICE)
    STAMP.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")


def make_venv() -> None:
    """Make an empty .venv with pip in it, replacing a broken one or one of another Python."""
    if VENV.exists():
        if Path(sys.prefix) == VENV.resolve():
            raise BootstrapError(
                f"{VENV} must be made again, and this Python runs from it. "
                f"Call bootstrap.py with the Python that it was made from: {base_python()}"
            )
        print(f"{VENV} is broken or of another Python: making it again", flush=True)
        shutil.rmtree(VENV)
    create = [base_python(), "-m", "venv"]
    if importlib.util.find_spec("ensurepip") is not None:
        require([*create, VENV], "the environment could not be made", VENV_ADVICE)
        return
    # Debian ships venv without ensurepip (python3-venv holds it); pip can install into another
    # environment since 22.3, and the system's "externally managed" mark does not apply there.
    require([*create, "--without-pip", VENV], "the environment could not be made", VENV_ADVICE)
    pip = [sys.executable, "-m", "pip", "--python", tool("python"), "--disable-pip-version-check"]
    try:
        require([*pip, "install", "pip"], "pip could not be installed into .venv", VENV_ADVICE)
    except BootstrapError:
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def is_usable(path: Path) -> bool:
    """Tell whether *path* is a working environment of this very Python, with pip in it."""
    python = venv_python(path)
    if not python.exists():
        return False
    ask = "import pip, sys; print(sys.version, sys.base_prefix, sep='|')"
    try:
        answer = subprocess.run(
            [str(python), "-c", ask], capture_output=True, text=True, env=clean_environment()
        )
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == f"{sys.version}|{sys.base_prefix}"


def stamp(extras: set[str]) -> dict[str, Any]:
    """Return what an installation depends on; an equal stamp means nothing to do."""
    pyproject = (ROOT / "pyproject.toml").read_bytes()
    return {
        "pyproject": hashlib.sha256(pyproject).hexdigest(),
        "python": f"{sys.version} {sys.base_prefix}",
        "root": str(ROOT),
        "extras": sorted(extras),
    }


def read_stamp() -> dict[str, Any] | None:
    """Return the stamp of the last complete installation, None where there is none."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def require_checkout() -> None:
    """Say what to do where there is no git history for asv to file results under.

    Raises:
        BootstrapError: if this is no git checkout with at least one commit, or git is missing.
    """
    try:
        asked = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "--verify", "--quiet", "HEAD"],
            capture_output=True,
            text=True,
        )
    except OSError as error:
        raise BootstrapError("git was not found, and asv needs it: install git.") from error
    if asked.returncode != 0:
        detail = f" git says: {asked.stderr.strip()}" if asked.stderr.strip() else ""
        raise BootstrapError(
            f"{ROOT} is not a git checkout with a commit, and asv files every result under a "
            f"commit: clone the repository with git, or measure without a history "
            f"({tool('hwperf')} measure memory.latency).{detail}"
        )


# Processes.


def venv_python(path: Path) -> Path:
    """Return the interpreter of the environment at *path*."""
    return path / "Scripts" / "python.exe" if os.name == "nt" else path / "bin" / "python"


def tool(name: str) -> Path:
    """Return the path of a program inside .venv."""
    python = venv_python(VENV)
    return python.with_name(name + python.suffix)


def base_python() -> str:
    """Return the Python that environments are made from, also when this one runs inside one."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def clean_environment() -> dict[str, str]:
    """Return the environment without what would lead .venv's Python and pip elsewhere."""
    dropped = {"PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in dropped}


def call(command: Sequence[object]) -> int:
    """Run *command* in the repository with its output visible; return its exit status."""
    words = [str(part) for part in command]
    try:
        process = subprocess.Popen(words, cwd=ROOT, env=clean_environment())
    except OSError as error:
        raise BootstrapError(f"{words[0]} cannot be run ({error.strerror}). {CLEAN}") from error
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # The terminal sent it to the child too, which saves what it measured and then ends.
            continue


def require(command: Sequence[object], failure: str, advice: str) -> None:
    """Run *command* silently.

    Raises:
        BootstrapError: if it fails: *failure*, the end of its output, *advice*.
    """
    words = [str(part) for part in command]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        tail = "\n".join("  " + line for line in done.stdout.splitlines()[-25:])
        raise BootstrapError(f"{failure}. The command was\n  {' '.join(words)}\n{tail}\n{advice}")


def too_old(version: tuple[int, ...], executable: str) -> str:
    """Return the sentence for an interpreter that is too old."""
    return (
        f"hwperf needs Python {MINIMUM[0]}.{MINIMUM[1]} or newer; {executable} is "
        f"{version[0]}.{version[1]}. Name another one: make PYTHON=python3.12, "
        f"or python3.12 bootstrap.py"
    )


CLEAN = "Remove .venv and try again: python bootstrap.py clean"
PIP_ADVICE = (
    "Check that the package index can be reached (proxy: HTTPS_PROXY; own index: PIP_INDEX_URL) "
    "and that the disk has 1 GB left, then run the same command again."
)
VENV_ADVICE = (
    "This Python lacks what makes environments. On Debian and Ubuntu: apt install python3-venv, "
    "or python3-pip where root allows only that; then run the same command again."
)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
