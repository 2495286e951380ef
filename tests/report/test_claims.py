"""Each claim is judged from the points of a run, or says why it cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hwperf.asv.recorded import Measurement
from hwperf.report.claims import (
    BETTER,
    BROKEN,
    HOLDS,
    NOT_MEASURABLE,
    VERDICTS,
    WORSE,
    Judged,
    claims,
    judge,
)
from hwperf.units import KiB, MiB

from .claim_points import everything, point


def judged(*points: Measurement) -> dict[str, Judged]:
    return {each.claim.id: each for each in judge(points)}


def latency(nbytes: int, value: float, *, pages: str = "huge", order: str = "whole",
            verdict: str = "ok") -> Measurement:  # fmt: skip
    return point("memory.latency", value, nbytes=nbytes, pages=pages, order=order, verdict=verdict)


def test_a_run_of_nothing_gives_every_claim_with_how_to_measure_it() -> None:
    found = judge([])
    assert [each.claim for each in found] == list(claims())
    for each in found:
        assert each.verdict == NOT_MEASURABLE
        assert each.quantity is each.ratio is None
        assert each.reason.startswith("not measured in this run: hwperf run -k ")
        assert each.reason.rpartition(" ")[2] in each.workloads


def test_a_run_of_everything_judges_all_but_what_needs_another_machine() -> None:
    """All values 1: wrong, and of a verdict all the same; figures and ratios are not recorded."""
    found = judge(everything())
    assert {each.verdict for each in found} <= set(VERDICTS)
    measured = {each.claim.id for each in found if each.is_measurable}
    assert {"cache.l1_latency", "dram.bandwidth", "network.send_4KB_10GbE"} <= measured
    assert "recorded without its figure" in {e.claim.id: e for e in found}["ssd.iops"].reason


def test_a_value_a_ratio_and_what_is_derived() -> None:
    found = judged(latency(16 * KiB, 1e-9), latency(256 * MiB, 1.5e-7))
    assert found["cache.l1_latency_table"].verdict == HOLDS
    assert found["memory.256MB_reference"].verdict == HOLDS
    over = found["cache.dram_over_l1"]
    assert over.ratio == pytest.approx(150 / 200)
    assert over.quantity is not None
    assert over.quantity.interval == pytest.approx((150 * 0.99 / 1.01, 150 * 1.01 / 0.99))
    assert found["dram.random_reads_per_second"].ratio == pytest.approx(1 / 1.5)


def test_a_burst_word_is_the_slope_and_its_interval_is_carried() -> None:
    burst = [
        point("memory.random_read", value, burst_bytes=size, pages="huge")
        for size, value in ((8, 1e-8), (4096, 1e-8 + 511 * 2e-10))
    ]
    found = judged(*burst, latency(256 * MiB, 1e-7, order="local"))
    word, times = found["dram.burst_word"].quantity, found["dram.random_over_burst"].quantity
    assert word is not None
    assert word.value == pytest.approx(2e-10)
    assert word.interval is not None
    assert word.interval[0] == pytest.approx((112.2e-9 * 0.99 - 1e-8 * 1.01) / 511)
    assert times is not None
    assert times.value == pytest.approx(500)
    assert times.interval is not None
    assert times.interval[1] == pytest.approx(1e-7 * 1.01 / word.interval[0])


def test_huge_pages_come_first_and_small_ones_stand_in() -> None:
    huge, small = latency(16 * KiB, 1e-9), latency(16 * KiB, 2e-9, pages="small")
    both, one = judged(huge, small), judged(small)
    assert both["cache.l1_latency"].ratio == pytest.approx(2)
    assert one["cache.l1_latency"].ratio == pytest.approx(4)


def test_a_misprediction_is_what_a_jump_takes_longer_over_the_share_missed() -> None:
    found = judged(
        point("simd.branch", 3e-9, pattern="random", against={"predictable": (0.1, 0.0)})
    )["cpu.branch_mispredict"]
    assert found.quantity is not None
    assert found.quantity.value == pytest.approx(2 * 2.7e-9)
    assert found.quantity.interval == pytest.approx((5.4e-9 * 0.99, 5.4e-9 * 1.01))


def test_a_law_shows_both_of_its_sides() -> None:
    found = judged(*stride(0.65e-9, 7.3e-9))["memory.stride"]
    assert found.verdict == HOLDS
    shown = [(side.name, round(side.quantity.value / 1e9, 1)) for side in found.sides]
    assert shown == [("sequential", 12.3), ("strided", 1.1)]
    assert found.ratio == pytest.approx(7.3 / 0.65)


def test_a_contradiction_breaks_a_law_and_noise_does_not() -> None:
    assert judged(*stride(7e-9, 7e-10))["memory.stride"].verdict == BROKEN
    assert judged(*stride(7e-9, 7e-10, spread=0.95))["memory.stride"].verdict == NOT_MEASURABLE
    noisy = judged(*stride(7e-9, 7e-10, verdict="noisy"))["memory.stride"]
    assert noisy.verdict == NOT_MEASURABLE
    assert noisy.is_noisy


def stride(sequential: float, strided: float, *, verdict: str = "ok",
           spread: float = 0.01) -> list[Measurement]:  # fmt: skip
    values = {8: sequential, 512: strided}
    return [
        point("memory.stride", value, nbytes=256 * MiB, stride_bytes=stride_bytes,
              verdict=verdict, spread=spread)
        for stride_bytes, value in values.items()
    ]  # fmt: skip


def test_two_cores_on_one_line_are_compared_with_one_core_alone() -> None:
    """At 0.25 of the rate each, both together make half of the updates of one alone."""

    def shared(ratio: float) -> Judged:
        points = (
            point("multicore.false_sharing", 4e-9, offset_bytes=8, update=update, threads=2,
                  against={"counters 256 B apart": (ratio, 0.02)})
            for update in ("plain", "atomic")
        )  # fmt: skip
        return judged(*points)["multicore.false_sharing"]

    assert shared(0.25).ratio == pytest.approx(2)
    assert (shared(0.25).verdict, shared(0.9).verdict) == (HOLDS, BROKEN)
    alone, together = (side.quantity.value for side in shared(0.25).sides)
    assert (alone, together) == (pytest.approx(1e9), pytest.approx(5e8))


def test_the_line_is_the_stride_at_which_the_cost_stops_rising() -> None:
    costs = {8: 1, 16: 2, 32: 4, 64: 8, 128: 8, 256: 8, 512: 8, 1024: 8, 2048: 8, 4096: 9}
    points = [
        point("memory.stride", 1e-10 * cost, nbytes=256 * KiB, stride_bytes=stride_bytes)
        for stride_bytes, cost in costs.items()
    ]
    found = judged(*points)["cache.line_size"]
    assert found.quantity is not None
    assert (found.quantity.value, found.verdict) == (64, HOLDS)
    rising = [
        point("memory.stride", 1e-10 * size, nbytes=256 * KiB, stride_bytes=size) for size in costs
    ]
    assert "no line is seen" in judged(*rising)["cache.line_size"].reason


SIZES = [4 * KiB << step for step in range(19)]


def test_capacities_are_read_off_a_curve_with_steps() -> None:
    def curve(level: list[float]) -> Judged:
        points = [latency(size, cost) for size, cost in zip(SIZES, level, strict=True)]
        return judged(*points)["cache.capacity"]

    steps = [1e-9] * 4 + [4e-9] * 5 + [1.5e-8] * 3 + [1.2e-7] * 7
    assert curve(steps).verdict == HOLDS
    assert "1.00 ns up to 32 KiB" in curve(steps).reason
    assert curve([1e-9] * 19).verdict == BROKEN
    few = judged(*(latency(size, 1e-9) for size in SIZES[:3]))["cache.capacity"]
    assert few.verdict == NOT_MEASURABLE


def test_storage_that_cannot_feed_an_accelerator_is_worse() -> None:
    def fed(rate: float) -> str:
        read = point("storage.feed", rate, layout="files", loader="numpy", workers=0)
        return judged(read)["storage.feeds_training"].verdict

    assert (fed(5000), fed(500)) == (HOLDS, WORSE)


def test_a_faster_lock_is_better() -> None:
    lock = point("multicore.mutex", 4e-9, kind="pthread", threads=1)
    assert judged(lock)["multicore.mutex"].verdict == BETTER


def test_the_reason_is_the_points_own() -> None:
    absent = point("network.link", None, verdict="n/a", reason="eth0 tells no speed")
    assert judged(absent)["ethernet.bandwidth"].reason == "eth0 tells no speed"


def test_a_failed_point_and_an_impossible_one_give_no_number() -> None:
    failed = point("network.link", None, verdict="failed", reason="the link went away")
    assert judged(failed)["ethernet.bandwidth"].reason == "network.link failed: the link went away"
    impossible = point("multicore.mutex", None, verdict="impossible", kind="pthread", threads=1)
    assert "above what is physically possible" in judged(impossible)["multicore.mutex"].reason


def test_a_point_that_was_not_selected_says_how_to_measure_it() -> None:
    """asv keeps NaN for it, and the sidecar nothing."""
    absent = point("network.link", None, is_recorded=False)
    reason = judged(absent)["ethernet.bandwidth"].reason
    assert reason == "not measured in this run: hwperf run -k network.link"


def test_other_parameters_are_another_versions() -> None:
    old = point("multicore.mutex", 4e-9, threads=1)
    reason = judged(old)["multicore.mutex"].reason
    assert "another version of the workload recorded" in reason
    assert "hwperf run -k multicore.mutex" in reason


def test_tails_and_other_peoples_benchmarks_are_passed_over() -> None:
    lock = point("multicore.mutex", 4e-9, kind="pthread", threads=1)
    tail = replace(lock, point=replace(lock.point, benchmark="multicore.Mutex.cost_p99", cost=1.0))
    foreign = replace(lock, point=replace(lock.point, workload=None, quantity=None))
    assert judged(tail, foreign)["multicore.mutex"].verdict == NOT_MEASURABLE
    assert judged(lock, tail, foreign)["multicore.mutex"].ratio == pytest.approx(4 / 25)


@pytest.mark.parametrize(
    "record",
    [
        {"against": None, "figures": None, "placement": 7, "verdict": None, "reason": 3},
        {"against": {"predictable": {"ratio": "2"}}, "figures": {"told_to_be": 1}},
        {"against": {"predictable": {"ratio": 10**400, "interval": [1]}}, "n_samples": "x"},
        {"against": {"predictable": {"ratio": float("nan"), "interval": [None, None]}}},
        {"against": {"predictable": {"ratio": 2.0}}, "figures": [1]},
        {"against": [], "figures": {"told_to_be": {"value": {}}}},
    ],
)
def test_a_sidecar_that_somebody_has_changed_costs_no_more_than_its_claim(
    record: dict[str, object],
) -> None:
    jump = replace(point("simd.branch", 3e-9, pattern="random"), record=record)
    reads = replace(
        point("storage.random_read", 1e4, block_bytes=4096, queue_depth=1), record=record
    )
    found = judged(jump, reads)
    assert found["cpu.branch_mispredict"].verdict == NOT_MEASURABLE
    assert found["ssd.iops"].verdict == NOT_MEASURABLE


@pytest.mark.parametrize("cost", [0.0, -1.0, float("inf"), float("nan"), 5e-324, 1e308])
def test_a_cost_that_is_none_breaks_nothing(cost: float) -> None:
    lock = point("multicore.mutex", 4e-9, kind="pthread", threads=1)
    odd = replace(lock, point=replace(lock.point, cost=cost, interval=(cost, cost)))
    rate = point("multicore.bandwidth", 1e9, threads=1, kernel="read")
    odd_rate = replace(rate, point=replace(rate.point, cost=cost, interval=(cost, cost)))
    for each in judge([odd, odd_rate, *stride(5e-324, 1e308)]):
        assert each.verdict in VERDICTS


def test_arithmetic_scales_at_least_as_well_as_memory() -> None:
    def scaling(arithmetic: float, memory: float, placement: str = "near") -> Judged:
        return judged(
            point("multicore.flops", 6e10, threads=1),
            point("multicore.flops", 6e10 * arithmetic, threads=2, placement=placement,
                  against={"one thread": (arithmetic, 0.01)}),
            point("multicore.bandwidth", 4e10 * memory, threads=2, kernel="copy",
                  against={"one thread": (memory, 0.01)}),
        )["multicore.scaling"]  # fmt: skip

    assert scaling(2.0, 1.2).verdict == HOLDS
    assert scaling(1.95, 2.05).verdict == HOLDS  # Each core with a way to memory of its own.
    assert scaling(1.0, 1.0).verdict == BROKEN
    assert scaling(1.2, 2.0).verdict == BROKEN
    assert "siblings" in scaling(1.0, 1.0, "siblings").reason


def test_an_interval_that_ends_at_nothing_is_none() -> None:
    rate = point("network.link", 1e9)
    odd = replace(rate, point=replace(rate.point, interval=(1e-9, 0.0)))
    found = judged(odd)["ethernet.bandwidth"]
    assert found.quantity is not None
    assert found.quantity.interval is None


def test_a_curve_without_any_order_is_undecided() -> None:
    wild = [1e-8, 1.1e-9, 1e-8, 1.1e-9, 1e-9, 1e-7, 1e-7, 1e-7, 1e-9, 1e300, 1e300, 1e-8]
    points = [latency(size, cost) for size, cost in zip(SIZES, wild, strict=False)]
    assert judged(*points)["cache.capacity"].verdict == NOT_MEASURABLE
