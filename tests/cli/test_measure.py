"""``hwperf measure`` prints each point as it is done, for people or as one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from cli.conftest import absent, made_up, wrong
from hwperf import CheckFailed, Figure, Work, workload
from hwperf.cli.measure import _lines
from hwperf.measure import Result
from hwperf.metrics import BANDWIDTH, LATENCY
from hwperf.plugins import Broken

Run = Callable[..., Any]

# The keys that the first schema promises, no fewer and no more.
KEYS = (
    "schema", "id", "params", "metric", "unit", "value", "interval", "cost_s", "samples",
    "n_disturbed", "limit", "fraction_of_limit", "verdict", "reason", "amounts",
    "calls_per_sample", "version",
)  # fmt: skip

MEASURED = Result(
    workload_id="made.up", params={"nbytes": 4096, "stores": "regular"}, metric=BANDWIDTH,
    verdict="ok", version="1", cost_s=4e-11, interval_cost_s=(3.9e-11, 4.1e-11),
    samples=(4e-11,) * 8, n_disturbed=3, limit=5e10, amounts={"bytes": 4096, "ops": 2},
    calls_per_sample=3,
)  # fmt: skip
TAIL = Result(
    workload_id="made.tail", params={}, metric=LATENCY, verdict="noisy", version="1", cost_s=1e-7,
    reason="result may be unstable: " + "the samples spread far " * 6 + "; see docs/stability.md.",
    interval_cost_s=(0.9e-7, 1.1e-7), samples=(1e-7,) * 8, amounts={"ops": 1},
    percentiles={"p50": 1e-7, "p99": 1.5e-7, "p99.9": None}, tags={"clock_hz": 3e9},
)  # fmt: skip


def refuse_constant(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


def objects(text: str) -> list[dict[str, Any]]:
    """Parse strictly: one object per line, without NaN."""
    return [json.loads(line, parse_constant=refuse_constant) for line in text.splitlines()]


def test_json_has_exactly_the_keys_of_the_schema(hwperf: Run, registry: Run) -> None:
    registry()
    shown = hwperf("measure", "made.up", "-p", "kind=plain", "--budget", "10ms", "--json")
    found = objects(shown.out)
    assert shown.code == 0
    assert [tuple(each) for each in found] == [KEYS] * 3
    assert [each["params"]["nbytes"] for each in found] == [4096, 4089, 16384]
    for each in found:
        low, high = each["interval"]
        assert (each["schema"], each["metric"], each["unit"]) == (1, "bandwidth", "B/s")
        assert 0 < low <= each["value"] <= high
        assert math.isclose(each["value"], 1 / each["cost_s"])
        assert each["limit"] == 1e30
        assert math.isclose(each["fraction_of_limit"], each["value"] / 1e30)
        assert each["amounts"] == {"bytes": each["params"]["nbytes"], "ops": 1}
        assert each["verdict"] in ("ok", "noisy")
        assert each["version"] == made_up.version


@pytest.mark.parametrize(
    ("id", "code", "verdict", "reason"),
    [
        ("made.absent", 3, "n/a", "this host has no such device"),
        ("made.wrong", 1, "failed", "the check passes although the kernel did not run"),
        ("made.wrong", 1, "failed", "is 3 (is) != 4 (should)"),
    ],
)
def test_what_has_no_value_is_null_with_a_reason(
    hwperf: Run, registry: Run, id: str, code: int, verdict: str, reason: str
) -> None:
    registry(absent, lazy if "although" in reason else wrong)
    shown = hwperf("measure", id, "--budget", "10ms", "--json")
    assert shown.code == code
    for each in objects(shown.out):
        assert tuple(each) == KEYS
        assert (each["value"], each["interval"], each["cost_s"]) == (None, None, None)
        assert (each["samples"], each["fraction_of_limit"]) == ([], None)
        assert each["verdict"] == verdict
        assert reason in each["reason"]


@workload("made.wrong", source="a test")
def lazy() -> Iterator[Work]:
    """Latency of a workload that checks nothing."""
    yield Work(lambda: None, ops=1)


@workload("made.huge", source="a test", metric="bandwidth")
def huge() -> Iterator[Work]:
    """Bandwidth of a kernel that claims more bytes than a float can count per second."""
    done = [0]

    def kernel() -> None:
        done[0] += 1

    yield Work(kernel, bytes=1e304)
    if not done[0]:
        raise CheckFailed("nothing was done")


def test_a_rate_that_no_number_can_hold_is_impossible(hwperf: Run, registry: Run) -> None:
    registry(huge)
    shown = hwperf("measure", "made.huge", "--budget", "10ms", "--json")
    (found,) = objects(shown.out)
    assert shown.code == 1
    assert (found["verdict"], found["value"]) == ("impossible", None)


@workload("made.loud", source="a test")
def loud() -> Iterator[Work]:
    """Latency of a kernel that prints."""
    print("set-up says hello")
    done = [0]

    def kernel() -> None:
        done[0] += 1
        if done[0] == 1:
            print("kernel says hello")

    yield Work(kernel, ops=1)
    print("check says hello")
    if not done[0]:
        raise CheckFailed("nothing was done")


def test_what_a_workload_prints_is_no_json(hwperf: Run, registry: Run) -> None:
    registry(loud)
    shown = hwperf("measure", "made.loud", "--budget", "10ms", "--json")
    assert [each["id"] for each in objects(shown.out)] == ["made.loud"]
    assert all(f"{phase} says hello" in shown.err for phase in ("set-up", "kernel", "check"))


def test_text_shows_every_point_and_why_it_has_no_value(hwperf: Run, registry: Run) -> None:
    registry()
    shown = hwperf("measure", "made.up", "-p", "nbytes=4KiB", "--budget", "10ms")
    lines = shown.out.splitlines()
    assert shown.code == 0
    assert lines[0] == "made.up  nbytes=4 KiB, kind=plain"
    assert "B/s  [" in lines[1]
    assert lines[-2:] == [
        "made.up  nbytes=4 KiB, kind=odd",
        "    n/a: this host has no odd memory. Buy some",
    ]


def test_a_failed_point_is_exit_code_1_and_costs_the_others_nothing(
    hwperf: Run, registry: Run
) -> None:
    registry()
    shown = hwperf("measure", "made.wrong", "--budget", "10ms")
    assert shown.code == 1
    assert shown.out.count("    failed: ") == 2


def test_an_unknown_id_names_the_plugins_that_are_left_out(hwperf: Run, registry: Run) -> None:
    """The workload may be in one of them."""
    registry(broken=(Broken("bad", "a_module", "ImportError: no such library"),))
    refused = hwperf("measure", "bad.thing")
    assert refused.code == 2
    assert "'bad.thing' is no workload." in refused.err
    assert "plugin 'bad' (a_module) is left out: ImportError: no such library" in refused.err


def test_the_value_comes_first() -> None:
    assert _lines(MEASURED, 80) == [
        "made.up  nbytes=4 KiB, stores=regular",
        "    25.0 GB/s  [24.4 GB/s .. 25.6 GB/s]  12.2 Mop/s  50 % of the limit",
        "    8 samples, 3 disturbed",
    ]


def test_accesses_that_overlap_are_shown_per_second_too() -> None:
    random = replace(
        MEASURED, metric=LATENCY, cost_s=8e-9, interval_cost_s=(7e-9, 9e-9), limit=None,
        amounts={"ops": 1000, "bytes": 64000},
    )  # fmt: skip
    assert "8.00 ns  [7.00 ns .. 9.00 ns]  125 Mop/s  8.00 GB/s" in _lines(random, 80)[1]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_lines_fit_and_the_reason_follows(width: int) -> None:
    lines = _lines(TAIL, width)
    text = " ".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= width
    assert lines[0] == "made.tail"
    assert lines[1].startswith("    100 ns  [90.0 ns .. 110 ns]  300 cycles")
    assert "p50 100 ns  p99 150 ns" in text.replace("ns p99", "ns  p99")
    assert "p99.9 n/a" in text
    assert "noisy: result may be unstable: the samples" in text
    assert text.endswith("see docs/stability.md.")


@pytest.mark.parametrize(
    ("name", "figure", "words"),
    [
        ("efficiency", Figure(0.98761), "efficiency 0.9876"),
        ("flop_per_cycle", Figure(15.98, "FLOP/cycle"), "flop per cycle 15.98 FLOP/cycle"),
        ("drawn", Figure(2.85e10, "B/s"), "drawn 28.5 GB/s"),
        ("first_failing_value", Figure(16777216), "first failing value 16777216"),
        ("blas", Figure("OpenBLAS 0.3.31"), "blas OpenBLAS 0.3.31"),
        ("is_gil", Figure(True), "is gil yes"),
        ("matrix", Figure([[None, 1.0]], "s"), ""),
    ],
)
def test_figures_are_shown_with_their_units_and_lists_are_not(name, figure, words) -> None:
    from hwperf.cli.measure import _figure

    assert _figure(name, figure) == words
