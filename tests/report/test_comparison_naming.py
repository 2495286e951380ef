"""A word names one run, or a sentence says what there is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from hwperf.asv.recorded import Run, runs
from hwperf.errors import UsageError
from hwperf.report.comparison import named
from hwperf.report.comparison.listing import listed, loaded
from hwperf.report.comparison.naming import of_file

from .made_runs import Row, measured, run_of, stored

OLD = run_of(measured(), commit="aa11" + "0" * 36, measured_at=1_700_000_000)
NEW = run_of(measured(), commit="aa22" + "0" * 36, measured_at=1_700_100_000)
THERE = run_of(measured(), commit="aa22" + "0" * 36, machine="there", measured_at=1_600_000_000)
RUNS = [NEW, OLD, THERE]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("latest", NEW),
        ("latest~1", OLD),
        ("latest~2", THERE),
        ("here", NEW),
        ("there", THERE),
        ("aa11", OLD),
        ("AA11", OLD),
        ("here:aa22", NEW),
        ("there:aa22", THERE),
        ("there:", THERE),
        ("there:latest", THERE),
        ("2023-11-14", OLD),
        ("2023-11-15", OLD),
        ("2023-11-16", NEW),
        ("2023-11-14 22:13", OLD),
        ("2023-11-14T22:12", THERE),
    ],
)
def test_a_name_means_one_run(name: str, expected: Run) -> None:
    assert named(name, RUNS) is expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("aa22", ("2 runs", "here:aa220000", "there:aa220000", "--machine here")),
        ("aa", ("no result file, machine, date or commit", "here:aa110000 of 2023-11-14")),
        ("nonsense", ("'nonsense'",)),
        ("", ("''",)),
        ("x" * 10_000, ("...",)),
        ("a\0b", ("no result file",)),
        ("latest~9", ("3 are recorded",)),
        ("2020-01-01", ("Nothing was measured by 2020-01-01", "there:aa220000 of 2020-09-13")),
        ("2020-99-99", ("no date",)),
        ("--output=x", ("no result file",)),
    ],
)
def test_what_names_no_run_or_several_gets_a_sentence_with_what_there_is(
    name: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError) as caught:
        named(name, RUNS, repository=Path("."))
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert len(str(caught.value)) < 600


def test_two_commits_of_one_prefix_are_told_apart() -> None:
    with pytest.raises(UsageError, match="begins 2 commits with results: aa11"):
        named("aa11", [OLD, run_of(measured(), commit="aa11" + "1" * 36)])


def test_a_machine_narrows_the_choice() -> None:
    assert named("aa22", RUNS, machine="there") is THERE
    with pytest.raises(UsageError, match=r"'nowhere' is no machine with results\. There are"):
        named("aa22", RUNS, machine="nowhere")


def test_two_environments_of_one_commit_are_named_by_file() -> None:
    other = run_of(measured(), commit=NEW.commit, environment="virtualenv-py3.12")
    with pytest.raises(UsageError, match=r"Name one of the files: .*virtualenv-py3\.12\.json"):
        named("aa22", [NEW, other])


@pytest.mark.parametrize("odd", ["\x1b[31mred", "two\nlines", "\u202ertl"])
def test_no_sentence_holds_what_a_terminal_obeys(odd: str) -> None:
    """Names of machines, hashes and files come from whoever wrote the results."""
    first = run_of(measured(), machine=odd, commit="abcd" + odd)
    second = run_of(measured(), machine="there", commit="abcd" + odd)
    third = run_of(measured(), machine=odd, commit="abcd" + odd, environment=odd)
    fourth = run_of(measured(), machine=odd, commit="abcd1" + odd)
    for name, pool, machine in (
        ("latest", [first], "nowhere"),
        ("abcd", [first, second], None),
        ("abcd", [first, third], None),
        ("abcd", [first, fourth], None),
        ("nonsense", [first], None),
    ):
        with pytest.raises(UsageError) as caught:
            named(name, pool, machine=machine)
        assert str(caught.value).isprintable(), name


def test_nothing_recorded_says_how_to_record() -> None:
    with pytest.raises(UsageError, match="'hwperf run' records"):
        named("latest", [])


def test_a_file_names_itself_and_a_damaged_one_says_why(tmp_path: Path) -> None:
    path = stored(tmp_path, [Row([1e-9])])
    run = of_file(str(path))
    assert run is not None
    assert run.path == path
    path.write_text("{")
    with pytest.raises(UsageError, match="is damaged and passed over: it is not JSON"):
        of_file(str(path))
    for name in ("nonsense", "a\0b", "x" * 10_000, str(tmp_path)):
        assert of_file(name) is None


def test_a_listing_says_of_each_file_what_the_whole_run_says(tmp_path: Path) -> None:
    for letter, machine in ("a", "here"), ("b", "there"):
        stored(tmp_path, [Row([1e-9])], commit=letter * 40, machine=machine, started_at=1e9)
    brief = listed(tmp_path)
    whole = list(loaded(tmp_path, brief))
    assert whole == list(runs(tmp_path))
    assert [(e.path, e.machine, e.commit, e.environment, e.measured_at) for e in brief] == [
        (e.path, e.machine, e.commit, e.environment, e.measured_at) for e in whole
    ]


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2}', '{"version": 1}', "\x00", ""])
def test_a_listing_names_what_it_passes_over(tmp_path: Path, text: str) -> None:
    """In the words of the reading layer."""
    path = stored(tmp_path, [Row([1e-9])])
    path.write_text(text)
    told: list[str] = []
    assert listed(tmp_path, warn=told.append) == []
    expected: list[str] = []
    assert list(runs(tmp_path, warn=expected.append)) == []
    assert told == expected
    assert len(told) == 1


def test_git_knows_branches_and_revisions(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    git("init", "-q", "-b", "main")
    commits = []
    for number in range(3):
        git("commit", "-q", "--allow-empty", "-m", str(number))
        commits.append(git("rev-parse", "HEAD"))
    recorded = [run_of(measured(), commit=commit) for commit in commits[:2]]
    assert named("HEAD~1", recorded, repository=tmp_path) is recorded[1]
    assert named("main~2", recorded, repository=tmp_path) is recorded[0]
    with pytest.raises(UsageError, match=f"'main' is commit {commits[2][:12]}, which has no res"):
        named("main", recorded, repository=tmp_path)
