"""The stream kernels compute what numpy computes, and refuse arrays that they would misread."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf.kernels import stream
from hwperf.kernels.vector import Width

from .conftest import Aligned

# Lines of 64 B: one, fewer than a turn of any loop, and odd rests of it.
LINES = (1, 2, 3, 7, 8, 9, 64, 129)
STORES = stream.STORES


@pytest.fixture(params=LINES)
def arrays(request, aligned: Aligned):
    a, b, c = (aligned(64 * request.param) for _ in range(3))
    a[:] = -1
    c *= 3
    return a, b, c


@pytest.mark.parametrize("n_passes", [1, 3])
def test_read_sums_every_element_in_every_pass(arrays, n_passes):
    _, b, _ = arrays
    out = np.zeros(1)
    stream.read(b, out, n_passes)
    assert out[0] == n_passes * b.sum()


def test_read_of_no_pass_is_zero(aligned):
    out = np.ones(1)
    stream.read(aligned(64), out, 0)
    assert out[0] == 0


@pytest.mark.parametrize("stores", STORES)
def test_fill_writes_values_that_all_differ(arrays, stores):
    a, _, _ = arrays
    stream.fill[stores](a, 2)
    np.testing.assert_array_equal(a, np.arange(a.size))


@pytest.mark.parametrize("stores", STORES)
def test_fill_zeros_writes_zeros(arrays, stores):
    a, _, _ = arrays
    stream.fill_zeros[stores](a, 2)
    assert not a.any()


@pytest.mark.parametrize("stores", STORES)
def test_copy(arrays, stores):
    a, b, _ = arrays
    stream.copy[stores](a, b, 2)
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("stores", STORES)
def test_scale(arrays, stores):
    a, b, _ = arrays
    stream.scale[stores](a, b, 0.1, 2)
    np.testing.assert_array_equal(a, 0.1 * b)


@pytest.mark.parametrize("stores", STORES)
def test_add(arrays, stores):
    a, b, c = arrays
    stream.add[stores](a, b, c, 2)
    np.testing.assert_array_equal(a, b + c)


@pytest.mark.parametrize("stores", STORES)
def test_triad_rounds_the_product_and_the_sum(arrays, stores):
    a, b, c = arrays
    stream.triad[stores](a, b, c, 0.1, 2)
    np.testing.assert_array_equal(a, b + 0.1 * c)


@pytest.mark.parametrize("stores", STORES)
def test_nothing_is_written_beside_the_array(aligned, stores):
    whole = aligned(64 * 16)
    before = whole.copy()
    a = whole[8 * 4 : 8 * 11]
    stream.fill[stores](a, 1)
    stream.copy[stores](a, aligned(a.nbytes), 1)
    np.testing.assert_array_equal(whole[: 8 * 4], before[: 8 * 4])
    np.testing.assert_array_equal(whole[8 * 11 :], before[8 * 11 :])


@pytest.mark.parametrize("stores", STORES)
def test_nan_and_infinity_come_through(aligned, stores):
    b = aligned(128)
    b[3], b[5] = np.nan, np.inf
    a = aligned(128)
    stream.copy[stores](a, b, 1)
    np.testing.assert_array_equal(a, b)
    out = np.zeros(1)
    stream.read(b, out, 1)
    assert np.isnan(out[0])


@pytest.mark.parametrize("nbytes", [16, 32, 64])
@pytest.mark.parametrize("streaming", [False, True])
def test_every_width_computes_the_same_on_every_processor(aligned, nbytes, streaming):
    a, b, c = aligned(64 * 9), aligned(64 * 9), aligned(64 * 9)
    triad = stream.make_triad(Width(nbytes), streaming, f"triad_{nbytes}_{streaming}")
    triad(a, b, c, 0.1, 1)
    np.testing.assert_array_equal(a, b + 0.1 * c)


@pytest.mark.parametrize(
    ("nbytes", "offset", "message"),
    [
        (72, 0, "stream: expected float64 arrays of one size, a multiple of 64 B"),
        (64, 1, "stream: expected arrays that start on a 64 B boundary"),
    ],
)
def test_an_array_that_would_be_read_past_its_end_is_refused(aligned, nbytes, offset, message):
    array = aligned(256)[offset : offset + nbytes // 8]
    with pytest.raises(ValueError, match=message):
        stream.read(array, np.zeros(1), 1)


@pytest.mark.parametrize("stores", STORES)
def test_arrays_of_two_sizes_are_refused(aligned, stores):
    long, short = aligned(256), aligned(128)
    for a, b in ((long, short), (short, long)):
        with pytest.raises(ValueError, match="of one size"):
            stream.copy[stores](a, b, 1)
        with pytest.raises(ValueError, match="of one size"):
            stream.triad[stores](a, a, b, 1.0, 1)


def test_single_precision_is_refused(aligned):
    with pytest.raises(ValueError, match="float64"):
        stream.read(aligned(128).view(np.float32), np.zeros(1), 1)


def test_a_read_only_array_is_never_written(aligned):
    a = aligned(64)
    a.flags.writeable = False
    with pytest.raises(Exception, match="read-only"):
        stream.fill["regular"](a, 1)
