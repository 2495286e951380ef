"""Numbers as devices keep them: by hand, and as torch has them where it is installed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf.devices.encodings import decode, encode
from hwperf.devices.kernels import DTYPES, ROUNDED

INF, NAN = math.inf, math.nan


def bits(value: float, dtype: str) -> int:
    return int.from_bytes(encode([value], dtype).tobytes(), "little")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0.0, 0x0000), (-0.0, 0x8000), (1.0, 0x3F80), (-2.0, 0xC000), (3.140625, 0x4049),
        (256.0, 0x4380),
        (257.0, 0x4380),  # Between 256 and 258, as near to each: to the even one.
        (259.0, 0x4382),  # Between 258 and 260: to 260, the even one.
        (257.5, 0x4381),
        (INF, 0x7F80), (-INF, 0xFF80), (3.39e38, 0x7F7F),
        (3.4e38, 0x7F80),  # Nearer to 2**128 than to the largest: infinite.
        (1e39, 0x7F80), (-1e300, 0xFF80),
        (2.0**-133, 0x0001),  # The smallest subnormal number,
        (2.0**-134, 0x0000),  # and half of it: to the even one, 0.
        (1.5 * 2.0**-133, 0x0002),
    ],
)  # fmt: skip
def test_bf16_by_hand(value: float, code: int) -> None:
    assert bits(value, "bf16") == code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (0.0, 0x00), (-0.0, 0x80), (1.0, 0x38), (-1.0, 0xB8), (1.125, 0x39), (448.0, 0x7E),
        (1.0625, 0x38),  # Between 1 and 1.125: to the even one.
        (1.1875, 0x3A),  # Between 1.125 and 1.25: to the even one.
        (17.0, 0x58),  # Between 16 and 18.
        (449.0, 0x7E), (1e9, 0x7E), (INF, 0x7E), (-INF, 0xFE),  # It saturates.
        (2.0**-6, 0x08),  # The smallest normal number,
        (7 * 2.0**-9, 0x07),  # the largest subnormal one,
        (2.0**-9, 0x01),  # the smallest,
        (2.0**-10, 0x00),  # and half of it: to the even one, 0.
        (1.5 * 2.0**-9, 0x02), (2.0**-10 * 1.001, 0x01),
        (7.5 * 2.0**-9, 0x08),  # Up into the normal numbers.
    ],
)  # fmt: skip
def test_e4m3_by_hand(value: float, code: int) -> None:
    assert bits(value, "fp8") == code


@pytest.mark.parametrize("dtype", ["f64", "f32", "tf32", "f16", "bf16", "fp8"])
def test_a_nan_stays_one(dtype: str) -> None:
    for nan in (NAN, -NAN):
        assert np.isnan(decode(encode([nan], dtype), dtype)[0])


def test_each_bf16_is_what_comes_back() -> None:
    codes = np.arange(2**16, dtype=np.uint16)
    values = decode(codes.view(np.uint8), "bf16")
    again = encode(values, "bf16").view(np.uint16)
    is_nan = np.isnan(values)
    assert int(is_nan.sum()) == 2 * 127
    assert np.array_equal(again[~is_nan], codes[~is_nan])
    assert np.isnan(decode(again.view(np.uint8), "bf16")[is_nan]).all()


def test_each_e4m3_is_what_comes_back() -> None:
    codes = np.arange(256, dtype=np.uint8)
    values = decode(codes, "fp8")
    is_nan = np.isnan(values)
    assert codes[is_nan].tolist() == [0x7F, 0xFF]
    assert np.array_equal(encode(values, "fp8")[~is_nan], codes[~is_nan])
    finite = values[:127]
    assert (np.diff(finite) > 0).all()
    assert np.array_equal(values[128:255], -finite)
    assert (finite[0], finite[1], finite[8], finite[-1]) == (0, 2.0**-9, 2.0**-6, 448)


@given(st.floats(-500, 500, width=32))
def test_e4m3_is_the_nearest(value: float) -> None:
    table = decode(np.arange(127, dtype=np.uint8), "fp8")
    got = decode(encode([value], "fp8"), "fp8")[0]
    assert abs(abs(got) - min(abs(value), 448)) == np.abs(table - min(abs(value), 448)).min()


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_bf16_is_off_by_half_a_step_at_most(value: float) -> None:
    got = decode(encode([value], "bf16"), "bf16")[0]
    if math.isfinite(got):
        assert abs(got - value) <= max(abs(value) * 2.0**-8, 2.0**-134)
    else:
        assert abs(value) > 3.389e38


@pytest.mark.parametrize("dtype", list(DTYPES))
def test_an_element_takes_its_bytes_and_small_whole_numbers_are_exact(dtype: str) -> None:
    numbers = np.arange(-8, 9, dtype=float)
    data = encode(numbers, dtype)
    assert data.dtype == np.uint8
    assert data.size == numbers.size * DTYPES[dtype]
    assert np.array_equal(decode(data, dtype), numbers)
    assert encode(numbers.reshape(-1, 1)[::-1], dtype).size == data.size
    assert encode([], dtype).size == decode(np.empty(0, np.uint8), dtype).size == 0


def test_products_are_stored_in_types_that_there_are() -> None:
    for dtype in {*ROUNDED.values()}:
        assert decode(encode([3.0, -2.0], dtype), dtype).tolist() == [3.0, -2.0]


def test_other_types_are_refused() -> None:
    with pytest.raises(ValueError, match="'f8' is no type of a device's numbers"):
        encode([1.0], "f8")
    with pytest.raises(ValueError, match="'E5M2' is no type of a device's numbers"):
        decode(np.zeros(1, np.uint8), "E5M2")


def interesting() -> Any:
    """Return random numbers of all sizes, all E4M3, what lies between, and both sides of that."""
    rng = np.random.default_rng(0)
    random = rng.standard_normal(50_000) * 10.0 ** rng.uniform(-12, 4, 50_000)
    table = decode(np.arange(127, dtype=np.uint8), "fp8")
    ties = (table[1:] + table[:-1]) / 2
    coarse = decode(np.arange(0, 2**16, 7, dtype=np.uint16).view(np.uint8), "bf16")
    with np.errstate(over="ignore", invalid="ignore"):
        beside = np.concatenate([np.nextafter(ties, INF), np.nextafter(ties, -INF)])
        bf16_ties = (coarse + decode(encode(coarse * (1 + 2.0**-7), "bf16"), "bf16")) / 2
    special = [
        0.0,
        INF,
        NAN,
        448,
        464,
        np.nextafter(464, INF),
        480,
        65504,
        3.4e38,
        1e-45,
        2.0**-133,
    ]
    values = np.concatenate([random, table, ties, beside, coarse, bf16_ties, special])
    return np.concatenate([values, -values])


@pytest.mark.parametrize("dtype", ["bf16", "fp8", "f16", "f32"])
def test_torch_has_the_same_numbers(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    kind = {
        "bf16": torch.bfloat16, "fp8": torch.float8_e4m3fn, "f16": torch.float16,
        "f32": torch.float32,
    }[dtype]  # fmt: skip
    with np.errstate(over="ignore", invalid="ignore"):
        values = interesting().astype(np.float32).astype(np.float64)
        ours = encode(values, dtype)
    theirs = torch.from_numpy(values.astype(np.float32)).to(kind)
    widened = theirs.to(torch.float64).numpy()
    if dtype == "fp8":  # Releases differ in whether what is too large saturates or is a NaN.
        fits = ~(np.abs(values) > 464)
        assert np.array_equal(decode(ours, dtype)[fits], widened[fits], equal_nan=True)
        assert (np.abs(decode(ours, dtype)[~fits]) == 448).all()
        return
    assert np.array_equal(decode(ours, dtype), widened, equal_nan=True)


def test_torch_has_the_same_codes() -> None:
    torch = pytest.importorskip("torch")
    codes = np.arange(256, dtype=np.uint8)
    theirs = torch.from_numpy(codes.copy()).view(torch.float8_e4m3fn).to(torch.float64).numpy()
    assert np.array_equal(decode(codes, "fp8"), theirs, equal_nan=True)
