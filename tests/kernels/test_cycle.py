"""Cycles without a table: each visits every line once, and both directions agree."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwperf.kernels import chase, cycle


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_a_cycle_visits_each_line_once(bits: int, window_bits: int, seed: int) -> None:
    path = cycle.over(2**bits, window_lines=2**window_bits, seed=seed)
    lines = [int(cycle.line_at(path, position)) for position in range(2**bits)]
    assert sorted(lines) == list(range(2**bits))
    assert [int(cycle.position_of(path, line)) for line in lines] == list(range(2**bits))


def test_positions_count_modulo_the_lines() -> None:
    path = cycle.over(256)
    assert cycle.line_at(path, 3) == cycle.line_at(path, 3 + 5 * 256)


def test_a_window_is_visited_wholly_before_the_next() -> None:
    path = cycle.over(2**12, window_lines=2**6)
    windows = [int(cycle.line_at(path, position)) >> 6 for position in range(2**12)]
    changes = sum(a != b for a, b in pairwise(windows))
    assert changes == 2**6 - 1


def test_no_stride_repeats_that_a_prefetcher_could_learn() -> None:
    path = cycle.over(2**14)
    lines = np.array([int(cycle.line_at(path, position)) for position in range(2**14)])
    steps, counts = np.unique(np.diff(lines), return_counts=True)
    assert len(steps) > 2**13
    assert counts.max() < 40
    assert np.mean(np.abs(np.diff(lines)) <= 2) < 0.01


def test_a_chase_follows_the_links() -> None:
    path = cycle.over(128, seed=3)
    buffer = np.zeros(128 * 8, dtype=np.int64)
    cycle.link(buffer, path, 64)
    base = buffer.ctypes.data
    state = np.array([base + int(cycle.line_at(path, 5)) * 64, 0])
    chase.follow(state, 1000)
    assert state[0] == base + int(cycle.line_at(path, 1005)) * 64
    assert state[1] == 1000


@pytest.mark.parametrize("n_lines", [0, 1, 3, 100])
def test_only_powers_of_two_are_cycles(n_lines: int) -> None:
    with pytest.raises(ValueError, match="expected a power of two"):
        cycle.over(n_lines)


def test_links_that_leave_the_buffer_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        cycle.link(np.zeros(8, dtype=np.int64), cycle.over(4), 64)
