"""Half of the jumps are taken in every pattern; what random ones take longer is the penalty."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf import CheckFailed, Seen
from hwperf.domains.simd.branch import parts_of, penalty_of
from hwperf.kernels import branch as kernels

PATTERNS = ["predictable", "random", "sorted", "unsorted"]


def changes(part: np.ndarray) -> float:
    """Return how often a jump goes the other way than the one before."""
    large = part >= kernels.LARGE
    return float((large[1:] != large[:-1]).mean())


@pytest.mark.parametrize("pattern", PATTERNS)
def test_half_of_the_jumps_are_taken_in_each_call(pattern):
    for part in parts_of(pattern).parts:
        assert abs((part >= kernels.LARGE).mean() - 0.5) < 0.01


def test_patterns_differ_in_their_order_alone():
    assert all(changes(part) == 1 for part in parts_of("predictable").parts)
    assert all(abs(changes(part) - 0.5) < 0.01 for part in parts_of("random").parts)
    assert all(changes(part) < 1e-5 for part in parts_of("sorted").parts)
    assert all(abs(changes(part) - 0.5) < 0.01 for part in parts_of("unsorted").parts)
    of_both = [np.sort(np.concatenate(parts_of(p).parts)) for p in ("sorted", "unsorted")]
    np.testing.assert_array_equal(*of_both)


@pytest.mark.parametrize("n_calls", [1, 2, 20])
def test_every_part_that_was_added_up_is_checked(n_calls):
    data = parts_of("unsorted")
    for _ in range(n_calls):
        data.add_up()
    data.require_totals()
    data.totals[min(n_calls, len(data.parts)) - 1] += 1
    with pytest.raises(CheckFailed, match="sum of the large bytes of part"):
        data.require_totals()


def test_without_a_call_there_is_nothing_to_accept():
    with pytest.raises(CheckFailed, match="no part"):
        parts_of("random").require_totals()


def test_the_penalty_is_what_a_jump_takes_longer_over_the_share_that_is_missed():
    """3 ns in place of 0.5 ns with every other one missed: 5 ns each, 20 cycles at 4 GHz."""
    seen = Seen(cost_s=3e-9, clock_hz=4e9, against={"sorted": 0.5e-9})
    shown = penalty_of(seen, "sorted")
    assert shown["penalty"].value == pytest.approx(5e-9)
    assert shown["penalty_cycles"].value == pytest.approx(20)


def test_without_the_other_pattern_or_a_clock_less_is_said():
    assert penalty_of(Seen(3e-9, 4e9, {}), "sorted") == {}
    assert set(penalty_of(Seen(3e-9, None, {"sorted": 1e-9}), "sorted")) == {"penalty"}
