"""Questions to git. This module asks them, changes nothing, and takes no answer for "no"."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ["ask", "commit_of"]

_TIMEOUT_S = 300.0  # A million commits take git some ten seconds.
_NOT_THERE = 127  # As a shell reports a command that is not there, or did not answer.
_LONGEST = 1000  # Characters of a name; a system refuses arguments that are much longer.


def ask(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Return how ``git`` with *arguments* ended in *repository*.

    Where there is no git, or it does not answer within minutes, the exit code is 127 and stderr
    says why.
    """
    command = ["git", "-C", os.fspath(repository), *arguments]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_S,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},  # Read, and touch nothing.
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, _NOT_THERE, b"", str(error).encode())


def commit_of(repository: Path, name: str) -> str | None:
    """Return the hash of what git calls *name* in *repository*: a branch, a tag, ``HEAD~1``.

    None where there is no such commit, no repository or no git.
    """
    if name.startswith("-") or len(name) > _LONGEST:
        return None
    done = ask(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
    )
    return done.stdout.decode(errors="replace").strip() or None if done.returncode == 0 else None
