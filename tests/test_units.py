"""One module converts between base units and what people read, both ways."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf import GiB, KiB, MiB, UsageError, units


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (24.7e9, "B/s", "24.7 GB/s"),
        (1.12e-9, "s", "1.12 ns"),
        (105e-9, "s", "105 ns"),
        (58.6e9, "FLOP/s", "58.6 GFLOP/s"),
        (3.5e9, "Hz", "3.50 GHz"),
        (812e3, "op/s", "812 kop/s"),
        (0.25, "s", "250 ms"),
        (2.0, "s", "2.00 s"),
        (4e-13, "s", "0.400 ps"),
        (0.5, "op/s", "0.500 op/s"),
        (1.5e15, "B/s", "1500 TB/s"),
        (256 * MiB, "B", "256 MiB"),
        (-2e-6, "s", "-2.00 µs"),
        (99.99999e-6, "s", "100 µs"),
        (999.9e-9, "s", "1.00 µs"),
        (9.999e9, "B/s", "10.0 GB/s"),
    ],
)
def test_quantities_read_with_three_digits_and_a_prefix(
    value: float, unit: str, shown: str
) -> None:
    assert units.format_quantity(value, unit) == shown


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_was_not_measured_reads_not_available(value: float | None) -> None:
    """A 0 never stands for it."""
    assert units.format_quantity(value, "B/s") == "n/a"


def test_zero_is_zero() -> None:
    assert units.format_quantity(0, "s") == "0 s"
    assert units.format_quantity(0.0, "B/s") == "0 B/s"


@pytest.mark.parametrize(
    ("nbytes", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (4 * KiB, "4 KiB"),
        (4089, "4089 B"),
        (6 * KiB + 512, "6.5 KiB"),
        (65 * KiB + 1, "65 KiB"),
        (int(1.5 * GiB), "1.5 GiB"),
        (24 * 2**40, "24 TiB"),
    ],
)
def test_sizes_read_with_binary_prefixes(nbytes: int, shown: str) -> None:
    assert units.format_bytes(nbytes) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(4.23, "4.2 s"), (59.9, "59.9 s"), (125, "2 min 05 s"), (60, "1 min 00 s")],
)
def test_durations_read_in_seconds_or_minutes(seconds: float, shown: str) -> None:
    assert units.format_duration(seconds) == shown


@pytest.mark.parametrize(
    ("text", "nbytes"),
    [
        ("4096", 4096),
        ("16MiB", 16 * MiB),
        ("16 mib", 16 * MiB),
        ("1.5 GiB", 3 * GiB // 2),
        ("1GB", 10**9),
        (" 7 b ", 7),
        ("2TiB", 2**41),
    ],
)
def test_sizes_are_read_with_either_kind_of_prefix(text: str, nbytes: int) -> None:
    assert units.parse_bytes(text) == nbytes


@pytest.mark.parametrize("text", ["", "MiB", "-5", "4 apples", "1e6", "4096 4096", "nan"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        units.parse_bytes(text)
    assert str(refused.value) == (
        f"{text!r} is no size: expected a number and a unit, e.g. 4096, 16MiB or 1GB."
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1", 1.0), ("1s", 1.0), ("250ms", 0.25), ("2 min", 120.0), ("1.5h", 5400.0), ("3µs", 3e-6)],
)
def test_times_are_read_in_any_unit(text: str, seconds: float) -> None:
    assert units.parse_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "fast", "-", "1 day", "--1s"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        units.parse_seconds(text)
    assert str(refused.value) == (
        f"{text!r} is no time: expected a number and a unit, e.g. 1s, 250ms or 2min."
    )


@pytest.mark.parametrize("text", ["0", "-1s", "0ms", "-0.5min"])
def test_a_budget_that_is_not_above_zero_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        units.parse_seconds(text)
    assert str(refused.value) == (
        f"{text!r} is not above zero: expected a time such as 1s or 250ms."
    )


@given(st.floats(1e-12, 1e15), st.sampled_from(["B/s", "s", "Hz"]))
def test_a_prefix_never_changes_the_quantity(value: float, unit: str) -> None:
    factor, shown = units.scale_of(value, unit)
    assert shown.endswith(unit)
    number = float(units.format_quantity(value, unit).split()[0])
    assert number * factor == pytest.approx(value, rel=0.006)


@given(st.integers(0, 2**50))
def test_a_shown_size_is_read_again_within_its_digits(nbytes: int) -> None:
    shown = units.format_bytes(nbytes)
    assert units.parse_bytes(shown) == pytest.approx(nbytes, rel=1e-3)
