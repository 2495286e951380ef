"""The order of commits. This module takes it from git, from a file, or at last from dates.

Dates do not order commits: a rebased or late-merged commit bears an old one, and a series that is
sorted by them shows steps that never were. So git decides wherever it knows a commit; what it does
not know is put between the others by the date in its result file, and that is said.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from hwperf.asv.git import ask, commit_of
from hwperf.errors import UsageError

__all__ = ["BY_DATE", "Order", "find", "from_file", "from_git", "positions"]

Warn = Callable[[str], None]

_SHORTEST = 4  # Of a commit's abbreviation, as git has it.


@dataclass(frozen=True)
class Order:
    """Commits from the oldest to the newest.

    Attributes:
        commits: their full hashes; in a file they may be abbreviated.
        source: where the order comes from, for messages; empty for no order at all.
        hint: what may be missing from it, e.g. because the clone is shallow.
        repo: the repository, None where a file told the order.
    """

    commits: Sequence[str]
    source: str = ""
    hint: str = ""
    repo: Path | None = None

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {commit: place for place, commit in reversed(list(enumerate(self.commits)))}

    @cached_property
    def _lengths(self) -> Sequence[int]:
        """Lengths of abbreviations in a file; git's own hashes are whole."""
        return () if self.repo is not None else sorted({len(commit) for commit in self.commits})

    def index(self, commit: str) -> int | None:
        """Return the place of *commit* (or of an abbreviation of it), None where it is unknown."""
        found = self._places.get(commit)
        if found is None:
            shorter = (self._places.get(commit[:n]) for n in self._lengths if n < len(commit))
            found = next((place for place in shorter if place is not None), None)
        return found

    def resolve(self, rev: str) -> str:
        """Return the full hash of *rev*: a name that git knows, or the beginning of a hash.

        Raises:
            UsageError: if it names no commit, or several.
        """
        if self.repo is not None:
            found = commit_of(self.repo, rev)
            if found is not None:
                return found
        near = [each for each in self.commits if each.startswith(rev)]
        if len(rev) >= _SHORTEST and len(set(near)) == 1:
            return near[0]
        where = self.source or "the results, which have no order of commits"
        raise UsageError(
            f"{rev!r} is no commit of {where}. Name one that 'git log' shows there"
            " (in a shallow clone: after 'git fetch --unshallow')."
        )


BY_DATE = Order(())
"""No order: everything is placed by date."""


def find(repo: Path | None, file: Path | None = None, warn: Warn = lambda sentence: None) -> Order:
    """Return the order from *file* if it is given, else from *repo*, else none.

    Args:
        repo: a directory in a git repository, or a bare one.
        file: commits, the oldest first, one a line.
        warn: told why only dates are left.

    Raises:
        UsageError: if *file* cannot be used.
    """
    if file is not None:
        return from_file(file)
    found = None if repo is None else from_git(repo)
    if found is None:
        where = "no repository is known" if repo is None else f"{repo} is no git repository"
        warn(
            f"commits are ordered by the dates in the result files, since {where}:"
            " name one with --repo, or an order with --order"
        )
    return found or BY_DATE


def from_git(repo: Path) -> Order | None:
    """Return all commits that git knows in *repo*, or None where git knows of no commit there.

    Parents come before their children and lines of history are not mixed, so the first-parent line
    of each branch is in its own order.
    """
    arguments = ("rev-list", "--topo-order", "--reverse", "--all")
    done = ask(repo, *arguments, "HEAD", "--")
    if done.returncode != 0:  # A bare repository may have no HEAD.
        done = ask(repo, *arguments, "--")
    if done.returncode != 0:
        return None
    commits = done.stdout.decode().split()
    if not commits:
        return None
    is_shallow = ask(repo, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"
    hint = "the clone is shallow: 'git fetch --unshallow' gets the others" if is_shallow else ""
    return Order(tuple(commits), f"the repository {repo}", hint, repo)


def from_file(path: Path) -> Order:
    """Return the commits of *path*, oldest first: the first word of each line; # begins a comment.

    Raises:
        UsageError: if it cannot be read, or holds no commit.
    """
    try:
        # What other systems write begins with a mark of the byte order.
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    words = [line.split("#", 1)[0].split() for line in lines]
    commits = dict.fromkeys(each[0].lower() for each in words if each)
    wrong = [each for each in commits if set(each) - set("0123456789abcdef")]
    if wrong or not commits:
        cause = f"{wrong[0][:50]!r} is no hash of a commit" if wrong else "it names no commit"
        raise UsageError(
            f"{path}: {cause}. Write one hash a line, the oldest first,"
            " as 'git rev-list --reverse HEAD' does."
        )
    return Order(tuple(commits), f"{path}")


def positions(
    order: Order, dates: Mapping[str, float], warn: Warn = lambda sentence: None
) -> dict[str, int]:
    """Return the place of each commit among those measured, 0 for the oldest.

    Args:
        order: what is known of the order.
        dates: the measured commits, each with the date in its result file.
        warn: told once how many of them *order* does not know.
    """
    known = {commit: i for commit in dates if (i := order.index(commit)) is not None}
    unknown = sorted((commit for commit in dates if commit not in known), key=_by_date(dates))
    in_order = sorted(known, key=known.__getitem__)
    if unknown and order.source:
        warn(_said(unknown, len(dates), order))
    # A commit goes behind the last one in git's order that is not younger.
    newest = list(accumulate((dates[commit] for commit in in_order), max))
    behind: dict[int, list[str]] = {}
    for commit in unknown:
        behind.setdefault(bisect_right(newest, dates[commit]), []).append(commit)
    merged = list(behind.get(0, ()))
    for place, commit in enumerate(in_order, 1):
        merged += [commit, *behind.get(place, ())]
    return {commit: place for place, commit in enumerate(merged)}


def _by_date(dates: Mapping[str, float]) -> Callable[[str], tuple[float, str]]:
    return lambda commit: (dates[commit], commit)


def _said(unknown: Sequence[str], n_all: int, order: Order) -> str:
    named = ", ".join(commit[:8] for commit in unknown[:3])
    more = "" if len(unknown) <= 3 else ", ..."
    hint = f" ({order.hint})" if order.hint else ""
    return (
        f"{len(unknown)} of {n_all} measured commits are not in {order.source}{hint} and are placed"
        f" by date: {named}{more}"
    )


def dates_of(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the earliest date of each commit."""
    found: dict[str, float] = {}
    for commit, date in pairs:
        found[commit] = min(date, found.get(commit, date))
    return found
