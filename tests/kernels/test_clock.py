"""The chain of additions returns its length, so that it was walked whole."""

from __future__ import annotations

import pytest

from hwperf.kernels import clock


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65, 1000, 1_000_003])
def test_the_chain_counts_its_additions(n):
    assert clock.add_chain(n) == n


def test_null_returns_nothing():
    assert clock.null() is None
