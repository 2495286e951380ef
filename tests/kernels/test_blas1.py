"""The kernels of BLAS level 1 compute what numpy computes, with the vectors that are meant."""

from __future__ import annotations

import platform

import numpy as np
import pytest

from hwperf.kernels import blas1
from hwperf.kernels.vector import Width

from .assembly import count, loops, on

# Lines of 64 B: one, fewer than a turn of any loop, and odd rests of it.
LINES = (1, 2, 7, 8, 9, 64, 129)
CPUS = {16: ("x86-64", "xmm"), 32: ("haswell", "ymm"), 64: ("icelake-server", "zmm")}
x86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="starts from x86-64 code")

ARRAY = np.zeros(8)


@pytest.mark.parametrize("n_passes", [0, 1, 3])
@pytest.mark.parametrize("lines", LINES)
def test_axpy_adds_once_per_pass(aligned, lines, n_passes):
    x, y = aligned(64 * lines), aligned(64 * lines)
    expected = y + n_passes * 3.0 * x
    blas1.axpy(3.0, x, y, n_passes)
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("n_passes", [0, 1, 3])
@pytest.mark.parametrize("lines", LINES)
def test_dot_takes_every_element_in_every_pass(aligned, lines, n_passes):
    x, y, out = aligned(64 * lines), aligned(64 * lines), np.ones(1)
    y[:] = y[::-1].copy()
    blas1.dot(x, y, out, n_passes)
    assert out[0] == n_passes * int((x.astype(int) * y.astype(int)).sum())


@pytest.mark.parametrize("nbytes", [16, 32, 64])
def test_every_width_computes_the_same_on_every_processor(aligned, nbytes):
    x, y, out = aligned(64 * 9), aligned(64 * 9), np.ones(1)
    blas1.make_dot(Width(nbytes), f"dot_{nbytes}")(x, y, out, 1)
    assert out[0] == x @ y
    expected = y + 3 * x
    blas1.make_axpy(Width(nbytes), f"axpy_{nbytes}")(3.0, x, y, 1)
    np.testing.assert_array_equal(y, expected)


def test_nothing_is_written_beside_the_array(aligned):
    whole = aligned(64 * 16)
    before = whole.copy()
    y = whole[8 * 4 : 8 * 13]
    blas1.axpy(1.0, aligned(y.nbytes), y, 1)
    np.testing.assert_array_equal(whole[: 8 * 4], before[: 8 * 4])
    np.testing.assert_array_equal(whole[8 * 13 :], before[8 * 13 :])


def test_arrays_that_it_would_misread_are_refused(aligned):
    with pytest.raises(ValueError, match="float64 arrays of one size"):
        blas1.axpy(1.0, aligned(64), aligned(128), 1)
    with pytest.raises(ValueError, match="64 B boundary"):
        blas1.dot(aligned(128)[1:9], aligned(64), np.zeros(1), 1)


@x86
@pytest.mark.parametrize("width", CPUS)
def test_dot_multiplies_two_loads_into_eight_sums(width):
    cpu, register = CPUS[width]
    code = on(cpu, blas1.make_dot(Width(width), f"dot_{width}_asm"), ARRAY, ARRAY, ARRAY, 1)
    multiply = rf"v?mulpd .*\(.*\).*%{register}\d+"
    loop = max(loops(code), key=lambda loop: count(loop, multiply))
    assert count(loop, multiply) == 8
    assert count(loop, rf"v?movap[sd] \d*\(.*\), %{register}\d+") == 8
    adds = {line.split()[-1] for line in loop if count([line], rf"v?addpd .*%{register}\d+")}
    assert len(adds) == 8, "sums that do not wait for one another"


@x86
@pytest.mark.parametrize("width", CPUS)
def test_axpy_loads_twice_and_stores_once_for_each_vector(width):
    cpu, register = CPUS[width]
    axpy = blas1.make_axpy(Width(width), f"axpy_{width}_asm")
    code = on(cpu, axpy, 1.0, ARRAY, ARRAY, 1)
    store = rf"v?movap[sd] %{register}\d+, .*\(.*"
    loop = max(loops(code), key=lambda loop: count(loop, store))
    assert count(loop, store) == blas1.UNITS
    assert count(loop, rf"v?\w+p[sd] .*\(%r\w+.*\), (%{register}\d+, )?%{register}\d+") == 16
    assert count(loop, "call.*") == 0
