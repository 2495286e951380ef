"""A sweep gives the same result for every block size."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf.kernels import blocked
from hwperf.kernels.vector import Width


@pytest.mark.parametrize("n_repeats", [0, 1, 5])
@pytest.mark.parametrize("block_bytes", [64, 192, 640, 64 * 37, 1 << 20])
def test_each_element_is_raised_once_per_repeat(aligned, block_bytes, n_repeats):
    a = aligned(64 * 37)
    expected = a + n_repeats
    blocked.sweep(a, block_bytes, n_repeats)
    np.testing.assert_array_equal(a, expected)


@pytest.mark.parametrize("nbytes", [16, 32, 64])
def test_every_width_computes_the_same(aligned, nbytes):
    a = aligned(64 * 9)
    expected = a + 3
    blocked.make_sweep(Width(nbytes), f"sweep_{nbytes}")(a, 192, 3)
    np.testing.assert_array_equal(a, expected)


@pytest.mark.parametrize("block_bytes", [0, -64, 8, 96])
def test_blocks_of_broken_lines_are_refused(aligned, block_bytes):
    with pytest.raises(ValueError, match="blocks of whole lines of 64 B"):
        blocked.sweep(aligned(128), block_bytes, 1)


def test_an_array_that_is_not_of_whole_lines_is_refused(aligned):
    with pytest.raises(ValueError, match="whole lines"):
        blocked.sweep(aligned(128)[1:], 64, 1)
