"""Published numbers are rates, latencies stay times, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv import rates
from hwperf.metrics import Metric

BANDWIDTH = {"name": "m.Copy.cost", "metric": "bandwidth", "unit": "seconds"}
LATENCY = {"name": "m.Latency.cost", "metric": "latency", "unit": "seconds"}
RATE = {"name": "m.Sort.cost", "metric": "rate", "unit": "seconds"}


def shown(definition: dict[str, Any], *costs: float) -> rates.Shown:
    found = rates.shown_of(definition, costs)
    assert found is not None
    return found


def test_units_are_those_of_the_field() -> None:
    assert shown(BANDWIDTH, 1e-3).unit == "GB/s"
    assert shown({**BANDWIDTH, "metric": "throughput"}).unit == "GFLOP/s"
    assert shown({**BANDWIDTH, "metric": "clock"}).unit == "GHz"
    assert shown(LATENCY).unit == "seconds"


def test_a_rate_without_a_usual_unit_follows_its_numbers() -> None:
    fast, slow = shown(RATE, 1e-6, 2e-6, 1e-6), shown(RATE, 0.5)
    assert (fast.unit, fast.value(2e-6)) == ("Mop/s", pytest.approx(0.5))
    assert (slow.unit, slow.value(0.5)) == ("op/s", pytest.approx(2.0))
    assert shown(RATE).unit == "op/s"


def test_a_plugins_own_metric_is_shown_in_its_own_unit() -> None:
    iops = {**RATE, "metric": "iops", "metric_unit": "op/s", "higher_is_better": True}
    assert shown(iops, 1e-6) == rates.Shown(Metric("iops", "op/s", "ops", True, ""), 1e6, "Mop/s")
    pause = {**RATE, "metric": "pause", "metric_unit": "s", "higher_is_better": False}
    assert (shown(pause, 1e-6).unit, shown(pause, 1e-6).value(1e-6)) == ("seconds", 1e-6)


def test_benchmarks_of_others_are_left_alone() -> None:
    assert rates.shown_of({"name": "time_x", "unit": "seconds"}) is None
    assert rates.shown_of({"name": "x", "unit": "bytes", "metric": "bandwidth"}) is None
    assert rates.shown_of({"name": "x", "unit": "seconds", "metric": "unheard-of"}) is None


@pytest.mark.parametrize("cost", [None, float("nan"), float("inf"), 0, -1.0, "x"])
def test_what_is_no_cost_has_no_rate(cost: object) -> None:
    assert shown(BANDWIDTH).value(cost) is None
    assert shown(LATENCY).value(cost) is None


def test_a_graph_is_rewritten_point_by_point(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text("[[3, [5e-11, null]], [4, 1e-10], [5, null]]")
    rates.convert_graph(path, shown(BANDWIDTH))
    points = json.loads(path.read_text())
    assert points[0] == [3, [pytest.approx(20.0), None]]
    assert points[1:] == [[4, pytest.approx(10.0)], [5, None]]


def test_a_row_of_the_list_keeps_its_relative_error(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    row = {"name": "m.Copy.cost", "last_value": 5e-11, "prev_value": 4e-11, "last_err": 5e-13}
    other = {"name": "time_x", "last_value": 1.0, "prev_value": None, "last_err": 0.1}
    empty = {"name": "m.Copy.cost", "last_value": None, "prev_value": None, "last_err": None}
    path.write_text(json.dumps([row, other, empty]))
    rates.convert_summary(path, {"m.Copy.cost": shown(BANDWIDTH)})
    first, *rest = json.loads(path.read_text())
    assert first["last_value"] == pytest.approx(20.0)
    assert first["prev_value"] == pytest.approx(25.0)
    assert first["last_err"] == pytest.approx(0.2)  # 1 % of 20 GB/s.
    assert rest == [other, empty]


def test_regressions_of_parametrized_benchmarks_are_found_by_their_name() -> None:
    entries = [
        ["m.Copy.cost(8192, 'small')", "g", {}, 0, 5e-11, 4e-11, [[None, 7, 4e-11, 5e-11]]],
        ["time_x", "g", {}, None, 2.0, 1.0, [[3, 7, 1.0, 2.0]]],
    ]
    first, second = rates.convert_regressions(entries, {"m.Copy.cost": shown(BANDWIDTH)})
    assert first[4:6] == [pytest.approx(20.0), pytest.approx(25.0)]
    assert first[6] == [[None, 7, pytest.approx(25.0), pytest.approx(20.0)]]
    assert second == entries[1]
