"""Plain loops compute what numpy computes."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf.kernels import plain

NUMPY = {
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "tanh": np.tanh,
}


@pytest.mark.parametrize("size", [0, 1, 5, 1000])
def test_loops_go_over_every_element(size):
    a, b = np.arange(size) + 1.0, np.arange(size) % 7 - 3.0
    c = np.full(size, -1.0)
    plain.add(a, b, c)
    np.testing.assert_array_equal(c, a + b)
    plain.axpy(3.0, a, c)
    np.testing.assert_array_equal(c, 4 * a + b)
    assert plain.total(a) == a.sum()
    assert plain.dot(a, b) == (a * b).sum()


@pytest.mark.parametrize("name", plain.elementary)
def test_elementary_functions(name):
    x = np.linspace(0.1, 5, 100)
    y = np.zeros(100)
    plain.elementary[name](x, y)
    np.testing.assert_allclose(y, NUMPY[name](x), rtol=1e-14)


def test_the_successor_counts():
    assert plain.successor(plain.successor(0.0)) == 2.0
