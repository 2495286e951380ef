"""What the machine is comes off measured curves, and differs from what is told for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from hwperf.report.detected import (
    Detected,
    Point,
    Points,
    Reported,
    detect,
    in_flight,
    line_bytes,
)
from hwperf.units import KiB, MiB

SIZES = [4 * KiB * 2**i for i in range(16)]
# ns at 4 KiB to 128 MiB on huge pages, and the other curves of the same guest on Zen 4.
LATENCY = [1.1, 1.1, 1.1, 1.2, 3.9, 3.9, 3.9, 4.8, 9.5, 13.9, 25, 153, 156, 160, 166, 168]
STRIDES = [8 * 2**i for i in range(10)]
COSTS = [0.136, 0.151, 0.277, 0.545, 0.545, 0.546, 0.547, 0.947, 2.03, 2.55]
CHAINS = {1: 162e-9, 2: 80e-9, 4: 39.1e-9, 8: 20.2e-9, 16: 10.2e-9, 24: 7.9e-9, 32: 7.8e-9}
TOLD = Reported(
    caches={1: (32 * KiB, 1), 2: (1 * MiB, 1), 3: (32 * MiB, 2)}, line_bytes=64, vector_bits=512,
    threads_per_core=1, cpus=2, usable=(2, "affinity"), is_virtual=True,
)  # fmt: skip


def fma(**instructions_per_cycle: float) -> list[tuple[dict[str, Any], Point]]:
    """Return points of simd.fma for instructions per cycle by width (``w256=2.0``)."""
    return [
        ({"width": name[1:], "chains": 12}, Point(1e9, cycles=64 / (2 * int(name[1:]) * rate)))
        for name, rate in instructions_per_cycle.items()
    ]


def points(**changes: Any) -> Points:
    zen_4: dict[str, Any] = {
        "memory.latency": [
            ({"nbytes": size}, Point(ns * 1e-9)) for size, ns in zip(SIZES, LATENCY, strict=True)
        ],
        "memory.stride": [
            ({"stride_bytes": stride}, Point(ns * 1e-9))
            for stride, ns in zip(STRIDES, COSTS, strict=True)
        ],
        "simd.fma": fma(w128=1.98, w256=1.99, w512=0.99),
        "memory.parallel_latency": [
            ({"chains": n}, Point(cost, (0.99 * cost, 1.01 * cost))) for n, cost in CHAINS.items()
        ],
        "multicore.flops": [({"threads": 2}, Point(1e11, ratios={"one": 1.99}, tag="near"))],
        "multicore.smt": [({"kernel": "flops"}, Point(reason="the guest is told of none"))],
    }
    return zen_4 | {name.replace("__", "."): value for name, value in changes.items()}


def found(name: str, told: Reported = TOLD, **changes: Any) -> Detected:
    (only,) = [each for each in detect(points(**changes), told) if each.name == name]
    return only


def test_caches_end_where_the_curve_rises_known_to_one_step() -> None:
    level = found("L3 capacity")
    assert (level.value, level.interval) == (4 * MiB, (4 * MiB, 8 * MiB))
    assert level.reported == 32 * MiB
    assert "2 CPUs share it" in level.note
    assert "a virtual machine" in level.note


def test_a_cache_within_a_step_of_what_is_told_is_said_to_be() -> None:
    assert found("L1 capacity").note == ""
    assert found("L2 capacity").note.startswith("within one step of the curve")
    assert found("L2 capacity").value == 512 * KiB


def test_a_share_without_a_known_cause_is_said_to_be_one() -> None:
    alone = Reported(caches={3: (32 * MiB, 1)}, is_virtual=False)
    assert "held by others" in found("L3 capacity", alone).note


def test_a_curve_that_was_not_measured_says_why() -> None:
    missing = found(
        "cache capacities", memory__latency=[({"nbytes": 4096}, Point(reason="no memory"))]
    )
    assert (missing.value, missing.note) == (None, "no memory")


def test_a_line_is_where_the_cost_stops_doubling() -> None:
    assert line_bytes(STRIDES, COSTS) == 64
    assert found("cache line").value == 64


def test_a_line_of_128_bytes_is_found_and_a_flat_curve_has_none() -> None:
    assert line_bytes([16, 32, 64, 128, 256], [0.2, 0.4, 0.8, 1.6, 1.6]) == 128
    assert line_bytes([16, 32, 64, 128], [0.2, 0.2, 0.2, 0.2]) is None
    assert line_bytes([16, 32, 64, 128], [0.1, 0.2, 0.4, 0.8]) is None


def test_wide_vectors_in_halves_are_called_so() -> None:
    width = found("vector width")
    assert (width.value, width.reported) == (256, 512)
    assert "two of 256 bits" in width.note
    assert found("FMA pipes").value == 2
    assert found("FMA pipes").note == "1.99 start a cycle"


def test_wide_vectors_at_the_full_rate_need_no_excuse() -> None:
    full = {"simd__fma": fma(w128=2.0, w256=2.0, w512=1.97)}
    assert found("vector width", **full).value == 512
    assert found("vector width", **full).note == ""


def test_one_wide_pipe_of_two_is_told() -> None:
    """As on cores whose 512-bit unit is the two narrower ones joined, plus none."""
    narrow = Reported(vector_bits=512)
    note = found("vector width", narrow, simd__fma=fma(w256=2.0, w512=1.5)).note
    assert "start 1.5 a cycle" in note


def test_misses_in_flight_are_where_more_chains_bring_no_more() -> None:
    misses = found("misses in flight")
    assert misses.value == pytest.approx(162 / 7.8)
    assert misses.interval is not None
    assert misses.interval[0] < misses.value < misses.interval[1]
    assert misses.note != ""


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ({1: 100.0, 2: 50.0, 4: 25.0}, (4.0, False)),
        ({1: 100.0, 2: 50.0, 4: 45.0}, (pytest.approx(2.222, rel=1e-3), True)),
        ({1: 100.0}, None),
        ({2: 100.0, 4: 50.0}, None),
    ],
)
def test_saturation_is_when_half_as_many_do_as_well(costs: Any, expected: Any) -> None:
    assert in_flight(costs) == expected


def test_cores_that_work_at_once_are_counted_by_their_work() -> None:
    assert found("cores at work").value == pytest.approx(1.99)
    assert found("cores at work").note == ""


def test_two_threads_that_do_the_work_of_one_are_explained() -> None:
    flops = [({"threads": 2}, Point(1e11, ratios={"one": 1.05}, tag="siblings"))]
    assert "one core" in found("cores at work", multicore__flops=flops).note


def test_a_quota_explains_missing_cores() -> None:
    told = Reported(cpus=8, usable=(2, "quota of 2 CPUs in cpu.max"))
    assert "2 of 8 may be used (quota of 2 CPUs in cpu.max)" in found("cores at work", told).note


def test_smt_that_cannot_be_measured_says_why_and_what_was_seen() -> None:
    smt = found("SMT benefit")
    assert smt.value is None
    assert smt.note == (
        "the guest is told of none; meanwhile two CPUs of this virtual machine lay near"
    )


def test_smt_is_what_the_second_thread_adds() -> None:
    measured = [({"kernel": "flops"}, Point(1e11, ratios={"one": 1.02}))]
    assert found("SMT benefit", multicore__smt=measured).value == pytest.approx(0.02)


def test_nothing_measured_gives_a_reason_for_everything() -> None:
    for each in detect({}, Reported()):
        assert each.value is None
        assert each.note


def test_more_pipes_than_the_chains_can_fill_are_said_to_be_at_least_so_many() -> None:
    pipes = found("FMA pipes", simd__fma=fma(w128=3.98))
    assert pipes.value == 4
    assert "at least so many" in pipes.note


def test_points_that_were_noisy_are_counted() -> None:
    curve = [
        ({"stride_bytes": stride}, Point(ns * 1e-9, is_noisy=stride == 64))
        for stride, ns in zip(STRIDES, COSTS, strict=True)
    ]
    line = found("cache line", memory__stride=curve)
    assert (line.value, line.note) == (64, "1 of 10 points noisy")
