"""Sweeps by libraries: what they leave behind depends on every call and every element."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hwperf import CheckFailed
from hwperf.domains.simd import axpy, call_overhead, dot, reduce, vector_add
from hwperf.measure.stage import Stage, set_up

SMALL = {"library": "numpy", "nbytes": 8192}


def of(stage: Stage, name: str) -> Any:
    return stage.generator.gi_frame.f_locals[name]  # type: ignore[attr-defined]


@pytest.fixture(params=[axpy, dot, reduce], ids=lambda workload: workload.id)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with set_up(request.param, SMALL) as opened:
        yield opened


def test_the_kernel_that_it_is_held_against_computes_the_same(stage: Stage) -> None:
    stage.run()
    for other in stage.work.against.values():
        other.kernel()
    stage.run()
    stage.check()


def test_it_is_held_against_the_same_amount(stage: Stage) -> None:
    (other,) = stage.work.against.values()
    assert next(iter(other.amounts)) == next(iter(stage.work.amounts)) == "bytes"


@pytest.mark.parametrize("workload", [dot, reduce], ids=lambda workload: workload.id)
def test_a_wrong_sum_of_our_own_kernel_is_found(workload: Any) -> None:
    with set_up(workload, SMALL) as opened:
        opened.run()
        of(opened, "own")[0] = np.nan
        with pytest.raises(CheckFailed, match="of our kernel"):
            opened.check()


def test_an_update_that_was_lost_is_found() -> None:
    with set_up(axpy, SMALL) as opened:
        opened.run()
        of(opened, "passes")[0] += 1
        with pytest.raises(CheckFailed, match="elements 0 to 1023"):
            opened.check()


@pytest.mark.parametrize("how", ["python", "numpy", "numba"])
def test_additions_are_counted_by_element(how: str) -> None:
    with set_up(vector_add, {"how": how, "n": 1000}) as opened:
        assert opened.work.amounts["ops"] % 1000 == 0
        assert set(opened.work.against) == (set() if how == "numpy" else {"numpy"})
        opened.run()
        opened.check()


@pytest.mark.parametrize("what", ["python_function", "numpy_ufunc", "ctypes", "numba"])
def test_a_call_that_did_nothing_is_found(what: str) -> None:
    with set_up(call_overhead, {"what": what}) as opened:
        opened.run()
        opened.run()
        of(opened, "done")[0] -= 1
        with pytest.raises(CheckFailed, match="calls that did their work"):
            opened.check()
