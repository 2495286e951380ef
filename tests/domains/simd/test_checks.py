"""Data are exact, and the check of a product finds every single wrong element."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf import CheckFailed
from hwperf.domains.simd.checks import parts, require_product, whole_numbers

N = 200


def product() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    a, b = (random.integers(-128, 127, (N, N), np.int8, endpoint=True) for _ in range(2))
    return a, b, a.astype(np.int32) @ b.astype(np.int32)


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_a_right_product_is_accepted(dtype: type) -> None:
    a, b, c = product()
    require_product(c.astype(dtype), a, b)


@pytest.mark.parametrize("place", [(0, 0), (77, 130), (N - 1, N - 1)])
@pytest.mark.parametrize("error", [1, -(2**20)])
def test_one_wrong_element_is_found_and_its_row_named(place: tuple[int, int], error: int) -> None:
    a, b, c = product()
    c[place] += error
    with pytest.raises(CheckFailed, match=f"row {place[0]} is not that of the product"):
        require_product(c, a, b)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.5, 1e300, 1 + 1e-12])
def test_what_is_no_possible_element_is_named(wrong: float) -> None:
    a, b, c = product()
    result = c.astype(np.float64)
    result[5, 6] = wrong
    with pytest.raises(CheckFailed, match=r"element \(5, 6\) is"):
        require_product(result, a, b)


def test_two_rows_that_changed_places_are_found() -> None:
    a, b, c = product()
    c[[3, 150]] = c[[150, 3]]
    with pytest.raises(CheckFailed, match="row 3"):
        require_product(c, a, b)


def test_two_elements_that_changed_places_are_found() -> None:
    a, b, c = product()
    c[9, [1, 2]] = c[9, [2, 1]]
    with pytest.raises(CheckFailed, match="row 9"):
        require_product(c, a, b)


def test_data_are_whole_small_and_start_on_a_line() -> None:
    for data in whole_numbers(2**20, 97, 89):
        assert data.nbytes == 2**20
        assert data.ctypes.data % 64 == 0
        np.testing.assert_array_equal(data, np.rint(data))
        assert 1 <= data.min() < data.max() < 200


def test_parts_are_the_whole() -> None:
    data = np.arange(200_000)
    np.testing.assert_array_equal(np.concatenate([data[part] for part in parts(data.size)]), data)
