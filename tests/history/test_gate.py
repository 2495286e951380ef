"""Planted changes become findings of the right kind and direction; nothing else does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hwperf.canaries.kinds import CANARIES
from hwperf.history import fdr
from hwperf.history.gate.findings import Finding
from hwperf.history.gate.judge import Judged, judge
from hwperf.history.gate.settings import Settings, read
from hwperf.history.series import Series, load
from tests.history.planted import (
    BANDWIDTH,
    LATENCY,
    TIME,
    Bench,
    columns,
    commits_of,
    configure,
    one,
    own_cache,
    series_of,
    store,
)  # fmt: skip

__all__ = ["own_cache"]

N = 60


def judged(
    tmp_path: Path, *benches: Bench, settings: Settings | None = None, **more: int
) -> Judged:
    return judge(series(tmp_path, *benches), settings or Settings(), **more)  # type: ignore[arg-type]


def series(tmp_path: Path, *benches: Bench) -> list[Series]:
    n = max(len(bench.values) for bench in benches)
    return load(store(tmp_path, benches, commits_of(n)))


def quiet(count: int = 8) -> list[Bench]:
    """Return benchmarks in which nothing happens."""
    return [one(f"time_quiet{i}", series_of(N, seed=100 + i)) for i in range(count)]


def only(found: Judged, *kinds: str) -> Finding:
    wanted = [f for f in found.findings if not kinds or f.kind in kinds]
    assert len(wanted) == 1, [(f.kind, f.status, f.series.name) for f in found.findings]
    return wanted[0]


def kinds(found: Judged) -> list[tuple[str, str]]:
    return sorted((f.kind, f.status) for f in found.findings)


def test_a_fifth_of_a_bandwidth_lost_is_a_regression_in_gb_per_s(tmp_path: Path) -> None:
    copy = one("m.Copy.cost", series_of(N, (40, 1.25), base=5e-11), definition=BANDWIDTH)
    found = only(judged(tmp_path, copy, *quiet()))
    assert (found.kind, found.status, found.fails) == ("regression", "new", True)
    assert found.change == pytest.approx(-0.2, abs=0.01)
    low, high = found.change_interval
    assert low < found.change < high < -0.15
    assert found.series.words(found.worst.before).startswith(("20.0 GB/s", "19.9 GB/s", "20.1"))
    assert abs(found.worst.index - 40) <= 3


def test_a_fifth_of_a_bandwidth_gained_is_none(tmp_path: Path) -> None:
    copy = one("m.Copy.cost", series_of(N, (40, 1 / 1.2), base=5e-11), definition=BANDWIDTH)
    found = only(judged(tmp_path, copy, *quiet()))
    assert (found.kind, found.fails) == ("improvement", False)
    assert found.change == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("definition", "factor", "kind"),
    [
        (LATENCY, 1.2, "regression"), (LATENCY, 0.8, "improvement"),
        (TIME, 1.2, "regression"), (TIME, 0.8, "improvement"),
        ({"unit": "req/s"}, 0.8, "regression"), ({"unit": "req/s"}, 1.2, "improvement"),
        ({"unit": "x", "higher_is_better": True}, 0.8, "regression"),
    ],
)  # fmt: skip
def test_each_direction_is_known(
    tmp_path: Path, definition: dict[str, object], factor: float, kind: str
) -> None:
    bench = one("b", series_of(N, (40, factor)), definition=definition)
    assert only(judged(tmp_path, bench, *quiet())).kind == kind


def test_a_rule_turns_the_direction_of_a_strangers_benchmark(tmp_path: Path) -> None:
    configure(tmp_path, hwperf={"track": {"rule": [{"bench": "^track_", "direction": "higher"}]}})
    settings = read(tmp_path / "asv.conf.json", tmp_path)
    bench = one("track_x", series_of(N, (40, 0.8)), definition={"unit": "widgets"})
    assert only(judged(tmp_path, bench, *quiet(), settings=settings)).kind == "regression"
    assert only(judged(tmp_path, bench, *quiet())).kind == "improvement"


def test_nothing_is_found_where_nothing_happens(tmp_path: Path) -> None:
    found = judged(tmp_path, *quiet(150))
    assert [f for f in found.findings if f.fails] == []
    assert len(found.findings) <= 3
    assert (found.n_judged, len(found.tested), found.n_points) == (150, 150, 150 * N)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_the_scale_of_a_suite_does_not_matter(tmp_path: Path, factor: float) -> None:
    values = series_of(N, (40, 1.1))
    plain = only(judged(tmp_path / "a", one("t", values), *quiet()))
    scaled = only(judged(tmp_path / "b", one("t", [v * factor for v in values]), *quiet()))
    assert (plain.id, plain.worst.index) == (scaled.id, scaled.worst.index)
    assert plain.ratio == pytest.approx(scaled.ratio, rel=1e-6)


def test_a_rate_is_the_mirror_of_its_time(tmp_path: Path) -> None:
    values = series_of(N, (40, 1.25))
    time = only(judged(tmp_path / "a", one("t", values), *quiet()))
    rate = one("t", [1 / v for v in values], definition={"unit": "op/s"})
    mirrored = only(judged(tmp_path / "b", rate, *quiet()))
    assert mirrored.worst.index == time.worst.index
    assert mirrored.ratio == pytest.approx(1 / time.ratio, rel=1e-6)
    assert mirrored.kind == time.kind == "regression"


def parameters(count: int, factor: float, changed: int, noise: float = 0.005) -> Bench:
    each = [
        series_of(N, (40, factor if i < changed else 1.0), seed=i, noise=noise)
        for i in range(count)
    ]
    return Bench("time_x", columns(*each), [str(i) for i in range(count)])


def test_one_cause_in_all_parameters_is_one_finding(tmp_path: Path) -> None:
    found = only(judged(tmp_path, parameters(6, 1.2, 6), *quiet()))
    assert (found.kind, len(found.members), found.n_group) == ("regression", 6, 6)


def test_parameters_that_did_not_change_are_no_members(tmp_path: Path) -> None:
    found = only(judged(tmp_path, parameters(8, 1.2, 3), *quiet()))
    assert [m.series.key.params[0][1] for m in found.members] == ["0", "1", "2"]


def test_parameters_together_show_what_none_shows_alone(tmp_path: Path) -> None:
    bench = parameters(12, 1.02, 12, noise=0.02)
    alone = judged(tmp_path, bench, *quiet(), settings=Settings(group_params=False))
    together = judged(tmp_path, bench, *quiet())
    assert len(only(together, "regression").members) > sum(
        f.kind == "regression" for f in alone.findings
    )


def test_what_came_back_is_recovered_and_fails_nothing(tmp_path: Path) -> None:
    found = judged(tmp_path, one("t", series_of(N, (20, 1.2), (40, 1 / 1.2))), *quiet())
    assert kinds(found) == [("improvement", "new"), ("regression", "recovered")]
    assert not any(f.fails for f in found.findings)


def test_what_came_back_by_a_half_is_still_worse(tmp_path: Path) -> None:
    found = judged(tmp_path, one("t", series_of(N, (20, 1.2), (40, 1.1 / 1.2))), *quiet())
    assert ("regression", "new") in kinds(found)
    assert only(found, "regression").fails


@pytest.mark.parametrize("behind", [1, 2, 3])
def test_the_newest_points_are_possible_and_fail_nothing(tmp_path: Path, behind: int) -> None:
    found = only(judged(tmp_path, one("t", series_of(N, (N - behind, 1.3))), *quiet()))
    assert (found.kind, found.fails) == ("possible", False)
    assert found.rerun.startswith("asv run --bench '^t(\\(|$)' --append-samples ")
    assert found.rerun.endswith(f"{commits_of(N)[-1]}^!'")
    assert found.commit == commits_of(N)[N - behind]


def test_a_spike_in_the_past_is_nothing(tmp_path: Path) -> None:
    values = series_of(N)
    values[30] *= 3
    assert judged(tmp_path, one("t", values), *quiet()).findings == []


def test_a_small_regression_is_told_and_fails_nothing(tmp_path: Path) -> None:
    found = only(judged(tmp_path, one("t", series_of(N, (30, 1.02), noise=0.003)), *quiet()))
    assert (found.kind, found.fails) == ("regression", False)
    assert "below the 3.0%" in found.note


def test_the_base_hides_what_is_older(tmp_path: Path) -> None:
    bench = one("t", series_of(N, (20, 1.2), (45, 1.2)))
    found = judged(tmp_path, bench, *quiet(), after=30)
    assert abs(only(found, "regression").worst.index - 45) <= 3
    assert judged(tmp_path, bench, *quiet(), after=N).n_judged == 0


def test_the_id_outlives_new_data_and_a_place_that_moves(tmp_path: Path) -> None:
    ids = set()
    for shift, n in [(0, N), (3, N), (-3, N), (0, N + 9), (2, N + 5)]:
        values = series_of(n, (15, 1.2), (40 + shift, 1.2))
        found = judged(tmp_path / f"{shift}{n}", one("t", values))
        newest = max(found.findings, key=lambda f: f.rank)
        ids.add(newest.id)
        assert len({f.id for f in found.findings}) == 2
    assert len(ids) == 1


def test_a_new_regression_has_the_id_that_it_had_when_it_was_possible(tmp_path: Path) -> None:
    early = only(judged(tmp_path / "a", one("t", series_of(N, (N - 2, 1.3))), *quiet()))
    late = only(judged(tmp_path / "b", one("t", series_of(N, (N - 20, 1.3))), *quiet()))
    assert (early.kind, late.kind) == ("possible", "regression")
    assert early.id == late.id


def test_another_benchmark_machine_or_environment_has_another_id(tmp_path: Path) -> None:
    values = series_of(N, (40, 1.2))
    for machine in ("a", "b"):
        for environment in ("e", "f"):
            store(
                tmp_path, [one("t", values), one("u", values)], commits_of(N), machine=machine,
                environment=environment,
            )  # fmt: skip
    found = judge(load(tmp_path / "results"), Settings())
    assert len(found.findings) == len({f.id for f in found.findings}) == 8
    assert {f.group for f in found.findings} == {f"g-{found.findings[0].commit[:8]}"}


def test_a_benchmark_that_began_to_fail_is_said(tmp_path: Path) -> None:
    values: list[float | None] = [*series_of(N - 3), None, None, None]
    found = only(judged(tmp_path, one("t", values), *quiet()))
    assert (found.kind, found.fails) == ("failing", False)
    assert found.commit == commits_of(N)[N - 3]
    settings = Settings(fail_on=("failing",))
    assert only(judged(tmp_path, one("t", values), settings=settings)).fails


def test_what_was_skipped_or_mended_does_not_fail(tmp_path: Path) -> None:
    skipped = [*series_of(N - 2), math.nan, math.nan]
    mended: list[float | None] = series_of(N)  # type: ignore[assignment]
    mended[30] = None
    found = judged(tmp_path, one("s", skipped), one("m", mended), *quiet())
    assert found.findings == []


@pytest.mark.parametrize(
    "values", [[1.0], [1.0] * 5, [None] * N, [math.nan] * N], ids=["1", "5", "None", "NaN"]
)
def test_too_little_data_is_never_a_regression(
    tmp_path: Path, values: Sequence[float | None]
) -> None:
    found = judged(tmp_path, one("t", values))
    assert (found.n_judged, found.findings) == (0, [])
    assert judge([], Settings()).n_judged == 0


@pytest.mark.parametrize("value", [0.0, -1.0, 1.0, 1e-300, 1e250])
def test_constant_zero_and_negative_series_say_nothing(tmp_path: Path, value: float) -> None:
    bench = one("t", [value] * N, definition={"unit": "x"})
    assert judged(tmp_path, bench, *quiet()).findings == []


def test_values_around_zero_break_nothing(tmp_path: Path) -> None:
    values = np.random.default_rng(5).standard_normal(N)
    values[40:] += 9
    bench = one("t", [float(v) for v in values], definition={"unit": "x"})
    assert not any(f.fails for f in judged(tmp_path, bench, *quiet()).findings)


def test_another_placement_is_no_regression(tmp_path: Path) -> None:
    (plain,) = series(tmp_path, one("m.Copy.cost", series_of(N, (40, 1.5)), definition=BANDWIDTH))
    tags = ("near",) * 40 + ("far",) * (N - 40)
    found = judge([replaced(plain, tags)], Settings())
    finding = only(found)
    assert (finding.kind, finding.fails) == ("placement", False)
    assert "near before and far after" in finding.note
    assert only(judge([replaced(plain, ("near",) * N)], Settings())).kind == "regression"


def replaced(plain: Series, tags: tuple[str, ...]) -> Series:
    from dataclasses import replace

    return replace(plain, placements=tags)


def test_the_noise_floor_is_the_least_change_that_is_told(tmp_path: Path) -> None:
    found = series(tmp_path, one("t", series_of(N, (40, 1.06), noise=0.003)), *quiet())
    floors = {("box", "t", (), "v1"): 0.10}
    assert judge(found, Settings(), floors=floors).findings == []
    below = only(judge(found, Settings(), floors={("box", "t", (), "v1"): 0.02}))
    assert (below.floor, below.min_change, below.fails) == (0.02, 0.02, True)
    assert only(judge(found, Settings(), floors={("box", "t", (), "v0"): 0.1})).floor is None


def test_asvs_own_settings_are_honoured(tmp_path: Path) -> None:
    commits = commits_of(N)
    configure(
        tmp_path,
        regressions_thresholds={"t": 0.05, "t@main": "0.3", "u": 0.1},
        regressions_first_commits={"never": None, "late": commits[45]},
    )
    settings = read(tmp_path / "asv.conf.json", tmp_path)
    values = series_of(N, (30, 1.2))
    names = ["t", "u", "never_this", "late_one"]
    found = judge(
        series(tmp_path, *(one(name, values) for name in names)), settings,
        place_of=lambda rev: commits.index(rev),
    )  # fmt: skip
    assert {f.series.key.benchmark: f.fails for f in found.findings} == {"t": False, "u": True}


def test_a_threshold_of_asv_is_of_the_cost(tmp_path: Path) -> None:
    """A cost that grows by 25 % is a fifth of the bandwidth."""
    for threshold, fails in [(0.24, True), (0.27, False)]:
        configure(tmp_path, regressions_thresholds={".*": threshold})
        settings = read(tmp_path / "asv.conf.json", tmp_path)
        values = series_of(N, (40, 1.25), noise=0.001)
        copy = one("m.Copy.cost", values, definition=BANDWIDTH)
        assert only(judged(tmp_path, copy, *quiet(), settings=settings)).fails is fails


def test_q_values_are_those_worked_by_hand() -> None:
    assert fdr.q_values([0.01, 0.02, 0.03], 6) == pytest.approx([0.06, 0.06, 0.06])
    assert fdr.q_values([0.5, 0.001], 10) == pytest.approx([1.0, 0.01])
    assert fdr.q_values([], 5) == []
    assert fdr.simes([0.01, 0.04], 4) == pytest.approx(0.04)
    assert fdr.simes([], 4) == 1.0


def test_false_alarms_are_a_share_of_all_that_is_told(tmp_path: Path) -> None:
    """A change that would do in a suite of one is not certain in a suite of many."""
    values = series_of(N, (40, 1.011), noise=0.006, seed=3)
    p = [
        f.p_value
        for f in judged(tmp_path / "a", one("t", values), settings=Settings(fdr=0.9)).findings
    ]
    assert len(p) == 1
    strict = Settings(fdr=min(0.99, 1.5 * p[0]))
    assert only(judged(tmp_path / "a", one("t", values), settings=strict)).kind == "regression"
    many = judged(tmp_path / "b", one("t", values), *quiet(20), settings=strict)
    assert [f.kind for f in many.findings if f.series.key.benchmark == "t"] == ["possible"]


def test_what_measures_the_machine_fails_whatever_the_canaries_say(tmp_path: Path) -> None:
    """A canary that moved too excuses a stranger's code, and never the machine itself."""
    values = series_of(N, (40, 1.25), noise=0.003)
    canaries = [
        one(
            f"canaries.{each.name}",
            series_of(N, (40, 1.25), seed=7 + i),
            version=each.version,
        )
        for i, each in enumerate(CANARIES[:5])
    ]
    copy = one("m.Copy.cost", values, definition=BANDWIDTH)
    stranger = one("mod.time_x", values)
    found = judged(tmp_path, copy, stranger, *canaries, *quiet())
    by_name = {f.series.key.benchmark: f for f in found.findings}
    assert by_name["m.Copy.cost"].fails
    assert (by_name["mod.time_x"].cause, by_name["mod.time_x"].fails) == ("machine", False)
    assert {f.cause for n, f in by_name.items() if n.startswith("canaries.")} == {"machine"}


@pytest.mark.parametrize("last", [1.15, 1 / 1.15])
def test_of_levels_that_alternate_only_the_worse_is_told(tmp_path: Path, last: float) -> None:
    """Placements and layouts of memory make such levels; a regression that came back does, too."""
    n = 160
    flips = [(40, 1.15), (80, 1 / 1.15), (120, 1.15)]
    flips = flips if last > 1 else [(i, 1 / factor) for i, factor in flips]
    values = series_of(n, *flips, noise=0.003)
    found = judged(tmp_path, one("t", values)).findings
    worse = [f for f in found if f.rank >= 110 and f.kind in ("possible", "regression")]
    assert len(worse) == (1 if last > 1 else 0)
    assert all(abs(f.worst.index - 120) <= 3 and f.status == "new" for f in worse)


@pytest.mark.parametrize("n", [10, 12, 16, 20])
def test_a_plain_step_is_found_in_a_short_series(tmp_path: Path, n: int) -> None:
    found = only(judged(tmp_path, one("t", series_of(n, (n // 2, 1.25)))))
    assert (found.kind, found.fails, found.worst.index) == ("regression", True, n // 2)
    assert found.ratio == pytest.approx(1.25, rel=0.02)


@pytest.mark.parametrize("n", [8, 12, 16, 20])
def test_a_short_series_without_a_plain_step_says_nothing(tmp_path: Path, n: int) -> None:
    line = [1 + 0.05 * i for i in range(n)]
    benches = [one("t", line), *(one(f"q{i}", series_of(n, seed=i, noise=0.03)) for i in range(30))]
    found = judged(tmp_path, *benches)
    assert [f.kind for f in found.findings if f.kind not in ("drift", "possible")] == []
