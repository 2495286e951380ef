"""Git orders commits; dates only where git does not know them, and then it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwperf.errors import UsageError
from hwperf.history import order
from hwperf.history.order import Order, positions
from tests.history.planted import git, repository, told


def in_order(places: dict[str, int]) -> list[str]:
    return sorted(places, key=lambda commit: places[commit])


def test_the_order_is_gits_whatever_the_dates_say() -> None:
    known = Order(("c", "a", "b"), "the repository")
    assert in_order(positions(known, {"a": 9.0, "b": 1.0, "c": 5.0})) == ["c", "a", "b"]


def test_without_an_order_dates_decide_and_hashes_among_equals() -> None:
    dates = {"b": 2.0, "a": 2.0, "c": 1.0}
    assert in_order(positions(order.BY_DATE, dates)) == ["c", "a", "b"]


def test_unknown_commits_are_placed_by_date_and_named_once() -> None:
    sentences, warn = told()
    known = Order(("a", "b", "c"), "the repository x")
    dates = {"a": 10.0, "b": 20.0, "c": 30.0, "lost": 21.0, "gone": 1.0, "new": 99.0}
    assert in_order(positions(known, dates, warn)) == ["gone", "a", "b", "lost", "c", "new"]
    (sentence,) = sentences
    assert sentence.startswith("3 of 6 measured commits are not in the repository x")
    assert "placed by date" in sentence


def test_what_git_knows_keeps_its_order_around_unknown_commits() -> None:
    """Dates that go back do not pull known commits apart."""
    known = Order(("a", "b", "c", "d"), "x")
    dates = {"a": 50.0, "b": 10.0, "c": 60.0, "d": 20.0, "lost": 55.0}
    merged = in_order(positions(known, dates))
    assert [each for each in merged if each != "lost"] == ["a", "b", "c", "d"]
    assert merged.index("lost") == 2


def test_a_merged_branch_does_not_mix_with_the_line_that_it_joins(tmp_path: Path) -> None:
    first = repository(tmp_path, 2)
    git(tmp_path, "reset", "--hard", "--quiet")
    git(tmp_path, "checkout", "--quiet", "-b", "side")
    for i in range(3):
        git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", f"side {i}")
    git(tmp_path, "checkout", "--quiet", "main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "main")
    git(tmp_path, "merge", "--quiet", "--no-ff", "-m", "merge", "side")
    found = order.from_git(tmp_path)
    assert found is not None
    trunk = git(tmp_path, "rev-list", "--first-parent", "--reverse", "main").split()
    side = git(tmp_path, "rev-list", "--reverse", "main^1..side").split()
    for line in (trunk, side):
        places = [found.index(commit) for commit in line]
        assert places == sorted(places, key=lambda place: place or 0)
    assert found.commits[:2] == tuple(first)
    places = [found.index(commit) or 0 for commit in side]
    assert places == list(range(places[0], places[0] + len(side)))


def test_a_detached_commit_is_known(tmp_path: Path) -> None:
    repository(tmp_path, 2)
    git(tmp_path, "checkout", "--quiet", "--detach")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "-m", "alone")
    found = order.from_git(tmp_path)
    assert found is not None
    assert found.index(git(tmp_path, "rev-parse", "HEAD").strip()) == 2


def test_a_shallow_clone_says_how_to_get_the_others(tmp_path: Path) -> None:
    commits = repository(tmp_path / "whole", 4)
    where = f"file://{tmp_path / 'whole'}"
    git(tmp_path, "clone", "--quiet", "--depth", "1", where, "shallow")
    found = order.from_git(tmp_path / "shallow")
    sentences, warn = told()
    positions(found or order.BY_DATE, dict.fromkeys(commits, 1.0), warn)
    assert found is not None
    assert "3 of 4" in sentences[0]
    assert "git fetch --unshallow" in sentences[0]


@pytest.mark.parametrize("there", [True, False])
def test_no_repository_means_dates_and_that_is_said(tmp_path: Path, there: bool) -> None:
    sentences, warn = told()
    assert order.find(tmp_path if there else None, warn=warn) is order.BY_DATE
    assert "--repo" in sentences[0]


def test_a_file_gives_the_order(tmp_path: Path) -> None:
    path = tmp_path / "order.txt"
    path.write_text("# oldest first\nAAAA1111 first\n\nbbbb2222  # with a word\naaaa1111\n")
    found = order.from_file(path)
    assert found.commits == ("aaaa1111", "bbbb2222")
    assert found.index("bbbb2222" + "0" * 32) == 1, "abbreviations are enough"
    assert found.index("cccc" * 10) is None
    assert found.resolve("aaaa") == "aaaa1111"


@pytest.mark.parametrize(
    ("text", "cause"), [("", "names no commit"), ("HEAD~3\n", "'head~3' is no hash")]
)
def test_a_file_that_orders_nothing_is_refused(tmp_path: Path, text: str, cause: str) -> None:
    path = tmp_path / "order.txt"
    path.write_text(text)
    with pytest.raises(UsageError, match=cause):
        order.from_file(path)
    with pytest.raises(UsageError, match="cannot be read"):
        order.from_file(tmp_path / "missing")


def test_names_resolve_as_git_has_them(tmp_path: Path) -> None:
    commits = repository(tmp_path, 3)
    found = order.from_git(tmp_path)
    assert found is not None
    assert found.resolve("HEAD~1") == commits[1]
    assert found.resolve(commits[0][:10]) == commits[0]
    for wrong in ("nonsense", "--all", "", commits[0][:2]):
        with pytest.raises(UsageError, match="is no commit of"):
            found.resolve(wrong)


def test_a_mark_of_the_byte_order_is_no_part_of_a_hash(tmp_path: Path) -> None:
    """PowerShell writes one."""
    path = tmp_path / "order.txt"
    path.write_bytes(b"\xef\xbb\xbf" + f"{'a' * 40} one\r\n{'b' * 40} two\r\n".encode())
    assert order.from_file(path).commits == ("a" * 40, "b" * 40)
