"""Each vector operation does, lane by lane, what numpy does."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from hwperf.kernels import llvm, vector

LOADS = {
    "float64": (vector.load_f64, vector.loadu_f64),
    "float32": (vector.load_f32, vector.loadu_f32),
    "int64": (vector.load_i64, vector.loadu_i64),
}


def lines(dtype: str, start: int = 0) -> np.ndarray:
    """Return 128 aligned bytes of numbers that all differ, from *start* elements on."""
    raw = np.zeros(320, dtype=np.uint8)
    at = -raw.ctypes.data % 64
    array = raw[at : at + 128].view(dtype)
    array[:] = np.arange(array.size) + 2
    return array[start:]


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("dtype", LOADS)
def test_loads_stores_and_arithmetic(dtype, width):
    load, loadu = LOADS[dtype]

    @njit
    def run(a, b, sums, products):
        x = load(llvm.address_of(a), width)
        y = loadu(llvm.address_of(b), width)
        vector.storeu(llvm.output_address(sums), vector.plus(x, y))
        vector.store(llvm.output_address(products), vector.times(x, y))

    a, b, sums, products = lines(dtype), lines(dtype, 1), lines(dtype, 1), lines(dtype)
    untouched = sums.copy(), products.copy()
    run(a, b, sums, products)
    n = width // np.dtype(dtype).itemsize
    np.testing.assert_array_equal(sums[:n], a[:n] + b[:n])
    np.testing.assert_array_equal(products[:n], a[:n] * b[:n])
    np.testing.assert_array_equal(sums[n:], untouched[0][n:])
    np.testing.assert_array_equal(products[n:], untouched[1][n:])


@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_fma_rounds_once(dtype, width):
    load = LOADS[dtype][1]

    @njit
    def run(a, b, c, out):
        result = vector.fma(
            load(llvm.address_of(a), width),
            load(llvm.address_of(b), width),
            load(llvm.address_of(c), width),
        )
        vector.storeu(llvm.output_address(out), result)

    # (1 + e)(1 - e) - 1 = -e**2: rounded twice, it would be 0.
    e = float(np.finfo(dtype).eps)
    n = width // np.dtype(dtype).itemsize
    a, b, c = (np.full(n, x, dtype) for x in (1 + e, 1 - e, -1))
    out = np.zeros(n, dtype)
    run(a, b, c, out)
    np.testing.assert_array_equal(out, np.full(n, -(e**2), dtype))


@pytest.mark.parametrize("width", [16, 64, 256])
def test_splat_lane_numbers_and_sum(width):
    @njit
    def run(x):
        return vector.sum_lanes(vector.plus(vector.splat(x, width), vector.lane_numbers(width)))

    n = width // 8
    assert run(0.5) == 0.5 * n + n * (n - 1) / 2


def test_sum_of_integers_wraps_around():
    @njit
    def run(x):
        return vector.sum_lanes(vector.splat(x, 16))

    assert run(2**62) == -(2**63)


@pytest.mark.parametrize("put", [vector.store, vector.stream_store])
def test_stores_write_their_width_only(put):
    @njit
    def run(a):
        put(llvm.output_address(a), vector.splat(7.0, 32))
        vector.store_fence()

    a = lines("float64")
    run(a)
    assert a.tolist() == [7.0] * 4 + [float(i) for i in range(6, 18)]


def test_a_width_may_be_the_machines():
    native = vector.NATIVE

    @njit
    def run():
        return vector.size_of(native)

    assert run() == native.nbytes


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda address: vector.load_f64(address, 24), "width=24 bytes is no vector width"),
        (lambda address: vector.load_f64(address, address), "must be a constant of the kernel"),
        (lambda address: vector.store(address, 1.0), "expected vectors of one type"),
        (lambda address: vector.splat(1j, 16), "splat expects"),
    ],
)
def test_what_makes_no_vector_is_a_compile_error(call, message):
    inner = njit(call)

    @njit
    def run(address):
        inner(address)

    with pytest.raises(TypingError, match=message):
        run(0)


def test_high_product_is_the_upper_half():
    @njit
    def run(a, b):
        return llvm.high_product(a, b)

    for a, b in ((0, 5), (2**64 - 1, 2**64 - 1), (2**63, 3), (12345678901234567890, 987654321)):
        assert run(np.uint64(a), np.uint64(b)) == a * b >> 64


def test_an_array_with_gaps_has_no_address():
    @njit
    def run(a):
        return llvm.address_of(a)

    with pytest.raises(TypingError, match="expected a C-contiguous array"):
        run(np.zeros(8)[::2])
    assert run(a := np.zeros(8)) == a.ctypes.data


def test_words_are_loaded_and_stored_at_any_address():
    @njit
    def run(a, place, value):
        llvm.store_word(llvm.output_address(a) + place, value)
        return llvm.load_word(llvm.address_of(a) + place)

    raw = np.zeros(32, dtype=np.uint8)
    assert run(raw, 3, -2) == -2
    assert raw.tolist() == [0] * 3 + [254] + [255] * 7 + [0] * 21
