"""A walk reads just the words that it names, in any order, and none outside of the array."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwperf.kernels import strided


def words(n_bytes: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, n_bytes, dtype=np.uint8)


def word_at(data: np.ndarray, place: int) -> int:
    return int.from_bytes(data[place : place + 8].tobytes(), "little", signed=True)


def wrapped(total: int) -> int:
    return (total + 2**63) % 2**64 - 2**63


def places(walk: strided.Walk) -> list[int]:
    return [
        walk.start_bytes + i * walk.outer_bytes + j * walk.inner_bytes
        for i in range(walk.n_outer)
        for j in range(walk.n_inner)
    ]


def sum_read(data: np.ndarray, walk: strided.Walk, n_passes: int = 1) -> int:
    out = np.zeros(1, dtype=np.int64)
    strided.read(data, walk, out, n_passes)
    return int(out[0])


@given(
    nbytes=st.integers(8, 700),
    stride=st.integers(1, 200),
    offset=st.integers(0, 100),
    n_passes=st.integers(0, 3),
)
@settings(deadline=None)
def test_a_stride_reads_every_word_that_fits(nbytes, stride, offset, n_passes):
    if nbytes < offset + 8:
        return
    data = words(nbytes)
    walk = strided.every(nbytes, stride, offset)
    assert places(walk) == list(range(offset, nbytes - 7, stride))
    total = sum(word_at(data, place) for place in places(walk))
    assert sum_read(data, walk, n_passes) == wrapped(n_passes * total)
    assert walk.n_accesses == len(places(walk))


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("order", ["row", "column"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (16, 8), (7, 13)])
def test_a_matrix_is_visited_whole_and_in_the_order_named(shape, order, direction):
    walk = strided.matrix(*shape, order, direction)
    numbers = np.arange(shape[0] * shape[1]).reshape(shape)
    expected = (numbers if order == "row" else numbers.T).ravel()
    if direction == "backward":
        expected = expected[::-1]
    assert [place // 8 for place in places(walk)] == expected.tolist()
    matrix = words(8 * numbers.size)
    total = sum(word_at(matrix, 8 * i) for i in range(numbers.size))
    assert sum_read(matrix, walk, 2) == wrapped(2 * total)


@pytest.mark.parametrize(
    "walk",
    [
        strided.Walk(0, 1, 0, 9, 8),
        strided.Walk(1, 1, 0, 8, 8),
        strided.Walk(0, 2, 8, 8, 8),
        strided.Walk(-8, 1, 0, 1, 8),
        strided.Walk(0, 1, 0, 2, -8),
        strided.Walk(56, 2, 8, 1, -8),
        strided.Walk(0, 0, 0, 1, 8),
        strided.Walk(0, 1, 0, 0, 8),
    ],
)
def test_a_walk_that_leaves_the_array_is_refused(walk):
    with pytest.raises(ValueError, match="leaves the array of 64 B"):
        sum_read(words(64), walk)


@pytest.mark.parametrize(("stride", "offset"), [(0, 0), (-8, 0), (8, -1), (8, 57)])
def test_a_stride_without_a_word_is_refused(stride, offset):
    with pytest.raises(ValueError, match=f"stride_bytes={stride}, offset_bytes={offset}"):
        strided.every(64, stride, offset)


@pytest.mark.parametrize(("order", "direction"), [("rows", "forward"), ("row", "down")])
def test_an_unknown_order_is_refused(order, direction):
    with pytest.raises(ValueError, match="expected 'row' or 'column'"):
        strided.matrix(2, 2, order, direction)
