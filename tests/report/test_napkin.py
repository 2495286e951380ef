"""A plan becomes seconds by recorded points; what cannot be read or was not measured says so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf import plugins
from hwperf.asv.recorded import Measurement
from hwperf.report.napkin import VERBS, NoPlan, answer, parse, text
from hwperf.report.napkin.estimates import pattern
from hwperf.report.napkin.grammar import MOST_STEPS
from hwperf.report.napkin.verbs import Given
from hwperf.units import GiB, KiB, MiB

from .made_runs import measured, run_of


def disk(value: float, **params: Any) -> Measurement:
    shown = {"block_bytes": MiB, "io": "direct", "queue_depth": 1, "pages": "small", **params}
    return measured("storage.sequential_read", value, params=shown)


def copied(nbytes: int, value: float) -> Measurement:
    params = {"nbytes": nbytes, "memory": "pinned"}
    return measured("transfer.host_to_device", value, params=params)


def gemm(n: int, value: float, **options: Any) -> Measurement:
    params = {"library": "numpy", "dtype": "f32", "n": n, "threads": "all"}
    return measured("simd.gemm", value, metric="throughput", params=params, **options)


RUN = run_of(
    disk(2e9),
    disk(1e9, queue_depth=8),
    disk(9e9, io="buffered"),
    copied(KiB, 1e9),
    copied(MiB, 10e9),
    copied(64 * MiB, 20e9),
    gemm(1024, 100e9),
    gemm(2048, 200e9),
)


def seconds(plan: str, run: Any = RUN) -> float:
    (each,) = answer(parse(plan), run).estimates
    assert each.seconds is not None, each.why
    return each.seconds


def test_a_step_takes_its_amount_over_the_best_rate_that_was_measured() -> None:
    assert seconds("read 2GB disk") == pytest.approx(1.0)
    (each,) = answer(parse("read 2GB disk"), RUN).estimates
    assert each.once is not None
    assert "queue_depth=1" in each.once.source
    assert each.interval is not None
    assert each.interval[0] < 1.0 < each.interval[1]


def test_a_small_file_is_a_block_with_its_latency() -> None:
    """At the rate of large blocks 4 KiB would take 2 µs, which no disk does."""
    run = run_of(disk(40e6, block_bytes=4 * KiB), disk(2e9), disk(4e9, block_bytes=16 * MiB),
                 disk(400e6, block_bytes=4 * KiB, queue_depth=32))  # fmt: skip
    assert seconds("read 4KiB disk", run) == pytest.approx(4096 / 40e6)
    assert seconds("read 1MiB disk", run) == pytest.approx(MiB / 2e9)
    times = [seconds(f"read {2**k} disk", run) for k in range(40)]
    assert times == sorted(times)
    assert seconds("read 4GB disk", run) == pytest.approx(1.0)


def test_a_step_that_was_measured_at_other_values_says_at_which() -> None:
    run = run_of(*(measured("storage.random_read", 1e4, metric="rate",
                            params={"block_bytes": 4096, "queue_depth": n})
                   for n in (1, 32)))  # fmt: skip
    (each,) = answer(parse("random read depth=7"), run).estimates
    assert (each.once, each.why) == (None, "measured at queue_depth=1, 32, not 7")


def test_a_count_repeats_a_step() -> None:
    for count in ("x3", "X3", "x 3", "x3.0", "x0.3e1"):
        assert seconds(f"read 2GB disk {count}") == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("nbytes", "expected"),
    [
        (MiB, MiB / 10e9),
        (64 * MiB, 64 * MiB / 20e9),
        (640 * MiB, 640 * MiB / 20e9),
        (1, KiB / 1e9),
        ((MiB + 64 * MiB) // 2, (MiB / 10e9 + 64 * MiB / 20e9) / 2),
    ],
)
def test_a_size_between_two_lies_on_the_line_between_their_times(
    nbytes: int, expected: float
) -> None:
    """And beyond the largest its rate holds; below the smallest its time does."""
    assert seconds(f"copy {nbytes} host_to_device") == pytest.approx(expected)


def test_more_bytes_never_take_less_time() -> None:
    times = [seconds(f"copy {2**k} host_to_device") for k in range(36)]
    assert times == sorted(times)


def test_a_fit_that_was_measured_is_used() -> None:
    fit = measured(
        "transfer.fit", 1e-5, metric="latency",
        params={"direction": "host_to_device", "memory": "pinned"},
        record={"figures": {"bandwidth": {"value": 25e9, "unit": "B/s"}}},
    )  # fmt: skip
    run = run_of(*RUN.measurements, fit)
    assert seconds("copy 25GB host_to_device", run) == pytest.approx(1.00001)
    (each,) = answer(parse("copy 1MiB host_to_device"), run).estimates
    assert each.once is not None
    assert each.once.how == "10.0 µs + n / 25.0 GB/s"
    broken = measured("transfer.fit", 1e-5, metric="latency", params=dict(fit.params),
                      record={"figures": {"bandwidth": {"value": "fast"}}})  # fmt: skip
    run = run_of(*RUN.measurements, broken)
    assert seconds("copy 20GB host_to_device", run) == pytest.approx(1.0)


def test_a_product_takes_the_rate_of_the_nearest_size() -> None:
    assert seconds("gemm 8192 f32 x100") == pytest.approx(100 * 2 * 8192**3 / 200e9)
    assert seconds("gemm 512 f32") == pytest.approx(2 * 512**3 / 100e9)
    (each,) = answer(parse("gemm 8192 f32"), RUN).estimates
    assert each.once is not None
    assert "the rate at n=2048 taken for 8192" in each.once.how


def test_what_is_not_trusted_is_used_only_in_want_of_others() -> None:
    run = run_of(disk(1e9), disk(5e9, queue_depth=8))
    assert seconds("read 5GB disk", run) == pytest.approx(1.0)
    noisy = measured("storage.sequential_read", 5e9, verdict="noisy",
                     params={"block_bytes": MiB, "io": "direct"})  # fmt: skip
    assert seconds("read 5GB disk", run_of(disk(1e9), noisy)) == pytest.approx(5.0)
    (each,) = answer(parse("read 5GB disk"), run_of(noisy)).estimates
    assert each.once is not None
    assert each.once.verdict == "noisy"


def test_both_ways_of_memory_count() -> None:
    run = run_of(measured("memory.copy", 20e9, params={"nbytes": 256 * MiB, "pages": "huge"}))
    assert seconds("copy 10GB", run) == pytest.approx(1.0)


def test_half_a_round_trip_comes_on_top_of_a_stream() -> None:
    run = run_of(
        measured("network.bandwidth", 1e9,
                 params={"transport": "tcp", "nbytes": MiB, "zero_copy": "off"}),
        measured("network.round_trip", 2e-3, metric="latency",
                 params={"transport": "tcp", "nbytes": 1}),
    )  # fmt: skip
    assert seconds("send 1GB", run) == pytest.approx(1.001)


def test_the_sum_the_overlap_and_what_bounds() -> None:
    """Two reads keep the disk busy for 2 s; the cores are done after 1.1 s meanwhile."""
    placed = answer(parse("read 2GB disk; gemm 2048 f32 x12; read 2GB disk"), RUN)
    products = 12 * 2 * 2048**3 / 200e9
    assert placed.total is not None
    assert placed.overlapped is not None
    assert placed.total[0] == pytest.approx(2 + products)
    assert placed.overlapped[0] == pytest.approx(2.0)
    assert placed.bottleneck == "disk"
    assert list(placed.by_resource) == ["disk", "cores"]
    low, high = placed.total[1]
    assert low < placed.total[0] < high


def test_a_step_that_was_not_measured_says_what_would_measure_it() -> None:
    why = {"verdict": "n/a", "reason": "no accelerator found"}
    run = run_of(disk(2e9), measured("transfer.launch", None, metric="latency",
                                     params={"how": "queued"}, record=why))  # fmt: skip
    placed = answer(parse("read 2GB disk; launch x10; gemm 8 f32"), run)
    assert (placed.total, placed.overlapped, placed.bottleneck) == (None, None, None)
    shown = "\n".join(text.lines(placed))
    assert "transfer.launch: n/a: no accelerator found" in shown
    assert "simd.gemm: not measured here" in shown
    assert pattern(placed.missing) == r"^(simd\.gemm|transfer\.launch)"


@pytest.mark.parametrize(
    ("plan", "column", "words"),
    [
        ("", 1, "there is no step"),
        (" ;; ", 1, "there is no step"),
        ("raed 1GiB", 1, "'raed' is no verb. Did you mean read?"),
        ("read 1GiB dsk", 11, "'dsk' is nothing that 'read' takes. Did you mean disk?"),
        ("read 1GiB; read disk", 21, "'read' needs a size"),
        ("gemm f32", 9, "'gemm' needs a number"),
        ("read 1GiB 2GiB", 11, "'2GiB' is nothing that 'read' takes"),
        ("read 1GiB disk l1", 16, "'l1' and 'disk' both say the place"),
        ("read 1GiB x2 x3", 14, "'x3' is a second count"),
        ("read 0 disk", 6, "is not above zero"),
        ("read 1GiB x0", 11, "is no count above 0"),
        ("gemm 1e20", 6, "too large"),
        ("fma 1e30", 5, "too large"),
        ("gemm 1e999", 6, "too large"),
        ("random read depth=x", 13, "expected a whole number"),
        ("random read deep=1", 13, "'random_read' has no 'deep'; it takes depth=N"),
        ("launch 5", 8, "'5' is nothing that 'launch' takes"),
        ("read " + "9" * 5000, 6, "is nothing that 'read' takes"),
        ("é" * 10_000, 1, "is no verb"),
    ],
)
def test_a_plan_that_cannot_be_read_names_the_place(plan: str, column: int, words: str) -> None:
    with pytest.raises(NoPlan) as caught:
        parse(plan)
    assert caught.value.column == column
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"character {column}: ")
    assert len(str(caught.value)) < 600


def test_a_plan_has_an_end() -> None:
    with pytest.raises(NoPlan, match="at most"):
        parse("launch;" * (MOST_STEPS + 1))
    with pytest.raises(NoPlan, match="at most"):
        parse("x" * 200_000)


@given(st.text(max_size=80))
def test_any_text_is_a_plan_or_a_sentence(plan: str) -> None:
    try:
        column, n_steps = 1, len(parse(plan))
    except NoPlan as error:
        column, n_steps = error.column, 1
    assert 1 <= column <= len(plan) + 1
    assert n_steps >= 1


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_each_verbs_example_is_a_step_of_it(verb: Any) -> None:
    (step,) = parse(verb.example)
    assert step.verb is verb


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_what_a_verb_stands_on_can_be_measured(verb: Any) -> None:
    """Each workload is there, with the parameters and values that are asked for."""
    known = plugins.load()
    for words in _all_choices(verb):
        need = verb.need(Given(verb.usual or 4096.0, words, {}))
        wanted = [(need.workload, need.fixed)]
        wanted += [need.fit] if need.fit else []
        wanted += [need.start[:2]] if need.start else []
        for id, fixed in wanted:
            workload = known.find(id)
            assert set(fixed) <= set(workload.params), id
            for name, values in fixed.items():
                if name != "dtype":  # Not each type is measured on each part of the machine.
                    assert set(values) <= set(workload.params[name]), (id, name, values)
            assert not need.axis or id != need.workload or need.axis in workload.params


def _all_choices(verb: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = [{}]
    for slot, words in verb.choices.items():
        found = [{**each, slot: word} for each in found for word in words]
    return found


def test_the_json_is_finite_whatever_was_recorded() -> None:
    odd = run_of(disk(1e-308), disk(1e308, queue_depth=8), gemm(2048, 1e-300))
    placed = answer(parse("read 1GiB disk x1e17; gemm 8192 f32"), odd)
    shown = json.loads(json.dumps(placed.to_json(), allow_nan=False))
    assert shown["schema"] == "hwperf.napkin/1"
    assert shown["steps"][1]["seconds"] is None
    assert shown["missing"]


def test_nonsense_beside_a_value_is_passed_over() -> None:
    """An interval below zero, a size that no float holds, a benchmark that is not hwperf's."""
    whole = disk(2e9)
    odd = replace(whole, point=replace(whole.point, interval=(-1e308, 1e-9)))
    placed = answer(parse("read 1000TB disk"), run_of(odd))
    json.dumps(placed.to_json(), allow_nan=False)
    assert placed.total is not None
    assert placed.total[1] == (placed.total[0], placed.total[0])
    huge = copied(10**400, 1e9)
    assert seconds("copy 1MiB host_to_device", run_of(huge, *RUN.measurements)) > 0
    foreign = measured("storage.sequential_read", -1.0, metric=None, params=dict(whole.params),
                       benchmark="storage.sequential_read")  # fmt: skip
    assert answer(parse("read 1GiB disk"), run_of(foreign)).missing


@pytest.mark.parametrize("width", [40, 80])
def test_the_longest_times_fit_and_are_in_years(width: int) -> None:
    lines = list(text.lines(answer(parse("read 1GiB disk x1e17; gemm 1e8 f32 x1e17"), RUN),
                            width=width))  # fmt: skip
    assert max(map(len, lines)) <= width
    assert "years" in "".join(lines)


def test_the_text_fits_and_shows_hostile_steps_as_text() -> None:
    lines = list(text.lines(answer(parse(f"read {GiB} disk; gemm 8192 f32 x100"), RUN)))
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("one after the other  ") for line in lines)
    assert any(line.endswith("bound by cores") for line in lines)
