"""An output is found wherever authors keep one; what only helps the kernel is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hwperf import CheckFailed, Work, workload
from hwperf.measure.contract import violations

POISON = -1.0


def require(holds: object) -> None:
    if not holds:
        raise CheckFailed("differs")


@dataclass
class Box:
    """An attribute as an output."""

    value: float = POISON


def in_a_list() -> Any:
    box = [POISON]
    return (lambda: box.__setitem__(0, 3.0)), lambda: box[0], box


def in_an_empty_list() -> Any:
    box: list[float] = []

    def kernel() -> None:
        box[:] = [3.0]

    return kernel, lambda: box and box[0], box


def in_a_dict() -> Any:
    box = {"sum": POISON}
    return partial(box.__setitem__, "sum", 3.0), lambda: box["sum"], box


def in_an_attribute() -> Any:
    box = Box()
    return partial(setattr, box, "value", 3.0), lambda: box.value, box


def in_a_namespace() -> Any:
    box = SimpleNamespace(value=POISON)
    return partial(setattr, box, "value", 3.0), lambda: box.value, box


def in_a_nonlocal_name() -> Any:
    value = POISON

    def kernel() -> None:
        nonlocal value
        value = 3.0

    return kernel, lambda: value, None


def in_an_integer_array() -> Any:
    box = np.zeros((2, 3), np.int32)
    return (lambda: box.fill(3)), lambda: 3 if (box == 3).all() else 0, box


def in_an_array_of_every_other_element() -> Any:
    whole = np.zeros(64)
    box = whole[::2]
    return (lambda: box.fill(3)), lambda: 3 if (box == 3).all() else 0, box


def in_a_view_of_bytes() -> Any:
    raw = np.zeros(64 + 128, np.uint8)
    box = raw[64:128].view(np.float64)
    return (lambda: box.fill(3)), lambda: 3 if (box == 3).all() else 0, (raw, box)


def in_an_array_of_the_kernels_own() -> Any:
    box: list[np.ndarray] = []

    def kernel() -> None:
        fresh = np.zeros(64, np.int64)
        fresh[::8] = 3  # What it touches of it.
        box[:] = [fresh]

    return kernel, lambda: 3 if box and (box[0][::8] == 3).all() else 0, box


def in_complex_numbers() -> Any:
    box = np.zeros(8, np.complex128)
    return (lambda: box.fill(3)), lambda: 3 if (box == 3).all() else 0, box


def in_booleans() -> Any:
    box = np.zeros(8, np.bool_)
    return (lambda: box.fill(True)), lambda: 3 if box.all() else 0, box


@pytest.mark.parametrize(
    "place",
    [
        in_a_list, in_an_empty_list, in_a_dict, in_an_attribute, in_a_namespace,
        in_a_nonlocal_name, in_an_integer_array, in_an_array_of_every_other_element,
        in_a_view_of_bytes, in_an_array_of_the_kernels_own, in_complex_numbers, in_booleans,
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_careful", [True, False])
def test_an_output_is_found_wherever_authors_keep_one(
    place: Callable[[], Any], is_careful: bool
) -> None:
    @workload("test.place", source="a test")
    def placed() -> Iterator[Work]:
        """Compute 3."""
        kernel, read, box = place()
        ran: set[str] = set()

        def run() -> None:
            ran.add("once")
            kernel()

        yield Work(run, ops=1)
        require(ran)
        require(not is_careful or read() == 3)
        del box

    found = violations(placed, {})
    if is_careful:
        assert found == ()
    else:
        (sentence,) = found
        assert sentence.startswith("test.place: the check accepts ")
        assert "in place of " in sentence


def test_counting_calls_beside_an_output_is_no_output() -> None:
    """Which array is used next, how many calls there were: not every number is a result."""

    @workload("test.counted", source="a test")
    def counted() -> Iterator[Work]:
        """Count and compute."""
        state = {"calls": 0, "next": 0, "sum": POISON}

        def kernel() -> None:
            state["calls"] += 1
            state["next"] = (state["next"] + 1) % 7
            state["sum"] = 3.0

        yield Work(kernel, ops=1)
        require(state["sum"] == 3)

    assert violations(counted, {}) == ()


def test_a_generators_state_beside_an_output_is_no_output() -> None:
    @workload("test.random", source="a test")
    def random() -> Iterator[Work]:
        """Read at random."""
        state, out = np.zeros(4, np.uint64), np.zeros(1, np.int64)

        def kernel() -> None:
            state[:] += np.uint64(7)
            out[0] = 3

        yield Work(kernel, ops=1)
        require(out[0] == 3)

    assert violations(random, {}) == ()
