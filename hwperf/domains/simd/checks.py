"""Data to work on, and what to make of it. This module fills arrays and compares whole results.

Data are whole numbers, so small that sums of their products are exact whatever their order: what
must come out is known to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwperf import CheckFailed
from hwperf.checks import Floats
from hwperf.host import pages as working_memory

__all__ = ["parts", "require_product", "whole_numbers"]

_PART = 2**16  # Elements that are handled at a time: 512 KiB of temporary memory.
_ROWS = 128  # Rows of a matrix that are handled at a time.
_EXACT = 2**53  # Up to here every whole number is a float64.


def parts(size: int) -> Iterator[slice]:
    """Yield the slices of an array of *size* elements that are worth handling at a time."""
    for start in range(0, size, _PART):
        yield slice(start, min(start + _PART, size))


def whole_numbers(nbytes: int, *periods: int) -> list[Floats]:
    """Return arrays of whole numbers, each from 1 to its period + some 100, in no simple order.

    Args:
        nbytes: size of each array; they lie side by side on small pages.
        periods: for each array a prime below 100, another one than for those that it meets.
    """
    arrays = working_memory.side_by_side(len(periods), nbytes)
    for array, period in zip(arrays, periods, strict=True):
        pattern = (31 * np.arange(min(array.size, _PART)) % period + 1).astype(np.float64)
        for i, part in enumerate(parts(array.size)):
            array[part] = pattern[: part.stop - part.start]
            array[part] += i % 101
    return arrays


def require_product(c: NDArray[Any], a: NDArray[np.int8], b: NDArray[np.int8]) -> None:
    """Check that *c* is the matrix product of *a* and *b*, at the cost of three vectors.

    Every element of *c* is a whole number of possible size, and c x = a (b x) for a vector x of
    whole numbers in random order, all sums of them exact. As no element of x is 0, one wrong
    element of a row is always found; several could only make up for one another by a chance of one
    in the largest element of x, 10**5 and more.

    Raises:
        CheckFailed: naming a row in which an element is wrong or NaN.

    Source: Freivalds (1977), "Probabilistic machines can use less running time".
    """
    n = len(c)
    bound = n * int(np.abs(a.astype(np.int16)).max()) * int(np.abs(b.astype(np.int16)).max())
    x = np.random.default_rng(1).integers(1, _EXACT // (n * bound), n).astype(np.float64)
    bx = np.concatenate([_rows(b, start) @ x for start in range(0, n, _ROWS)])
    for start in range(0, n, _ROWS):
        is_ = _rows(c, start)
        possible = (np.rint(is_) == is_) & (np.abs(is_) <= bound)
        if not possible.all():
            row, column = np.argwhere(~possible)[0]
            raise CheckFailed(
                f"element ({start + row}, {column}) is {is_[row, column]!r}; expected a whole "
                f"number of at most {bound}"
            )
        same = is_ @ x == _rows(a, start) @ bx
        if not same.all():
            raise CheckFailed(
                f"row {start + int(np.flatnonzero(~same)[0])} is not that of the product; "
                f"{np.count_nonzero(~same)} rows of {start} to {start + len(is_) - 1} are wrong"
            )


def _rows(matrix: NDArray[Any], start: int) -> Floats:
    return matrix[start : start + _ROWS].astype(np.float64)
