"""``hwperf roofline`` prints the recorded ceilings, or says how to get them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.report.made_runs import Row, stored

from .conftest import Answer

MIB = 2**20


def test_the_ceilings_are_printed(hwperf: Callable[..., Answer], tmp_path: Path) -> None:
    row = Row([5e-12, 5e-11], [8192, 256 * MIB], name="memory.Read.cost", workload="memory.read")
    stored(tmp_path, [row])
    answer = hwperf("roofline", "--results", str(tmp_path))
    assert (answer.code, answer.err) == (0, "")
    assert "L1" in answer.out
    assert "200 GB/s" in answer.out
    assert "20.0 GB/s" in answer.out
    shown = json.loads(hwperf("roofline", "--results", str(tmp_path), "--format", "json").out)
    assert [each["name"] for each in shown["bandwidths"]] == ["L1", "DRAM"]
    assert shown["bandwidths"][0]["ridge_flop_per_byte"] is None


def test_too_little_data_says_what_measures_it(
    hwperf: Callable[..., Answer], tmp_path: Path
) -> None:
    answer = hwperf("roofline", "--results", str(tmp_path))
    assert (answer.code, answer.out) == (3, "")
    assert "hwperf run -k" in answer.err
    stored(tmp_path, [Row([1.0], name="t.time_x", metric=None)])
    answer = hwperf("roofline", "--results", str(tmp_path))
    assert (answer.code, answer.out) == (3, "")
    assert "holds no ceiling of f64" in answer.err


def test_an_unknown_machine_is_misuse(hwperf: Callable[..., Answer], tmp_path: Path) -> None:
    stored(tmp_path, [Row([1.0])])
    answer = hwperf("roofline", "--results", str(tmp_path), "--machine", "x")
    assert answer.code == 2
    assert "There are here." in answer.err
