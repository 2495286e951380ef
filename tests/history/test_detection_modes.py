"""Switching between two modes is told from steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hwperf.history import steps
from hwperf.history.detection.modes import without_modes


def levels(*parts: tuple[int, float]) -> Any:
    """Return a series of the lengths and levels, with a little noise, and its boundaries."""
    x = np.concatenate([np.full(length, level) for length, level in parts])
    edges = np.cumsum([length for length, _ in parts])[:-1]
    return x + np.random.default_rng(1).normal(0, 0.01, x.size), edges.tolist()


def test_a_regression_and_its_repair_stay() -> None:
    x, edges = levels((40, 0.0), (12, 1.0), (40, 0.0))
    assert without_modes(x, edges) == edges


def test_a_level_that_comes_back_again_and_again_is_a_mode() -> None:
    x, edges = levels((40, 0.0), (12, 1.0), (30, 0.0), (9, 1.0), (30, 0.0))
    assert without_modes(x, edges) == []


def test_other_steps_of_such_a_series_stay() -> None:
    x, edges = levels((40, 0.0), (12, 1.0), (30, 0.0), (9, 1.0), (30, 0.0), (30, 3.0))
    assert without_modes(x, edges) == edges[-1:]


def test_two_repairs_to_other_levels_stay() -> None:
    x, edges = levels((40, 0.0), (12, 1.0), (30, 0.0), (12, -2.0), (30, 0.0))
    assert without_modes(x, edges) == edges


def test_an_excursion_to_a_level_that_was_visited_is_a_mode() -> None:
    x, edges = levels((40, 0.0), (12, 1.0), (40, 0.0))
    for at in (5, 6, 20, 21, 70):
        x[at] += 1.0
    assert without_modes(x, edges) == []


def test_the_newest_level_is_a_mode_while_it_lasts_no_longer_than_visits_do() -> None:
    x, edges = levels((60, 0.0), (8, 1.0))
    for at in (5, 6, 7, 30, 31):
        x[at] += 1.0
    assert without_modes(x, edges) == []
    x, edges = levels((60, 0.0), (30, 1.0))
    for at in (5, 6, 7, 30, 31):
        x[at] += 1.0
    assert without_modes(x, edges) == edges


def test_no_boundary_is_no_mode() -> None:
    assert without_modes(np.zeros(20), []) == []


def test_sticky_modes_are_silent_in_the_whole() -> None:
    chance = np.random.default_rng(5)
    mode, away = np.zeros(300), 0.0
    for i in range(300):
        if chance.random() < (0.12 if away else 0.05):
            away = 1 - away
        mode[i] = away
    assert steps(np.exp(0.05 * mode + chance.normal(0, 0.004, 300))) == []


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("stays", [(30, 20, 20, 30), (30, 8, 8, 30), (20, 6, 6, 6, 6, 30)])
def test_of_an_odd_number_of_switches_the_last_is_a_step(stays: tuple[int, ...], seed: int) -> None:
    """A change that was reverted and landed again: the level is another one in the end."""
    level = np.concatenate([np.full(n, 0.18 * (k % 2)) for k, n in enumerate(stays)])
    values = np.exp(level + np.random.default_rng(seed).normal(0, 0.01, level.size))
    assert [step.index for step in steps(values)] == [level.size - stays[-1]]


@pytest.mark.parametrize("seed", range(5))
def test_a_long_stay_at_the_level_of_outliers_is_a_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 0.01, 200)
    x[[10, 11, 20, 30, 31, 150, 170, 171, 190]] += 0.2
    x[60:140] += 0.2
    assert [step.index for step in steps(np.exp(x))] == [60, 140]
