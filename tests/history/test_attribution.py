"""Changes in a history: whose they are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from hwperf.history.attribution import Attribution, attribute, canaries_beside, detect, is_canary
from hwperf.history.attribution.verdict import throughout

from .made_suites import MACHINE, canaries_of, made, noisy

N = 80


@dataclass(frozen=True)
class At:
    index: int


def step(at: int, ratio: float, n: int = N) -> np.ndarray:
    return np.where(np.arange(n) >= at, ratio, 1.0)


def test_a_step_without_one_of_the_canaries_is_the_codes() -> None:
    values = 1e-3 * step(40, 1.2) * noisy(N, 0.01, 1)
    (found,) = attribute(values, [At(40)], canaries_of(np.ones(N)))
    assert (found.cause, found.index) == ("code", 40)
    assert found.ratio == pytest.approx(1.2, rel=0.02)
    assert found.machine_ratio == 1
    assert not any(each.is_moved for each in found.moved)


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_step_with_one_of_the_canaries_is_the_machines(share: float) -> None:
    machine = step(40, 1.3)
    values = 1e-3 * machine**share * noisy(N, 0.01, 1)
    (found,) = attribute(values, [At(40)], canaries_of(machine))
    assert found.cause == "machine"
    assert found.machine_ratio == pytest.approx(1.3**share, rel=0.05)
    assert found.left_over == pytest.approx(1, abs=0.05)
    assert all(each.is_moved for each in found.moved)


def test_a_step_one_commit_beside_that_of_the_canaries_is_the_machines() -> None:
    values = 1e-3 * step(41, 1.3) * noisy(N, 0.01, 1)
    (found,) = attribute(values, [At(41)], canaries_of(step(40, 1.3)))
    assert found.cause == "machine"


def test_a_code_step_on_top_of_a_machine_that_is_known_is_both() -> None:
    """The share is learned from other movements, not from the one that is judged."""
    jitter = noisy(N, 0.05, 7)
    machine = jitter * step(40, 1.3)
    values = 1e-3 * machine * step(40, 1.4) * noisy(N, 0.005, 1)
    (found,) = attribute(values, [At(40)], canaries_of(machine))
    assert found.cause == "mixed"
    assert found.left_over == pytest.approx(1.4, rel=0.1)


def test_a_change_of_the_code_that_the_machine_hides_is_found() -> None:
    machine = noisy(N, 0.05, 7) * step(40, 1.25)
    values = 1e-3 * machine * step(40, 1 / 1.25) * noisy(N, 0.005, 1)
    found = [each for each in detect(values, canaries_of(machine)) if abs(each.index - 40) <= 3]
    assert [each.cause for each in found] == ["mixed"]


def test_a_machine_that_moves_before_says_nothing_of_a_later_change() -> None:
    machine = step(20, 1.3)
    values = 1e-3 * machine * step(60, 1.2) * noisy(N, 0.01, 1)
    found = attribute(values, [At(20), At(60)], canaries_of(machine))
    assert [each.cause for each in found] == ["machine", "code"]


def test_two_blind_canaries_do_not_hide_the_machine() -> None:
    machine = step(40, 1.3)
    canaries = canaries_of(machine)
    for name in ("core_clock", "memory_latency"):
        canaries[name] = 1e-9 * noisy(N, 0.005, 5)
    (found,) = attribute(1e-3 * machine * noisy(N, 0.01, 1), [At(40)], canaries)
    assert found.cause == "machine"
    moved = {each.name for each in found.moved if each.is_moved}
    assert moved == set(canaries) - {"core_clock", "memory_latency"}


def test_a_disk_that_slows_alone_explains_what_waits_for_it() -> None:
    machine = step(40, 1.5)
    canaries = canaries_of(machine, feels={"storage"})
    (found,) = attribute(1e-3 * machine * noisy(N, 0.01, 1), [At(40)], canaries)
    assert (found.cause, found.factor) == ("machine", "storage")


def test_without_canaries_nobody_can_tell() -> None:
    values = 1e-3 * step(40, 1.2) * noisy(N, 0.01, 1)
    (found,) = attribute(values, [At(40)], {})
    assert (found.cause, found.reason) == ("unclear", "no canary was measured beside it")


def test_canaries_of_one_side_only_tell_nothing() -> None:
    values = 1e-3 * step(40, 1.2) * noisy(N, 0.01, 1)
    canaries = {
        name: np.where(np.arange(N) < 40, costs, np.nan)
        for name, costs in canaries_of(np.ones(N)).items()
    }
    (found,) = attribute(values, [At(40)], canaries)
    assert found.cause == "unclear"


def test_canaries_that_are_wilder_than_the_change_tell_nothing() -> None:
    values = 1e-3 * step(70, 1.1) * noisy(N, 0.005, 1)
    (found,) = attribute(values, [At(70)], canaries_of(np.ones(N), noise=0.8))
    assert found.cause == "unclear"


@pytest.mark.parametrize("odd", [np.nan, np.inf, 0.0, -1.0, 1e308])
def test_numbers_that_are_none_do_no_harm(odd: float) -> None:
    values = 1e-3 * step(40, 1.2) * noisy(N, 0.01, 1)
    canaries = canaries_of(np.ones(N))
    for number, costs in enumerate([values, *canaries.values()]):
        costs[number * 3 % N] = odd
    (found,) = attribute(values, [At(40)], canaries)
    assert found.cause == "code"


def test_nothing_at_all_has_no_cause() -> None:
    (found,) = attribute([None] * 10, [At(5)], {"core_clock": [None] * 10})  # type: ignore[list-item]
    assert found.cause == "unclear"
    assert found.to_json()["ratio"] is None


def test_the_same_gives_the_same_and_what_is_given_stays_as_it_is() -> None:
    values = 1e-3 * step(40, 1.2) * noisy(N, 0.01, 1)
    canaries = canaries_of(step(30, 1.1))
    kept = values.copy(), {name: costs.copy() for name, costs in canaries.items()}
    assert attribute(values, [At(40)], canaries) == attribute(values, [At(40)], canaries)
    assert np.array_equal(values, kept[0])
    assert all(np.array_equal(canaries[name], kept[1][name]) for name in canaries)


def test_the_unit_does_not_matter() -> None:
    values = step(40, 1.2) * noisy(N, 0.01, 1)
    canaries = canaries_of(step(20, 1.3))
    first = attribute(values, [At(40)], canaries)
    scaled = {name: costs * 1e9 for name, costs in canaries.items()}
    second = attribute(values * 1e6, [At(40)], scaled)
    assert first[0].cause == second[0].cause
    assert first[0].ratio == pytest.approx(second[0].ratio)


def test_a_canary_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="'core_clock' has not the 80 values"):
        attribute(np.ones(N), [At(40)], {"core_clock": np.ones(N - 1)})


def test_canaries_are_matched_by_commit() -> None:
    commits = [f"{i:040x}" for i in range(4)]
    canary = made("c.x", [1, 2, 3], canary="core_clock", commits=[commits[i] for i in (0, 1, 3)])
    found = canaries_beside([canary, made("b", [1.0])], MACHINE, "py").along(commits)
    assert list(found) == ["core_clock"]
    assert found["core_clock"][[0, 1, 3]].tolist() == [1, 2, 3]
    assert np.isnan(found["core_clock"][2])


def test_a_canary_of_another_day_was_not_beside_it() -> None:
    """A part of a suite that is measured again later overwrites that part alone."""
    canary = made("c.x", [1.0, 2.0, 3.0], canary="core_clock")
    beside = canaries_beside([canary], MACHINE, "py")
    day = 24 * 3600.0
    found = beside.along(canary.commits, canary.times + np.array([0, day, np.nan]))
    assert found["core_clock"][0] == 1
    assert np.isnan(found["core_clock"][1])
    assert found["core_clock"][2] == 3  # When it was measured is not known.


def test_a_canary_that_two_modules_import_is_two() -> None:
    both = [made(f"{m}.x", [1.0, 2.0], canary="core_clock") for m in ("a", "b")]
    assert list(canaries_beside(both, MACHINE, "py").values) == ["core_clock", "core_clock/2"]
    assert all(map(is_canary, both))
    assert not is_canary(made("b", [1.0]))


def test_canaries_of_another_machine_are_none_of_ours() -> None:
    canary = made("c.x", [1.0, 2.0], canary="core_clock")
    assert not canaries_beside([canary], "another", "py").values
    assert not canaries_beside([canary], MACHINE, "other").values


def test_a_whole_history_is_judged_change_by_change() -> None:
    machine = step(25, 1.3)
    values = 1e-3 * machine * step(55, 1.2) * noisy(N, 0.01, 1)
    series = [made("suite.time_it", values), made("suite.short", [1.0, 2.0])]
    series += [made(f"c.{n}", c, canary=n) for n, c in canaries_of(machine).items()]
    verdict = throughout(series, MACHINE)
    told = sorted((f.commit, f.attribution.cause, f.is_worse) for f in verdict.findings)
    assert [(cause, worse) for _, cause, worse in told] == [("machine", True), ("code", True)]
    assert (verdict.n_compared, verdict.n_missing) == (1, 1)


def test_a_rate_that_falls_with_a_slower_machine_is_the_machines() -> None:
    machine = step(40, 1.4)
    rate = made("suite.rate", 10.0 / machine * noisy(N, 0.01, 1))
    rate = replace(rate, unit="GB/s", higher_is_better=True)
    series = [rate, *(made(f"c.{k}", v, canary=k) for k, v in canaries_of(machine).items())]
    (finding,) = throughout(series, MACHINE).findings
    assert (finding.attribution.cause, finding.is_worse) == ("machine", True)
    assert finding.attribution.ratio == pytest.approx(1 / 1.4, rel=0.02)
    opposite = [rate, *(made(f"c.{k}", 1 / v, canary=k) for k, v in canaries_of(machine).items())]
    (finding,) = throughout(opposite, MACHINE).findings
    assert (finding.attribution.cause, finding.is_worse) == ("code", True)


def test_a_rate_whose_bounds_have_no_reciprocal_is_told() -> None:
    told = Attribution("unclear", "", 1, 2.0, (0.0, np.inf)).of_the_rate()
    assert (told.ratio, told.interval) == (0.5, (0.0, np.inf))
    assert told.of_the_rate().ratio == 2.0
