"""Levels of the hierarchy are where a latency curve is flat, whatever the system reports."""

from __future__ import annotations

import pytest

from hwperf.report.hierarchy import levels
from hwperf.units import KiB, MiB

SIZES = [4 * KiB * 2**i for i in range(19)]

# ns at 4 KiB to 1 GiB, full random order on huge pages, measured on the named cores.
ZEN_4_GUEST = [
    1.18, 1.18, 1.18, 1.32, 3.98, 3.9, 3.88, 5.6, 10.4, 13.9,
    25, 153, 156, 160, 166, 170, 177, 180, 185,
]  # fmt: skip
ZEN_3_GUEST = [
    1.24, 1.24, 1.24, 1.3, 3.8, 3.8, 4.4, 6.5, 14, 14.5,
    15, 60, 124, 148, 157, 160, 165, 170, 180,
]  # fmt: skip


def test_a_share_of_a_large_cache_ends_where_it_was_measured_to() -> None:
    found = levels(SIZES, ZEN_4_GUEST)
    assert [level.capacity_bytes for level in found] == [32 * KiB, 512 * KiB, 4 * MiB, None]
    assert [round(level.latency_s, 1) for level in found[:3]] == [1.2, 3.9, 13.9]


def test_a_rounded_knee_is_found_within_one_power_of_two() -> None:
    found = levels(SIZES, ZEN_3_GUEST)
    assert [level.capacity_bytes for level in found] == [32 * KiB, 512 * KiB, 4 * MiB, None]


def test_a_clean_staircase_has_its_own_steps() -> None:
    curve = [1.0] * 4 + [4.0] * 4 + [40.0] * 4
    found = levels(SIZES[:12], curve)
    assert [(level.latency_s, level.capacity_bytes) for level in found] == [
        (1.0, 32 * KiB),
        (4.0, 512 * KiB),
        (40.0, None),
    ]


def test_noise_of_a_tenth_makes_no_level() -> None:
    curve = [1.0, 1.1, 0.95, 1.05, 1.0, 1.1, 1.0, 0.95]
    assert len(levels(SIZES[:8], curve)) == 1


def test_too_few_points_have_no_levels() -> None:
    assert levels([4096, 8192], [1.0, 2.0]) == ()


def test_sizes_that_do_not_ascend_are_refused() -> None:
    with pytest.raises(ValueError, match="ascending"):
        levels([8192, 4096], [1.0, 1.0])
