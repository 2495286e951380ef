"""A result has one documented form in JSON, in base units, with null for what was dropped."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from hwperf import metrics
from hwperf.measure import SCHEMA, Result

from .virtual import LOST, SHORT, Machine

KEYS = [
    "schema", "id", "params", "metric", "unit", "value", "interval", "cost_s", "samples",
    "n_disturbed", "limit", "fraction_of_limit", "verdict", "reason", "amounts",
    "calls_per_sample", "version",
]  # fmt: skip

MEASURED = Result(
    workload_id="memory.copy",
    params={"nbytes": 64, "stores": "regular"},
    metric=metrics.BANDWIDTH,
    verdict="ok",
    version="0123456789abcdef",
    cost_s=50e-12,
    interval_cost_s=(40e-12, 80e-12),
    samples=(50e-12,) * 8,
    limit=25e9,
    amounts={"bytes": 128},
    calls_per_sample=10,
    tags={"clock_hz": 3e9},
)
DROPPED = replace(
    MEASURED, verdict="impossible", reason="too fast", cost_s=None, interval_cost_s=None, samples=()
)


def require_schema(shown: dict[str, Any]) -> None:
    """Hold *shown* against the documented object of schema 1, type by type."""
    assert [key for key in shown if key != "percentiles"] == KEYS
    number = (int, float)
    assert shown["schema"] == 1
    for key in ("id", "metric", "unit", "verdict", "reason", "version"):
        assert isinstance(shown[key], str), key
    for key in ("params", "amounts"):
        assert isinstance(shown[key], dict), key
    for key in ("value", "cost_s", "limit", "fraction_of_limit"):
        assert shown[key] is None or isinstance(shown[key], number), key
    for key in ("n_disturbed", "calls_per_sample"):
        assert isinstance(shown[key], int), key
    assert all(isinstance(sample, number) for sample in shown["samples"])
    assert shown["unit"] in ("B/s", "FLOP/s", "op/s", "s", "Hz")
    assert shown["verdict"] in ("ok", "noisy", "impossible", "failed", "n/a")
    assert (shown["verdict"] == "ok") == (shown["reason"] == "")
    is_measured = shown["verdict"] in ("ok", "noisy")
    assert (shown["value"] is not None) == is_measured
    assert (shown["interval"] is not None) == (shown["cost_s"] is not None) == is_measured
    if is_measured:
        low, high = shown["interval"]
        assert low <= shown["value"] <= high
        assert shown["samples"]
    json.loads(json.dumps(shown, allow_nan=False))


def test_a_measured_point_has_exactly_the_documented_keys() -> None:
    shown = MEASURED.to_json()
    require_schema(shown)
    assert list(shown) == KEYS
    assert shown["schema"] == SCHEMA == 1


def test_values_are_in_base_units() -> None:
    """50 ps per byte are 20 GB/s; of a limit of 25 GB/s that is 0.8."""
    shown = MEASURED.to_json()
    assert (shown["metric"], shown["unit"]) == ("bandwidth", "B/s")
    assert shown["value"] == pytest.approx(20e9)
    assert shown["interval"] == pytest.approx([12.5e9, 25e9])
    assert shown["cost_s"] == 50e-12
    assert shown["fraction_of_limit"] == pytest.approx(0.8)


def test_a_latency_is_shown_as_it_is_and_its_limit_as_a_rate() -> None:
    shown = replace(MEASURED, metric=metrics.LATENCY, cost_s=2e-9, limit=1e9).to_json()
    assert (shown["unit"], shown["value"]) == ("s", 2e-9)
    assert shown["fraction_of_limit"] == pytest.approx(0.5)


def test_a_dropped_point_has_null_and_never_zero() -> None:
    shown = DROPPED.to_json()
    require_schema(shown)
    assert (shown["value"], shown["interval"], shown["cost_s"]) == (None, None, None)
    assert (shown["fraction_of_limit"], shown["samples"]) == (None, [])
    assert not DROPPED.is_measured


def test_an_unknown_limit_has_no_fraction() -> None:
    shown = replace(MEASURED, limit=None).to_json()
    assert (shown["limit"], shown["fraction_of_limit"]) == (None, None)


def test_percentiles_appear_only_where_there_are_latencies() -> None:
    shown = replace(MEASURED, percentiles={"p50": 1e-4, "p99": None}).to_json()
    assert list(shown) == [*KEYS, "percentiles"]
    assert shown["percentiles"] == {"p50": 1e-4, "p99": None}


def test_cycles_need_a_clock() -> None:
    assert MEASURED.cycles == pytest.approx(0.15)
    assert replace(MEASURED, tags={}).cycles is None
    assert DROPPED.cycles is None


def test_the_sidecars_record_has_tags_in_place_of_samples() -> None:
    record = replace(MEASURED, disturbances={"steal_s": 2}, n_disturbed=2).record()
    assert record["n_samples"] == 8
    assert record["disturbances"] == {"steal_s": 2}
    assert record["tags"] == {"clock_hz": 3e9}
    assert set(KEYS) - set(record) == {"samples"}
    json.dumps(record, allow_nan=False)


@pytest.mark.parametrize(
    ("machine", "limit", "verdict"),
    [
        (Machine(), None, "ok"),
        (Machine(), 2e4, "ok"),
        (Machine(taken=lambda sample, core: LOST), None, "noisy"),
        (Machine(), 1.0, "impossible"),
    ],
)
def test_what_the_loop_gives_keeps_the_schema(
    machine: Machine, limit: float | None, verdict: str
) -> None:
    result = machine.measure(machine.timed(1e-4, limit=limit), SHORT)
    assert result.verdict == verdict
    require_schema(result.to_json())
    json.dumps(result.record(), allow_nan=False)
