"""``hwperf ab``: two revisions in turns. Visits are played, but for one real comparison."""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cli.tiny import git, player, project
from hwperf.asv.ab_setting import Setting
from hwperf.history.ab import session
from hwperf.history.ab.session import Plan

Run = Callable[..., Any]
Costs = Callable[[Setting, str], Mapping[str, float | None]]

NOISE = (0.0, 0.004, -0.003, 0.002, -0.001, 0.003, -0.002, 0.001)


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return project(tmp_path / "tiny", seconds=(0.01, 0.02))


def costs(slower: float = 1.0, **others: tuple[float | None, float | None]) -> Costs:
    """Return costs of which B's of ``s.step`` are *slower* times A's, with some noise."""

    def given(of: Setting, name: str) -> Mapping[str, float | None]:
        is_b = of.directory.name == "b"
        noise = math.exp(NOISE[int(name) % 8] * (1 if is_b else -1))
        found: dict[str, float | None] = {
            "s.step": 2e-3 * noise * (slower if is_b else 1.0),
            "s.same": 3e-3 * noise,
        }
        return found | {f"s.{key}": pair[is_b] for key, pair in others.items()}

    return given


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that says what visits give, and what the canaries say."""
    compare = session.compare

    def install(
        given: Costs, canaries: Callable[[], Mapping[str, float]] = dict, **options: Any
    ) -> None:
        def played(plan: Plan, **more: Any) -> session.Outcome:
            more["canaries"] = canaries
            return compare(plan, visit=player(given, **options), **more)

        monkeypatch.setattr(session, "compare", played)

    return install


def test_a_slower_revision_is_a_regression(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(costs(1.1))
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf))
    assert answer.code == 1
    assert "regression: B costs more\n  s.step(n=1)\n    +10." in answer.out
    assert "2.00 ms -> 2.20 ms" in answer.out
    assert "no difference: 1 metric" in answer.out
    assert answer.out.endswith("B against A, of 2 metrics: 1 worse.\n")


def test_the_same_code_is_no_difference(hwperf: Run, conf: Path, play: Callable[..., None]) -> None:
    play(costs())
    answer = hwperf("ab", "HEAD", "HEAD", "--config", str(conf))
    assert answer.code == 0
    assert answer.out.endswith("No difference in 2 metrics.\n")


def test_a_faster_revision_is_fine(hwperf: Run, conf: Path, play: Callable[..., None]) -> None:
    play(costs(0.9))
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf))
    assert answer.code == 0
    assert "improvement: B costs less" in answer.out


def test_what_fails_at_b_alone_is_broken(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(costs(gone=(1.0, None)))
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf))
    assert answer.code == 1
    assert "broken: measured at A, fails at B\n  s.gone(n=1)" in answer.out


def test_what_this_machine_cannot_measure_is_counted_and_not_listed(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(costs(**{f"absent{i}": (math.nan, math.nan) for i in range(60)}))
    for form in ("text", "markdown"):
        answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf), "--format", form)
        assert answer.code == 0
        assert "absent1" not in answer.out
    text = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf)).out
    assert "n/a here: 60 metrics\nNo difference in 2 metrics." in text


def test_nothing_in_common_is_neither_good_nor_bad(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(lambda of, name: {"s.absent": math.nan})
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf))
    assert answer.code == 3
    assert answer.out.endswith("Nothing could be compared.\n")


def test_the_order_alternates_and_canaries_come_before_every_visit(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    order: list[str] = []

    def given(of: Setting, name: str) -> Mapping[str, float | None]:
        order.append(f"{of.directory.name}{name}")
        return costs()(of, name)

    def canary() -> Mapping[str, float]:
        order.append("canary")
        return {"core clock": 1.0}

    play(given, canary)
    assert hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf), "--rounds", "4").code == 0
    visits = [each for each in order if each != "canary"]
    assert visits == ["a1", "b1", "b2", "a2", "a3", "b3", "b4", "a4"]
    assert order[::2] == ["canary"] * 8


def test_a_machine_that_moved_as_well_makes_it_unclear(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    turn = [0]

    def canary() -> Mapping[str, float]:
        turn[0] += 1
        is_b = turn[0] % 4 in (2, 3)
        return {"memory bandwidth": (1.12 if is_b else 1.0) * math.exp(NOISE[turn[0] % 8])}

    play(costs(1.1), canary)
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf))
    assert answer.code == 3
    assert "unclear: the machine may have done it" in answer.out
    assert "(moved)" in answer.out


def test_a_canary_of_the_suite_is_no_metric_but_speaks_for_the_machine(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    given = costs(1.1, canary=(1.0, 1.2))
    play(given, versions={"s.canary": "hwperf-canary-memory_bandwidth-1"})
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf), "--format", "json")
    shown = json.loads(answer.out)
    assert [canary["name"] for canary in shown["canaries"]] == ["s.canary(n=1)"]
    assert {metric["benchmark"]: metric["kind"] for metric in shown["metrics"]} == {
        "s.step": "unclear", "s.same": "same",
    }  # fmt: skip
    assert answer.code == 3


def test_a_target_adds_the_rounds_that_it_takes(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(costs())
    arguments = ("ab", "HEAD~1", "HEAD", "--config", str(conf), "--format", "json", "--target")
    coarse = json.loads(hwperf(*arguments, "5%").out)
    assert (coarse["rounds"], coarse["missed"]) == (session.FIRST, [])
    fine = json.loads(hwperf(*arguments, "0.3%").out)
    assert fine["rounds"] > coarse["rounds"]
    assert fine["min_change"] == pytest.approx(0.0015)


def test_a_target_out_of_reach_is_too_little_data(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(costs())
    answer = hwperf(
        "ab", "HEAD~1", "HEAD", "--config", str(conf), "--target", "0.1%", "--rounds", "8"
    )
    assert answer.code == 3
    assert "of 2 a change of 0.10 % would not have been seen" in " ".join(answer.out.split())


def test_the_json_is_strict_and_says_the_exit_code(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(costs(1.1, gone=(1.0, None), huge=(1e-308, 1e308)))
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf), "--format", "json")
    shown = json.loads(answer.out, parse_constant=pytest.fail)
    assert shown["schema"] == "hwperf.ab/1"
    assert shown["exit_code"] == answer.code == 1
    assert shown["a"]["commit"] == git(conf.parent, "rev-parse", "HEAD~1")
    metrics = {metric["benchmark"]: metric for metric in shown["metrics"]}
    assert metrics["s.step"]["kind"] == "regression"
    assert metrics["s.step"]["interval"][0] < metrics["s.step"]["ratio"]
    assert metrics["s.huge"]["ratio"] is None
    assert metrics["s.gone"]["kind"] == "broken"


def test_markdown_is_not_broken_by_names(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    name = 's.<script>|`"\n' + "y" * 10_000

    def given(of: Setting, visit: str) -> Mapping[str, float | None]:
        return {name: costs(1.5)(of, visit)["s.step"]}

    play(given)
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf), "--format", "markdown")
    assert answer.code == 1
    rows = [line for line in answer.out.splitlines() if "script" in line]
    assert len(rows) == 1
    assert rows[0].startswith("| `s.<script>\\|'\"?yyy")
    assert len(rows[0]) < 400


def test_uncommitted_changes_are_said_and_the_working_tree_can_be_named(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(costs())
    (conf.parent / "tiny" / "work.py").write_text("# another\n")
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf))
    assert answer.code == 0
    assert "has uncommitted changes, and only commits are compared" in answer.err
    answer = hwperf("ab", "HEAD", ".", "--config", str(conf), "--format", "json")
    assert "uncommitted" not in answer.err
    commit = json.loads(answer.out)["b"]["commit"]
    assert git(conf.parent, "show", f"{commit}:tiny/work.py") == "# another"


def test_the_results_of_the_rounds_are_kept_on_request_alone(
    hwperf: Run, conf: Path, play: Callable[..., None], tmp_path: Path
) -> None:
    def given(of: Setting, name: str) -> Mapping[str, float | None]:
        (of.directory / f"results-{name}").mkdir()
        (of.directory / f"results-{name}" / "benchmarks.json").write_text(of.commit)
        return costs()(of, name)

    play(given)
    keep = tmp_path / "kept"
    arguments = ("ab", "HEAD~1", "HEAD", "--config", str(conf), "--rounds", "4")
    assert hwperf(*arguments, "--keep", str(keep)).code == 0
    assert sorted(path.name for path in keep.iterdir()) == [f"round-0{i}" for i in (1, 2, 3, 4)]
    assert (keep / "round-01" / "a" / "benchmarks.json").read_text() == git(
        conf.parent, "rev-parse", "HEAD~1"
    )
    answer = hwperf(*arguments, "--keep", str(keep))
    assert answer.code == 2
    assert "it is there already" in answer.err
    assert not (conf.parent / "results").exists()


def test_an_interrupted_comparison_says_what_it_knows(
    hwperf: Run, conf: Path, play: Callable[..., None]
) -> None:
    play(costs(1.1), stop_at=12)
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf))
    assert answer.code == 130
    assert "5 rounds" in answer.out
    assert "regression: B costs more" in answer.out
    assert "interrupted after 5 rounds" in answer.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["HEAD", "nonsense"], "'nonsense' is no revision of"),
        (["HEAD"], "Missing argument 'REV_B'"),
        (["HEAD", "HEAD", "--rounds", "3"], "4<=x<=1000"),
        (["HEAD", "HEAD", "--target", "1"], "'1' is no change"),
        (["HEAD", "HEAD", "--target", "1%", "--min-change", "2%"], "exceeds --target 1%"),
        (["HEAD", "HEAD", "-k", "("], "is no regular expression"),
    ],
)
def test_misuse_is_one_sentence(hwperf: Run, conf: Path, arguments: list[str], said: str) -> None:
    answer = hwperf("ab", *arguments, "--config", str(conf))
    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_a_real_comparison_finds_what_was_planted(
    hwperf: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that takes twice as long, and a function that raises, between two commits."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    conf = project(tmp_path / "tiny", seconds=(0.2, 0.4), body="raise RuntimeError('gone')")
    answer = hwperf(
        "ab", "HEAD~1", "HEAD", "--config", str(conf), "--env", "source", "--rounds", "4",
        "--no-canaries", "--format", "json",
    )  # fmt: skip
    assert answer.code == 1, answer.err
    shown = json.loads(answer.out)
    kinds = {metric["benchmark"]: metric["kind"] for metric in shown["metrics"]}
    assert kinds == {
        "speed.time_step": "regression", "speed.time_other": "broken", "speed.track_count": "same",
    }  # fmt: skip
    step = next(each for each in shown["metrics"] if each["benchmark"] == "speed.time_step")
    assert 1.5 < step["ratio"] < 2.7
    assert not (conf.parent / "results").exists()
    assert git(conf.parent, "status", "--porcelain") == ""


def test_a_real_revision_that_cannot_be_imported_is_told(
    hwperf: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    conf = project(tmp_path / "tiny", seconds=(0.01, 0.01), body="return (")
    answer = hwperf("ab", "HEAD~1", "HEAD", "--config", str(conf), "--env", "source")
    assert answer.code == 3
    assert answer.err.splitlines()[-1].startswith("hwperf: HEAD (")
    assert "cannot be measured: SyntaxError" in answer.err


def test_every_option_reaches_the_plan(
    hwperf: Run, conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Plan] = []

    def stop(plan: Plan, **_: Any) -> None:
        seen.append(plan)
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "compare", functools.partial(stop))
    hwperf(
        "ab", "v1", "v2", "-k", "x", "-k", "y", "--rounds", "12", "--env", "e", "--min-change", "3%"
    )
    (plan,) = seen
    assert (plan.a, plan.b, plan.count, plan.env) == ("v1", "v2", 12, "e")
    assert (tuple(plan.bench), plan.min_change, plan.target) == (("x", "y"), 0.03, None)
