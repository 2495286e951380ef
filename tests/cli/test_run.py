"""``hwperf run`` and ``hwperf publish``: what is asked of asv, and what is said of the outcome."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv.plan import Planned
from hwperf.asv.run import Event, Outcome
from hwperf.cli import run as run_verb
from hwperf.errors import UsageError
from hwperf.plugins import Broken

Run = Callable[..., Any]

POINTS = (
    Planned("made.up", "plugins.MadeUp.cost", {"nbytes": 4096}, None),
    Planned("made.up", "plugins.MadeUp.cost", {"nbytes": 8192}, "too little memory"),
)
GOOD = {"id": "core.clock", "params": {}, "value": 3e9, "unit": "Hz", "verdict": "ok", "reason": ""}
BAD = {
    **GOOD, "id": "made.up", "params": {"nbytes": 4096}, "value": None, "verdict": "failed",
    "reason": "the sum is 3 (is) != 4 (should)",
}  # fmt: skip


class FakeAsv:
    """Stands for hwperf.asv.run: remembers what was asked and answers with an outcome."""

    def __init__(self, exit_code: int = 0, records: tuple[Any, ...] = (GOOD,)) -> None:
        self.outcome = Outcome(exit_code, POINTS, records, 12.3, "asv said this\n")
        self.asked: dict[str, Any] = {}
        self.published: list[Path] = []

    def run(self, config: Path, *, on_event: Callable[[Event], None], **asked: Any) -> Outcome:
        self.asked = {"config": config, **asked}
        on_event(Event("start", total=1, left_s=4.0))
        for record in self.outcome.records:
            on_event(Event("point", 1, 1, 0.0, record))
        return self.outcome

    def publish(self, config: Path, *, on_event: Callable[[Event], None]) -> Path:
        on_event(Event("log", text="Skipping old.json: it is damaged"))
        on_event(Event("log", text="Generating graphs"))
        self.published.append(config)
        return Path("pages", "index.html")


@pytest.fixture
def asv(monkeypatch: pytest.MonkeyPatch, registry: Run) -> Callable[..., FakeAsv]:
    registry()

    shown: list[Path] = []
    # The card is of the recorded results, and nothing is recorded here.
    monkeypatch.setattr("hwperf.cli.run._show_card", shown.append)

    def install(*arguments: Any) -> FakeAsv:
        fake = FakeAsv(*arguments)
        monkeypatch.setattr("hwperf.cli.run.run", fake.run)
        monkeypatch.setattr("hwperf.cli.run.publish", fake.publish)
        monkeypatch.setattr("hwperf.cli.publish.publish", fake.publish)
        return fake

    return install


def test_the_defaults_are_everything_quickly_in_this_interpreter(hwperf: Run, asv: Run) -> None:
    fake = asv()
    shown = hwperf("run")
    assert shown.code == 0
    assert fake.asked == {
        "config": Path("asv.conf.json"),
        "bench": (),
        "profile": "quick",
        "env": "host",
        "dry_run": False,
    }
    assert fake.published == []
    assert "measuring 1 points, about 4.0 s" in shown.err
    assert "1 ok" in shown.out
    assert shown.out.splitlines()[-1] == "core.clock  3.00 GHz"


def test_options_are_passed_on(hwperf: Run, asv: Run) -> None:
    fake = asv()
    hwperf("run", "-k", "a", "-k", "b", "--full", "--env", "virtualenv", "--config", "x.json")
    assert fake.asked["bench"] == ("a", "b")
    assert fake.asked["profile"] == "full"
    assert fake.asked["env"] == "virtualenv"
    assert fake.asked["config"] == Path("x.json")


def test_a_dry_run_shows_the_points_and_those_that_are_na(hwperf: Run, asv: Run) -> None:
    fake = asv()
    shown = hwperf("run", "--dry-run")
    assert fake.asked["dry_run"]
    assert (shown.code, shown.err) == (0, "")
    assert shown.out == (
        "made.up nbytes=4 KiB\nmade.up nbytes=8 KiB n/a: too little memory\n1 points, about 4.0 s\n"
    ).replace("made.up ", "made.up  ").replace(" n/a", "  n/a")


def test_pages_are_published_where_asked_for(hwperf: Run, asv: Run) -> None:
    fake = asv()
    assert "pages: pages/index.html\n" in hwperf("run", "--publish").out
    assert fake.published == [Path("asv.conf.json")]


def test_points_whose_value_was_dropped_are_named(hwperf: Run, asv: Run) -> None:
    asv(2, (GOOD, BAD))
    shown = hwperf("run")
    assert shown.code == 1
    assert "hwperf: made.up  nbytes=4 KiB: failed: the sum is 3 (is) != 4 (should)" in shown.err
    assert "no result" not in shown.err
    assert "asv said this" not in shown.err


def test_points_whose_process_died_are_named(hwperf: Run, asv: Run) -> None:
    asv(2, (GOOD,))
    shown = hwperf("run")
    assert shown.code == 1
    assert " ".join(shown.err.split("hwperf: ")[-1].split()) == (
        "made.up nbytes=4 KiB: failed: its process was killed or took too long, no result"
    )
    # Another environment may be of a commit that has no such point.
    assert "no result" not in hwperf("run", "--env", "virtualenv").err


def test_an_interrupted_run_says_what_is_kept_and_publishes_nothing(hwperf: Run, asv: Run) -> None:
    fake = asv(130)
    shown = hwperf("run", "--publish")
    assert shown.code == 130
    assert "hwperf: interrupted; 1 measured points are kept" in shown.err
    assert fake.published == []


def test_where_nothing_could_be_run_asvs_own_words_are_shown(hwperf: Run, asv: Run) -> None:
    asv(1, ())
    shown = hwperf("run")
    assert shown.code == 3
    assert "asv said this" in shown.err
    assert shown.out == ""


def test_an_asv_that_was_killed_is_no_success(hwperf: Run, asv: Run) -> None:
    asv(-9)
    shown = hwperf("run")
    assert shown.code == 3
    assert "hwperf: asv was ended by SIGKILL" in shown.err


def test_plugins_that_are_left_out_are_named(hwperf: Run, asv: Run, registry: Run) -> None:
    asv()
    registry(broken=(Broken("bad", "a_module", "ImportError: no"),))
    assert "hwperf: plugin 'bad' (a_module) is left out: ImportError: no" in hwperf("run").err


def test_publish_prints_the_page(hwperf: Run, asv: Run) -> None:
    fake = asv()
    shown = hwperf("publish", "--config", "x.json")
    assert shown.out == "pages: pages/index.html\n"
    assert shown.err == "Skipping old.json: it is damaged\n"
    assert fake.published == [Path("x.json")]


def test_a_failed_publish_is_said_with_asvs_words(
    hwperf: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def publish(config: Path, **_: Any) -> Path:
        raise UsageError("asv publish failed:\nNo results found")

    monkeypatch.setattr("hwperf.cli.publish.publish", publish)
    refused = hwperf("publish")
    assert (refused.code, refused.err) == (2, "hwperf: asv publish failed:\nNo results found\n")


def test_a_run_of_which_nothing_could_be_measured_says_why_and_ends_with_3(
    hwperf: Run, asv: Run
) -> None:
    """A directory that vanished after the plan was made leaves every point n/a."""
    asv(0, ({**BAD, "verdict": "n/a", "reason": "the directory has vanished"},))
    answer = hwperf("run")
    assert answer.code == 3
    assert "made.up  nbytes=4 KiB: n/a: the directory has vanished" in answer.err


def test_a_point_with_a_tail_is_listed_once(hwperf: Run, asv: Run) -> None:
    asv(0, (GOOD, {**GOOD, "benchmark": "core.Clock.cost_p99"}))
    assert hwperf("run").out.count("core.clock") == 1


@pytest.mark.parametrize(
    ("asvs", "records", "code"),
    [
        (0, (GOOD,), 0),
        (0, (GOOD, {**BAD, "verdict": "n/a"}), 0),
        (0, (GOOD, {**GOOD, "verdict": "noisy"}), 0),
        (0, (GOOD, BAD), 1),
        (0, (GOOD, {**BAD, "verdict": "impossible"}), 1),
        (2, (BAD,), 1),
        (2, (), 1),
        (1, (GOOD,), 3),
        (1, (), 3),
        (0, (), 3),
        (-15, (GOOD, BAD), 1),
        (130, (GOOD, BAD), 130),
    ],
)
def test_the_exit_code_is_hwperfs_and_not_asvs(
    hwperf: Run, asv: Run, asvs: int, records: tuple[Any, ...], code: int
) -> None:
    """1 is a finding, 3 that nothing could be measured or asv did not get to the end."""
    asv(asvs, records)
    assert hwperf("run").code == code


@pytest.mark.parametrize(
    ("arguments", "asvs", "records", "expected"),
    [
        ((), 0, (GOOD,), {"n_measured": 1, "bad": None, "is_published": False, "config": None}),
        (("--publish",), 0, (GOOD,), {"is_published": True}),
        (("--publish",), 130, (GOOD,), {"is_published": False, "is_interrupted": True}),
        ((), 2, (GOOD, BAD), {"n_measured": 1, "bad": ("made.up", {"nbytes": 4096})}),
        ((), 0, ({**GOOD, "verdict": "noisy"},), {"n_noisy": 1}),
        (("--config", "x.json"), 0, (GOOD,), {"config": "x.json"}),
    ],
)
def test_what_comes_next_is_told_of_what_happened(
    hwperf: Run,
    asv: Run,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    asvs: int,
    records: tuple[Any, ...],
    expected: dict[str, Any],
) -> None:
    asv(asvs, records)
    told: list[Any] = []
    monkeypatch.setattr("hwperf.cli.run.show", lambda verb, ended: told.append((verb, ended)))
    hwperf("run", *arguments)
    ((verb, ended),) = told
    assert verb == "run"
    assert {name: getattr(ended, name) for name in expected} == expected


def test_a_dry_run_is_no_occasion_for_next_steps(
    hwperf: Run, asv: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asv()
    told: list[Any] = []
    monkeypatch.setattr("hwperf.cli.run.show", lambda *_: told.append(1))
    hwperf("run", "--dry-run")
    assert told == []


def test_the_head_of_the_card_follows_what_was_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = Path(__file__).parents[2] / "docs" / "data" / "results"
    conf = tmp_path / "asv.conf.json"
    conf.write_text(json.dumps({"results_dir": str(recorded)}))
    run_verb._show_card(conf)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == ""
    assert 8 <= len(shown) - 2 <= 12
    assert "textbook claims" in "".join(shown)
    conf.write_text(json.dumps({"results_dir": str(tmp_path / "nowhere")}))
    run_verb._show_card(conf)
    assert capsys.readouterr().out == ""
