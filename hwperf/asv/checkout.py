"""The code of one commit. This module unpacks a commit's hwperf beside the environments.

``git archive``, not a checkout: the working tree stays as it is, two commits lie side by side (runs
may alternate between them), and files keep the commit's time, so compiled kernels stay cached.
"""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from hwperf.asv.git import ask

__all__ = ["contains", "head", "is_clean", "trouble", "unpack", "work_tree"]

KEPT = 16  # Unpacked commits, 1 MB each; a longer range unpacks the oldest again.


def head(repository: Path) -> str | None:
    """Return the hash of the commit that is checked out in *repository*."""
    done = ask(repository, "rev-parse", "HEAD")
    return done.stdout.decode().strip() if done.returncode == 0 else None


def trouble(repository: Path) -> str | None:
    """Return None, or git's own words on why no commit of *repository* is to be had."""
    done = ask(repository, "rev-parse", "--verify", "HEAD")
    if done.returncode == 0:
        return None
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else f"exit code {done.returncode}"


def work_tree(repository: Path, package: str) -> Path | None:
    """Return the root of the work tree if it has the directory *package*, else None."""
    done = ask(repository, "rev-parse", "--show-toplevel")
    root = Path(done.stdout.decode().strip()) if done.returncode == 0 else None
    return root if root is not None and (root / package / "__init__.py").is_file() else None


def is_clean(repository: Path) -> bool:
    """Return whether no tracked file differs from the commit that is checked out."""
    return not ask(repository, "status", "--porcelain", "--untracked-files=no").stdout.strip()


def contains(repository: Path, commit: str, package: str) -> bool:
    """Return whether *commit* has the Python package *package* (a path from the root)."""
    return ask(repository, "cat-file", "-e", f"{commit}:{package}/__init__.py").returncode == 0


def unpack(repository: Path, commit: str, package: str, under: Path) -> Path:
    """Return a directory that holds *package* as it was at *commit*, unpacked once.

    Raises:
        OSError: if the commit cannot be read or the directory cannot be written.
    """
    final = under / commit
    if not final.is_dir():
        done = ask(repository, "archive", "--format=tar", commit, "--", package)
        if done.returncode != 0:
            raise OSError(done.stderr.decode(errors="replace").strip() or "git archive failed")
        under.mkdir(parents=True, exist_ok=True)
        _prune(under)
        partial = Path(tempfile.mkdtemp(prefix=".unpack-", dir=under))
        try:
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
                # Since Python 3.11.4; nothing is lost without, as the commit's code is run anyway.
                safely: dict[str, Any] = (
                    {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                )
                archive.extractall(partial, **safely)
            partial.rename(final)
        except OSError:
            shutil.rmtree(partial, ignore_errors=True)
            if not final.is_dir():  # Else another run unpacked it meanwhile.
                raise
    os.utime(final)  # It was used last.
    return final


def _prune(under: Path) -> None:
    kept = sorted(
        (path for path in under.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
    )
    for path in kept[: max(0, len(kept) - KEPT + 1)]:
        shutil.rmtree(path, ignore_errors=True)
