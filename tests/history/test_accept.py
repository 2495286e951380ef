"""What is accepted is the new base: it fails nothing until it grows, and says when it is stale."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from pathlib import Path

import pytest

from hwperf.errors import UsageError
from hwperf.history.gate import accept
from hwperf.history.gate.accept import Accepted
from hwperf.history.gate.findings import Finding, Stale
from hwperf.history.gate.judge import judge
from hwperf.history.gate.settings import Settings
from hwperf.history.series import load
from tests.history.planted import (
    BANDWIDTH,
    Bench,
    columns,
    commits_of,
    one,
    own_cache,
    series_of,
    store,
)  # fmt: skip

__all__ = ["own_cache"]

TODAY = datetime.date(2030, 1, 1)
N = 60


def found_in(root: Path, *benches: Bench) -> list[Finding]:
    n = max(len(bench.values) for bench in benches)
    return list(judge(load(store(root, benches, commits_of(n))), Settings()).findings)


def copy(*changes: tuple[int, float], n: int = N, noise: float = 0.005) -> Bench:
    values = series_of(n, *changes, base=5e-11, noise=noise)
    return one("m.Copy.cost", values, definition=BANDWIDTH)


def applied(findings: list[Finding], *entries: Accepted) -> tuple[list[Finding], list[Stale]]:
    return accept.applied(findings, entries, Settings(), TODAY)


def test_an_accepted_change_fails_nothing(tmp_path: Path) -> None:
    findings = found_in(tmp_path, copy((40, 1.25)))
    (told,), stale = applied(findings, accept.entry_of(findings[0], "new allocator"))
    assert (told.status, told.fails, stale) == ("accepted", False, [])
    assert "new allocator" in told.note
    (other,), _ = applied(findings)
    assert other.fails


def test_the_file_keeps_what_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / ".hwperf-accept.toml"
    entry = Accepted(
        id="hp-1", bench='b"\\\x7f\u2028é\n', reason="'''\t#", max_change=0.123, machine="m",
        environment="e", commit="c", params=(("'a'", "1"), ("]", "2")),
    )  # fmt: skip
    accept.replace_entries(path, [entry, replace(entry, id="hp-2", params=())])
    first, second = accept.read(path)
    assert first == entry
    assert (second.id, second.params) == ("hp-2", ())


def test_accepting_again_replaces_and_keeps_comments(tmp_path: Path) -> None:
    path = tmp_path / "accept.toml"
    entry = Accepted("hp-1", "b", "first", 0.1)
    accept.replace_entries(path, [entry, replace(entry, id="hp-2")])
    path.write_text("# ours\n" + path.read_text())
    accept.replace_entries(path, [replace(entry, reason="second", max_change=0.2)])
    assert path.read_text().startswith("# ours\n")
    assert {e.id: e.reason for e in accept.read(path)} == {"hp-1": "second", "hp-2": "first"}
    assert len(accept.read(path)) == 2


def test_a_file_that_is_not_there_accepts_nothing(tmp_path: Path) -> None:
    assert accept.read(tmp_path / "missing.toml") == []


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("[[accept]\n", "cannot be read"),
        ("[[acept]]\nid = 'x'\n", "holds more than"),
        ("accept = 3\n", "holds more than"),
        ("[[accept]]\nid = 'x'\n", "no text for bench, reason"),
        ("[[accept]]\nid='x'\nbench='b'\nreason=' '\n", "no text for reason"),
        ("[[accept]]\nid='x'\nbench='b'\nreason='r'\nmax_change='x'\n", "max_change='x'"),
        ("[[accept]]\nid='x'\nbench='b'\nreason='r'\nparams=['n']\n", "params="),
        ("[[accept]]\nid='x'\nbench='b'\nreason='r'\nexpires='soon'\n", "expires='soon'"),
        ("[[accept]]\nid='x'\nbench='b'\nreason='r'\nwhy='r'\n", "'why' is no setting"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, cause: str) -> None:
    path = tmp_path / "accept.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=re.escape(cause)):
        accept.read(path)


@pytest.mark.parametrize("shift", [-3, -1, 0, 1, 3])
def test_it_holds_while_the_place_moves_by_three_points(tmp_path: Path, shift: int) -> None:
    (before,) = found_in(tmp_path / "a", copy((40, 1.25)))
    entry = replace(accept.entry_of(before, "x"), id="hp-other")
    (told,), stale = applied(found_in(tmp_path / "b", copy((40 + shift, 1.25))), entry)
    assert (told.status, stale) == ("accepted", [])


def test_it_does_not_hold_for_another_change_of_the_benchmark(tmp_path: Path) -> None:
    (before,) = found_in(tmp_path / "a", copy((20, 1.25)))
    both = found_in(tmp_path / "b", copy((20, 1.25), (45, 1.25)))
    told, _ = applied(both, accept.entry_of(before, "x"))
    assert sorted((f.status, f.fails) for f in told) == [("accepted", False), ("new", True)]


def test_what_grows_beyond_what_was_accepted_is_opened_again(tmp_path: Path) -> None:
    (before,) = found_in(tmp_path / "a", copy((40, 1.25), noise=0.001))
    (told,), _ = applied(
        found_in(tmp_path / "b", copy((40, 1.6), noise=0.001)), accept.entry_of(before, "x")
    )
    assert (told.status, told.fails) == ("reopened", True)
    assert "it has grown" in told.note


def test_parameters_that_were_not_accepted_open_it_again(tmp_path: Path) -> None:
    def bench(changed: int) -> Bench:
        each = [series_of(N, (40, 1.2 if i < changed else 1.0), seed=i) for i in range(6)]
        return Bench("time_x", columns(*each), [str(i) for i in range(6)])

    (before,) = found_in(tmp_path / "a", bench(2))
    entry = accept.entry_of(before, "x")
    assert entry.params == (("0",), ("1",))
    (told,), _ = applied(found_in(tmp_path / "b", bench(3)), entry)
    assert (told.status, told.fails) == ("reopened", True)
    assert "time_x(n=2) too" in told.note


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"bench": "other"}, "no such change"),
        ({"machine": "other"}, "no such change"),
        ({"environment": "other"}, "no such change"),
        ({"expires": TODAY}, "it expired on 2030-01-01"),
        ({"commit": commits_of(N)[5]}, "no such change"),
    ],
)
def test_an_entry_without_effect_is_reported(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    findings = found_in(tmp_path, copy((40, 1.25)))
    entry = replace(accept.entry_of(findings[0], "x"), **change)  # type: ignore[arg-type]
    (told,), (stale,) = applied(findings, entry)
    assert told.fails
    assert why in stale.why


def test_an_entry_of_a_lost_commit_holds_by_its_id(tmp_path: Path) -> None:
    findings = found_in(tmp_path, copy((40, 1.25)))
    entry = replace(accept.entry_of(findings[0], "x"), commit="f" * 40)
    (told,), _ = applied(findings, entry)
    assert told.status == "accepted"
    (told,), _ = applied(findings, replace(entry, id="hp-other"))
    assert told.status == "new"


def test_an_entry_of_what_has_recovered_is_stale(tmp_path: Path) -> None:
    (before,) = found_in(tmp_path / "a", copy((20, 1.25)))
    later = found_in(tmp_path / "b", copy((20, 1.25), (40, 0.8)))
    _, (stale,) = applied(later, accept.entry_of(before, "x"))
    assert stale.why == "the change has recovered"
