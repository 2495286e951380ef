"""Code is placed below what the machine can do; each ceiling is a recorded point."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hwperf
from hwperf.errors import HwperfError, UsageError
from hwperf.report.roofline import Ceiling, Ceilings, ceilings, place, roofline, text
from hwperf.units import KiB, MiB

from .made_runs import Row, measured, run_of, stored


def memory(kernel: str, nbytes: int, value: float, **options: Any) -> Any:
    return measured(f"memory.{kernel}", value, params={"nbytes": nbytes}, **options)


def fma(width: str, value: float, dtype: str = "f64") -> Any:
    params = {"dtype": dtype, "width": width, "chains": 8}
    return measured("simd.fma", value, metric="throughput", params=params)


RUN = run_of(
    memory("read", 8 * KiB, 200e9),
    memory("copy", 8 * KiB, 300e9),
    memory("read", 64 * KiB, 100e9),
    memory("read", 2 * MiB, 50e9),
    memory("read", 256 * MiB, 20e9),
    memory("triad", 256 * MiB, 90e9, verdict="noisy"),
    measured("multicore.bandwidth", 20e9, params={"threads": 1, "kernel": "read"}),
    measured("multicore.bandwidth", 35e9, params={"threads": 2, "kernel": "read"}),
    measured("multicore.bandwidth", None, params={"threads": 4, "kernel": "read"}),
    fma("scalar", 10e9),
    fma("512", 60e9),
    fma("512", 120e9, "f32"),
    measured("multicore.flops", 118e9, metric="throughput", params={"threads": 2}),
    measured("core.clock", 3e9, metric="clock"),
)
KNOWN = ceilings(RUN)


def test_each_ceiling_is_the_best_trusted_point_of_its_level() -> None:
    assert [(each.name, pytest.approx(each.value)) for each in KNOWN.bandwidths] == [
        ("L1", 300e9), ("L2", 100e9), ("L3", 50e9), ("DRAM", 20e9), ("DRAM, all cores", 35e9),
    ]  # fmt: skip
    assert [(each.name, pytest.approx(each.value)) for each in KNOWN.throughputs] == [
        ("scalar", 10e9), ("SIMD", 60e9), ("SIMD, all cores", 118e9),
    ]  # fmt: skip
    assert KNOWN.bandwidths[0].source == "memory.copy nbytes=8192"
    assert KNOWN.clock_hz == pytest.approx(3e9)


def test_what_is_not_trusted_counts_where_there_is_nothing_else() -> None:
    known = ceilings(run_of(memory("triad", 256 * MiB, 90e9, verdict="noisy")))
    assert [(each.name, each.verdict) for each in known.bandwidths] == [("DRAM", "noisy")]


def test_another_type_has_its_own_arithmetic() -> None:
    known = ceilings(RUN, dtype="f32")
    assert [(each.name, pytest.approx(each.value)) for each in known.throughputs] == [
        ("SIMD", 120e9)
    ]


def test_a_run_without_such_points_has_no_ceilings() -> None:
    assert ceilings(run_of(measured("x.y"))).all == ()


def test_the_ridge_is_where_arithmetic_takes_over() -> None:
    """60 GFLOP/s over 20 GB/s for one thread, 118 over 35 for two."""
    ridges = {each.name: KNOWN.ridge(each) for each in KNOWN.bandwidths}
    assert ridges["DRAM"] == pytest.approx(3.0)
    assert ridges["DRAM, all cores"] == pytest.approx(118 / 35)


@pytest.mark.parametrize(
    ("flops", "bytes", "name", "fraction"),
    [
        (1e9, 18e9, "DRAM", 0.9),
        (1e9, 40e9, "L3", 0.8),
        (0, 90e9, "L2", 0.9),
        (9e9, 1e9, "scalar", 0.9),
        (30e9, 1e9, "SIMD", 0.5),
        (100e9, 0, "SIMD, all cores", 100 / 118),
        (1e9, 0.1e9, "scalar", 0.1),
        (1e9, 10e9, "DRAM", 0.5),
    ],
)
def test_what_bounds_is_the_lowest_ceiling_that_is_not_passed(
    flops: float, bytes: float, name: str, fraction: float
) -> None:
    placed = place(1.0, flops=flops, bytes=bytes, ceilings=KNOWN)
    assert placed.bound is not None
    assert placed.bound.name == name
    assert placed.fraction == pytest.approx(fraction)


@pytest.mark.parametrize(("flops", "bytes"), [(1e9, 1e15), (1e15, 1e9)])
def test_what_no_machine_does_is_bound_by_nothing(flops: float, bytes: float) -> None:
    placed = place(1.0, flops=flops, bytes=bytes, ceilings=KNOWN)
    assert placed.bound is None
    assert "check flops= and bytes=" in str(placed)


@given(st.floats(1e-9, 1e3), st.floats(1, 1e15), st.floats(1, 1e15), st.floats(1e-3, 1e3))
def test_a_placement_scales(seconds: float, flops: float, bytes: float, times: float) -> None:
    """Twice the work in twice the time stands where it stood."""
    once = place(seconds, flops=flops, bytes=bytes, ceilings=KNOWN)
    more = place(times * seconds, flops=times * flops, bytes=times * bytes, ceilings=KNOWN)
    assert more.intensity == pytest.approx(once.intensity)
    assert once.fraction is None or once.fraction <= 1.05
    if once.bound is not None and more.bound is once.bound:
        assert more.fraction == pytest.approx(once.fraction)


def test_the_interval_of_the_part_holds_both_intervals() -> None:
    ceiling = Ceiling("DRAM", 20e9, "B/s", (18e9, 22e9), 1, "x", "ok")
    known = Ceilings("here", "f64", (ceiling,), ())
    placed = place(1.0, flops=1, bytes=10e9, ceilings=known, interval_s=(0.9, 1.1))
    low, high = placed.fraction_interval or (0, 0)
    assert low == pytest.approx(10 / 1.1 / 22)
    assert high == pytest.approx(10 / 0.9 / 18)
    assert low < (placed.fraction or 0) < high


def test_the_block_says_time_rate_and_bound() -> None:
    shown = str(place(1e-3, flops=1e6, bytes=18e6, ceilings=KNOWN, interval_s=(1e-3, 1.1e-3)))
    assert "1.00 ms  [1.00 ms .. 1.10 ms]" in shown
    assert "1.00 GFLOP/s, 18.0 GB/s, 0.0556 FLOP/B" in shown
    assert "bound by   DRAM 20.0 GB/s, 90 % of it" in shown


def test_without_ceilings_the_block_says_how_to_get_them() -> None:
    assert "hwperf run -k" in str(place(1.0, flops=1, bytes=0, ceilings=None))


def test_the_json_is_finite_and_complete() -> None:
    placed = place(1.0, flops=1e9, bytes=0, ceilings=KNOWN)
    shown = json.loads(json.dumps(placed.to_json(), allow_nan=False))
    assert (shown["schema"], shown["intensity_flop_per_byte"]) == ("hwperf.placement/1", None)
    assert len(shown["ceilings"]["bandwidths"]) == 5


def test_the_table_fits_and_names_its_sources() -> None:
    lines = list(text.lines(KNOWN, width=80))
    assert max(map(len, lines)) <= 80
    assert sum("FLOP/B on" in line for line in lines) == 5
    assert any("memory.copy nbytes=8192" in line for line in lines)


def test_a_function_is_timed_and_placed(tmp_path: Path) -> None:
    stored(
        tmp_path,
        [Row([1 / 20e9], [256 * MiB], name="memory.Read.cost", workload="memory.read")],
    )
    calls = []
    placed = hwperf.roofline(
        lambda: calls.append(sum(range(1000))), flops=1000, bytes=8, results=tmp_path, budget_s=0.05
    )
    assert len(calls) > 8
    assert placed.seconds > 0
    assert placed.interval_s is not None
    assert placed.bound is not None
    assert placed.bound.source == "memory.read nbytes=268435456"


def test_without_results_it_is_timed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    placed = roofline(lambda: sum(range(1000)), flops=1000, budget_s=0.02)
    assert (placed.ceilings, placed.bound) == (None, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "both flops and bytes are 0"),
        ({"flops": -1}, "flops=-1 is no number from 0 on"),
        ({"bytes": float("nan")}, "bytes=nan is no number"),
        ({"flops": "many"}, "flops='many' is no number"),
        ({"flops": 10**400}, "is no number from 0 on"),
        ({"flops": 1, "dtype": "f8"}, "dtype='f8' is none of f64, f32"),
        ({"flops": 10**5000}, "a number too large to write"),
        ({"flops": 1e308}, "flops=1e+308 is no number from 0 on, 1e+30 at most"),
        ({"bytes": None}, "bytes=None is no number from 0 on"),
        ({"flops": 1, "results": "none/such"}, "'none/such' is no directory"),
        ({"flops": 1, "budget_s": 0}, "budget_s=0 is no time above 0"),
        ({"flops": 1, "budget_s": -1.0}, "budget_s=-1.0 is no time above 0"),
        ({"flops": 1, "budget_s": float("nan")}, "budget_s=nan is no time above 0"),
        ({"flops": 1, "budget_s": "1s"}, "budget_s='1s' is no time above 0"),
    ],
)
def test_misuse_gets_a_sentence(
    options: dict[str, Any], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        roofline(lambda: None, **options)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 200


def test_a_rate_beyond_all_numbers_is_no_ceiling() -> None:
    """A cost may be so near to zero that its rate is infinite; JSON has no such number."""
    odd = measured("memory.read", None, params={"nbytes": 8 * KiB})
    at_once = replace(odd, point=replace(odd.point, cost=5e-324, interval=(5e-324, 1e-9)))
    fast_end = measured("memory.copy", 1e9, params={"nbytes": 8 * KiB})
    fast_end = replace(fast_end, point=replace(fast_end.point, interval=(5e-324, 1e-9)))
    known = ceilings(run_of(at_once, fast_end))
    assert [each.source for each in known.bandwidths] == ["memory.copy nbytes=8192"]
    assert known.bandwidths[0].interval is None
    json.dumps(known.to_json(), allow_nan=False)


def test_the_table_fits_a_narrow_terminal() -> None:
    lines = list(text.lines(KNOWN, width=40))
    assert max(map(len, lines)) <= 40
    assert "[" in "".join(lines)


def test_a_budget_that_was_too_small_is_named_as_the_caller_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    placed = roofline(lambda: sum(range(1000)), flops=1000, budget_s=1e-9)
    assert placed.verdict == "noisy"
    assert "Give it a larger budget_s." in placed.reason


def test_what_the_function_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        roofline(lambda: 1 / 0, flops=1)
    calls: list[int] = []

    def fails_later() -> None:
        calls.append(1)
        if len(calls) > 1:
            raise ValueError("worn out")

    with pytest.raises(HwperfError, match=r"cannot be timed.*worn out"):
        roofline(fails_later, flops=1, budget_s=0.02)
