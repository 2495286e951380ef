"""The cores in two lines: the best multiply-adds, and what all threads do together."""

from __future__ import annotations

from hwperf.report.processor import many_cores, multiply_adds
from hwperf.report.readings import Reading, Readings


def fma(dtype: str, width: str, chains: int, value: float | None) -> Reading:
    params = {"dtype": dtype, "width": width, "chains": chains}
    return Reading("simd.fma", params, value, "n/a" if value is None else "ok")


CORES = [
    Reading("multicore.flops", {"threads": 1}, 58.6e9),
    Reading("multicore.flops", {"threads": 2}, 116.6e9, "ok", {"one thread": 1.99}),
    Reading("multicore.flops", {"threads": 4}, None, "n/a"),
    Reading("multicore.bandwidth", {"threads": 2, "kernel": "copy"}, 76e9, placement="far"),
    Reading("multicore.core_to_core", {}, 38e-9, placement="near"),
]


def test_the_best_point_counts_and_one_chain_gives_the_latency() -> None:
    readings = Readings(
        [
            fma("f64", "256", 8, 58.6e9),
            fma("f64", "512", 12, 58.4e9),
            fma("f64", "scalar", 1, 1.83e9),
            fma("f32", "256", 12, 117.2e9),
            fma("f16", "256", 12, None),
        ]
    )
    assert multiply_adds(readings, 3.66e9) == [
        "f64 58.6 GFLOP/s = 16.0 FLOP/cycle",
        "f32 117 GFLOP/s",
        "one after the other 4.0 cycles",
    ]


def test_without_a_clock_there_are_no_cycles() -> None:
    assert multiply_adds(Readings([fma("f64", "256", 8, 1e9)]), None) == ["f64 1.00 GFLOP/s"]


def test_the_most_threads_that_ran_are_shown_together() -> None:
    assert many_cores(Readings(CORES)) == [
        "2 x FMA 117 GFLOP/s = 1.99 cores",
        "copy 76.0 GB/s far",
        "core to core 38.0 ns near",
    ]


def test_what_was_not_measured_is_left_out() -> None:
    assert multiply_adds(Readings([]), 3e9) == []
    assert many_cores(Readings([])) == []
    assert many_cores(Readings(CORES[:1])) == []
