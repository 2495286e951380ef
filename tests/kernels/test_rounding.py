"""Small types round as IEEE 754 and the paper on fp8 say, and searches find where they fail."""

from __future__ import annotations

import math
import platform

import numpy as np
import pytest

from hwperf.kernels import rounding
from hwperf.kernels.cache import describe

from .assembly import count, loops, native

# Where a sum of ones stops and what it then becomes; the least value whose square overflows.
SUMS = {
    "f32": (2**24, 2**24),
    "f16": (2048, 2048),
    "bf16": (256, 256),
    "int8": (127, -128),
    "fp8": (16, 16),
}
SQUARES = {
    "f32": (2.0**64, math.inf),
    "f16": (256, math.inf),
    "bf16": (2.0**64, math.inf),
    "int8": (12, -112),
    "fp8": (22, math.nan),
}


def float32s_to_try() -> np.ndarray:
    """Return numbers of all magnitudes, many halfway between those of a small type, or beside."""
    random = np.random.default_rng(0)
    bits = random.integers(0, 2**32, 10_000, np.uint32).view(np.float32)
    # bfloat16 rounds the lower half of a float32 away: here it is one half of the last place.
    halves = (random.integers(0, 2**16, 10_000, np.uint32) << 16 | 0x8000).view(np.float32)
    small = np.arange(-7000, 7000, 0.5, np.float32) / np.float32(64)
    few = np.concatenate([halves, small, small * 64, bits])
    few = few[np.isfinite(few)]
    tried = [few, np.nextafter(few, np.float32(np.inf)), np.nextafter(few, np.float32(-np.inf))]
    return np.concatenate([*tried, [0.0, -0.0, np.inf, -np.inf, np.nan]]).astype(np.float32)


def rounded(name: str, values: np.ndarray) -> np.ndarray:
    return np.array([rounding.to[name](float(value)) for value in values])


def test_float16_rounds_as_numpys():
    values = float32s_to_try()
    with np.errstate(over="ignore"):
        expected = values.astype(np.float16).astype(np.float64)
    np.testing.assert_array_equal(rounded("f16", values), expected)


def test_float16_rounds_a_float64_once():
    """A number just above a half would round down if it went through float32 first."""
    above = 1 + 2.0**-11 + 2.0**-50
    assert rounding.to["f16"](above) == float(np.float16(above)) == 1 + 2.0**-10


def test_int8_wraps_as_numpys():
    values = np.arange(-700, 700)
    expected = values.astype(np.int8).astype(float)
    np.testing.assert_array_equal(rounded("int8", values), expected)


@pytest.mark.parametrize(
    ("name", "torchs"), [("f16", "float16"), ("bf16", "bfloat16"), ("fp8", "float8_e4m3fn")]
)
def test_types_round_as_torchs(name, torchs):
    torch = pytest.importorskip("torch")
    values = float32s_to_try()
    if name == "fp8":  # Beyond, some releases of torch give NaN and some the largest number.
        values = values[~(np.abs(values) > 464)]
    expected = torch.from_numpy(values).to(getattr(torch, torchs)).to(torch.float64).numpy()
    np.testing.assert_array_equal(rounded(name, values), expected)


@pytest.mark.parametrize("name", rounding.FORMATS)
def test_the_largest_number_is_one_and_the_next_is_beyond(name):
    format, to = rounding.FORMATS[name], rounding.to[name]
    spacing = 2.0 ** (math.frexp(format.largest)[1] - format.digits)
    assert to(format.largest) == format.largest
    assert to(format.largest + spacing / 4) == format.largest
    np.testing.assert_equal(float(to(format.largest + spacing)), format.beyond)


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("name", rounding.to)
def test_the_sum_of_ones_stops_where_the_digits_end(name, repeats):
    out = np.full(2, -1.0)
    n = rounding.count[name](out, repeats)
    np.testing.assert_array_equal(out, SUMS[name])
    assert n == repeats * (SUMS[name][0] + 1)


@pytest.mark.parametrize("name", rounding.to)
def test_the_square_found_is_the_first_that_overflows(name):
    out = np.full(2, -1.0)
    n = rounding.square[name](out, 1)
    np.testing.assert_array_equal(out, SQUARES[name])
    assert rounding.square[name](out, 5) == 5 * n


@pytest.mark.parametrize("name", ["f16", "bf16", "int8", "fp8"])
def test_bisection_finds_what_trying_every_value_finds(name):
    to, largest = rounding.to[name], rounding.LARGEST[name]
    every = {
        "f16": np.arange(2**15, dtype=np.uint16).view(np.float16),
        "bf16": (np.arange(2**15, dtype=np.uint32) << 16).view(np.float32),
        "int8": np.arange(128),
        "fp8": sorted({to(eighths / 8) for eighths in range(448 * 8 + 1)}),
    }[name]
    values = [float(value) for value in every if 1 < value <= largest]
    failing = (x for x in values if not x * x / 2 <= float(to(x * x)) <= largest)
    assert next(failing) == SQUARES[name][0]


def test_every_kernel_can_be_kept_on_disk():
    """A class or a builtin among what a kernel encloses would have it compiled in each process."""
    for kernel in (*rounding.to.values(), *rounding.count.values(), *rounding.square.values()):
        assert describe(kernel) is not None, kernel


@pytest.mark.skipif(platform.machine() != "x86_64", reason="looks for an instruction of x86-64")
def test_the_chain_of_float32_is_one_addition_of_the_processor():
    add = r"v?addss .*"
    code = native(rounding.count["f32"], np.zeros(2), 1)
    loop = max(loops(code), key=lambda loop: count(loop, add))
    assert count(loop, add) >= 1
    assert count(loop, "call.*") == 0
