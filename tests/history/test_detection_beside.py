"""Steps beside what lasts: two modes, a rhythm, a slow wander."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from hwperf.history import steps
from hwperf.history.detection.finding import Limits, found_in
from hwperf.history.detection.rhythm import rhythm_of
from hwperf.history.detection.trend import found_beside_trend
from hwperf.history.detection.unfolding import modes_of

Floats = NDArray[np.float64]
FLOOR = 0.001
LIMITS = Limits(floor=FLOOR, threshold=4.0, least=math.log(1.01))


def sticky(seed: int, n: int = 200, gap: float = 0.08, leave: float = 0.25) -> Floats:
    """Return logarithms in two modes that last four points on the average, with 0.5 % of noise."""
    rng = np.random.default_rng([seed, 1])
    mode = np.cumsum(rng.random(n) < leave) % 2
    return rng.normal(0, 0.005, n) + gap * mode


def indices(x: Floats) -> list[int]:
    return [step.index for step in steps(np.exp(x)) if step.kind == "step"]


@pytest.mark.parametrize("seed", range(10))
def test_two_modes_are_folded_into_one(seed: int) -> None:
    modes = modes_of(sticky(seed), FLOOR)
    assert modes is not None
    assert modes.gap == pytest.approx(0.08, rel=0.03)
    assert np.std(modes.folded) < 0.007
    assert set(modes.turns) == {0, 1}


@pytest.mark.parametrize("seed", range(10))
def test_modes_alone_are_no_steps(seed: int) -> None:
    assert indices(sticky(seed)) == []


@pytest.mark.parametrize("size", [0.02, -0.03, 0.05, 0.11, -0.3])
def test_a_step_between_modes_is_found_with_its_ratio(size: float) -> None:
    told = 0
    for seed in range(10):
        x = sticky(seed)
        x[120:] += size
        found = [each for each in steps(np.exp(x)) if each.kind == "step"]
        told += len(found) == 1
        step = min(found, key=lambda each: abs(each.index - 120))
        assert abs(step.index - 120) <= 1
        assert math.log(step.ratio) == pytest.approx(size, abs=0.005)
        assert step.interval[0] <= math.exp(size) * 1.005
        assert step.interval[1] >= math.exp(size) / 1.005
    assert told >= 9


def test_a_step_as_large_as_the_gap_is_found() -> None:
    """It cannot be seen in the folded series: both modes moved."""
    missed = 0
    for seed in range(20):
        x = sticky(seed)
        x[100:] += 0.08
        found = indices(x)
        assert len(found) <= 1
        missed += not found
        # In which of the two modes the points around were, nobody knows.
        assert all(abs(index - 100) <= 12 for index in found)
    assert missed <= 4


@pytest.mark.parametrize("seed", range(6))
def test_a_stay_that_outlasts_all_others_is_a_step(seed: int) -> None:
    x = sticky(seed, n=260)
    x[160:] = np.random.default_rng(seed).normal(0.08, 0.005, 100)
    found = indices(x)
    assert len(found) == 1
    assert abs(found[0] - 160) <= 16  # A stay before may run into it.


@pytest.mark.parametrize("seed", range(6))
def test_a_rate_is_the_mirror_of_its_cost(seed: int) -> None:
    x = sticky(seed)
    x[120:] += 0.03
    cost, rate = steps(np.exp(x)), steps(np.exp(-x))
    assert [step.index for step in cost] == [step.index for step in rate]
    for one, other in zip(cost, rate, strict=True):
        assert one.ratio * other.ratio == pytest.approx(1, rel=1e-6)


def noises(seed: int, n: int = 200) -> dict[str, Floats]:
    rng = np.random.default_rng([seed, 2])
    white = rng.normal(0, 0.01, n)
    ar = np.zeros(n)
    for i in range(1, n):
        ar[i] = 0.8 * ar[i - 1] + white[i]
    spikes = white + 0.2 * (rng.random(n) < 0.05) * rng.random(n)
    loud = white * np.repeat(rng.choice([0.5, 1.0, 3.0], n // 20), 20)
    tails = 0.01 * rng.standard_t(3, n)
    levels = white + 0.1 * (np.arange(n) // 50 % 2)
    return {
        "white": white, "AR(1)": ar, "spikes": spikes, "loud": loud, "tails": tails,
        "levels": levels, "grid": np.round(white, 2),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_other_noise_and_levels_have_no_modes(seed: int) -> None:
    for kind, x in noises(seed).items():
        assert modes_of(x, FLOOR) is None, kind


def test_a_rhythm_is_found_and_taken_off() -> None:
    at = np.arange(200)
    rng = np.random.default_rng(0)
    wave = 0.03 * np.sin(2 * math.pi * at / 14 + 1)
    rhythm = rhythm_of(wave + rng.normal(0, 0.01, 200), [])
    assert rhythm is not None
    assert np.abs(rhythm - wave).max() < 0.008


def test_other_noise_hardly_has_a_rhythm() -> None:
    seen = [
        rhythm_of(x, []) is not None
        for seed in range(30)
        for kind, x in noises(seed).items()
        if kind != "levels"
    ]
    assert np.mean(seen) <= 0.03


def test_switching_for_a_while_is_no_rhythm() -> None:
    x = np.random.default_rng(1).normal(0, 0.01, 180)
    x[20:60] += 0.1 * (np.arange(40) // 5 % 2)
    assert rhythm_of(x, []) is None


def test_a_step_under_a_rhythm_is_found() -> None:
    """Means of 16 points feel a rhythm of 30; without it a step of two deviations is plain."""
    at = np.arange(200)
    hits = 0
    for seed in range(20):
        x = np.random.default_rng([seed, 3]).normal(0, 0.005, 200)
        x += 0.015 * np.sin(2 * math.pi * at / 30 + seed)
        x[110:] += 0.012
        hits += any(abs(index - 110) <= 3 for index in indices(x))
    assert hits >= 14


def test_a_slow_wander_is_no_staircase() -> None:
    at = np.arange(200)
    plain = beside = 0
    for seed in range(20):
        x = np.random.default_rng([seed, 4]).normal(0, 0.01, 200)
        x += 0.02 * np.sin(2 * math.pi * at / 280 + seed)
        plain += len(found_in(x, LIMITS).boundaries)
        beside += len(found_beside_trend(x, LIMITS, found_in).boundaries)
    assert beside <= 2
    assert plain >= 5


@pytest.mark.parametrize("seed", range(10))
def test_steps_without_a_wander_stay(seed: int) -> None:
    x = np.random.default_rng([seed, 5]).normal(0, 0.01, 200)
    x[60:] += 0.04
    x[130:] += 0.05
    found = found_beside_trend(x, LIMITS, found_in)
    assert len(found.boundaries) == 2


@pytest.mark.parametrize("seed", range(6))
def test_many_levels_of_a_long_history_are_found(seed: int) -> None:
    """Steps of one size go to and fro between the same levels; each lasts too long for a mode."""
    rng = np.random.default_rng([seed, 6])
    x = rng.normal(0, 0.01, 3_000)
    places = list(range(100, 2_990, 150))
    for at in places:
        x[at:] += 0.05 * rng.choice([-1, 1])
    found = indices(x)
    assert len(found) == len(places)
    assert all(abs(one - other) <= 3 for one, other in zip(found, places, strict=True))
    assert all(b - a > 100 for a, b in pairwise(found))


@pytest.mark.parametrize("jump", [5.0, 300.0])
def test_a_jump_of_thousands_of_gaps_is_found_at_once(jump: float) -> None:
    """The lower mode is sought among the levels that a stretch has, not among all between."""
    x = sticky(3, n=300, gap=0.004) - 0.5 * jump
    x[150:] += jump
    (index,) = indices(x)
    assert index == 150


@pytest.mark.parametrize("seed", range(4))
def test_distances_that_are_nothing_or_anything_are_fitted(seed: int) -> None:
    rng = np.random.default_rng([seed, 8])
    x = np.where(rng.random(120) < 0.5, 0.0, rng.normal(0, 1e-9, 120))
    x[rng.integers(0, 120, 20)] += 10.0 ** rng.uniform(-9, 2, 20)
    assert modes_of(x, 1e-7) is None
