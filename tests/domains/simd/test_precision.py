"""What the search must have found follows from the format alone."""

from __future__ import annotations

import math
from importlib import import_module

import numpy as np
import pytest

from hwperf import CheckFailed
from hwperf.domains.simd import precision as workload

precision = import_module("hwperf.domains.simd.precision")

STOPS = {"f32": 2**24, "f16": 2048, "bf16": 256, "int8": 127, "fp8": 16}
OVERFLOWS = {"f32": 2.0**64, "f16": 256.0, "bf16": 2.0**64, "int8": 12.0, "fp8": 22.0}
BECOMES = {"f32": np.inf, "f16": np.inf, "bf16": np.inf, "int8": -112.0, "fp8": np.nan}


@pytest.mark.parametrize("dtype", STOPS)
def test_only_the_right_stop_is_accepted(dtype: str) -> None:
    stop = float(STOPS[dtype])
    then = -128.0 if dtype == "int8" else stop
    precision.require_stopped(dtype, np.array([stop, then]))
    for wrong in ([stop + 1, then], [stop - 1, then], [stop, then + 1], [np.nan, then], [-1, -1]):
        with pytest.raises(CheckFailed):
            precision.require_stopped(dtype, np.array(wrong))


@pytest.mark.parametrize("dtype", OVERFLOWS)
def test_only_the_first_value_that_overflows_is_accepted(dtype: str) -> None:
    value, becomes = OVERFLOWS[dtype], BECOMES[dtype]
    precision.require_overflow(dtype, np.array([value, becomes]))
    spacing = 2.0 if dtype == "fp8" else 1.0 if dtype == "int8" else value * 2.0**-7
    for wrong in (value - spacing, value + spacing, -1.0, np.nan):
        with pytest.raises(CheckFailed):
            precision.require_overflow(dtype, np.array([wrong, becomes]))
    with pytest.raises(CheckFailed):
        precision.require_overflow(dtype, np.array([value, 1.0]))


def test_figures_say_where_it_fails_and_how_wrong_that_is() -> None:
    figures = precision._figures(np.array([2048.0, 2048.0]), "sum")
    assert figures["first_failing_value"].value == 2048
    assert figures["relative_error"].value == pytest.approx(1 / 2049)
    figures = precision._figures(np.array([127.0, -128.0]), "sum")
    assert figures["relative_error"].value == 2


def test_an_infinite_result_has_no_relative_error() -> None:
    figures = precision._figures(np.array([256.0, math.inf]), "square")
    assert figures["result"].value == "inf"
    assert "relative_error" not in figures


def test_every_point_can_be_run() -> None:
    assert [workload.unsupported(params) for params in workload.points()] == 10 * [None]
