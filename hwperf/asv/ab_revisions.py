"""Which two commits are compared. This module finds the repository and what names stand for."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hwperf.asv import checkout
from hwperf.asv.configuration import Configuration
from hwperf.asv.git import commit_of
from hwperf.errors import UsageError

__all__ = ["WORKING_TREE", "Revision", "head", "repository_of", "resolve", "uncommitted"]

WORKING_TREE = "."
"""The name of what is not committed yet: the tracked files as they are."""


@dataclass(frozen=True)
class Revision:
    """One revision.

    Attributes:
        name: as the user gave it.
        commit: its hash.
    """

    name: str
    commit: str

    def __str__(self) -> str:
        return (
            self.name if self.commit.startswith(self.name) else f"{self.name} ({self.commit[:8]})"
        )


def repository_of(conf: Configuration, directory: Path) -> Path:
    """Return the repository of *conf*; one that is elsewhere is cloned into *directory*.

    Raises:
        UsageError: if there is no git, or no repository.
    """
    if shutil.which("git") is None:
        raise UsageError("git is not there, and revisions are commits. Install git.")
    place = conf.path.parent / conf.repo
    if place.is_dir():
        if (place / ".hg").is_dir():
            raise UsageError(f"{place} is a Mercurial repository; only git's can be compared here.")
        trouble = checkout.trouble(place)
        if trouble:
            raise UsageError(
                f"{place.resolve()} is no git repository with a commit (git: {trouble}). Name the"
                ' repository under "repo" in the configuration.'
            )
        return place.resolve()
    clone = directory / "repository"
    done = _git(None, "clone", "--quiet", "--mirror", "--", conf.repo, os.fspath(clone))
    if done.returncode != 0:
        raise UsageError(f'{conf.path}: "repo" cannot be cloned: {_said(done)}.')
    return clone


def resolve(repository: Path, name: str) -> Revision:
    """Return the commit that *name* stands for; ``.`` is the working tree.

    Raises:
        UsageError: if there is none.
    """
    if name == WORKING_TREE:
        done = _git(repository, "stash", "create")
        if done.returncode != 0:
            raise UsageError(f"the working tree cannot be taken as a commit: {_said(done)}.")
        commit = done.stdout.strip()
        return Revision(name, commit) if commit else resolve(repository, "HEAD")
    found = commit_of(repository, name)
    if found is None:
        raise UsageError(
            f"{name!r} is no revision of {repository}. Give a commit, a tag or a branch, e.g."
            " HEAD~1, or . for the working tree."
        )
    return Revision(name, found)


def head(repository: Path) -> Revision:
    """Return the commit that is checked out."""
    return resolve(repository, "HEAD")


def uncommitted(repository: Path) -> bool:
    """Return whether a tracked file differs from the commit that is checked out."""
    return not checkout.is_clean(repository)


def _git(repository: Path | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    where = [] if repository is None else ["-C", os.fspath(repository)]
    # No prompt: a repository that asks for a password is an answer, too.
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        ["git", *where, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        stdin=subprocess.DEVNULL,
        env=environment,
    )


def _said(done: subprocess.CompletedProcess[str]) -> str:
    lines = done.stderr.strip().splitlines()
    said = lines[-1] if lines else f"git ended with {done.returncode}"
    return said.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
