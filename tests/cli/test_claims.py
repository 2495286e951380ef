"""``hwperf claims`` shows the laws, and ends with the code that says how they fared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .conftest import Answer
from .test_card import LOCK, stored, stride

Hwperf = Callable[..., Answer]


def test_a_law_is_shown_with_its_counter_measurement(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, stride(0.65e-9, 7.3e-9))
    answer = hwperf("claims", "--results", str(tmp_path))
    assert (answer.code, answer.err) == (0, "")
    assert "holds   memory.stride" in answer.out
    assert "sequential 12.3 GB/s against strided 1.10 GB/s" in answer.out
    assert "n/a     memory.direction" in answer.out
    assert "multicore.mutex" not in answer.out


def test_a_broken_law_is_a_finding(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, stride(7.3e-9, 0.65e-9))
    answer = hwperf("claims", "--results", str(tmp_path))
    assert answer.code == 1
    assert "broken  memory.stride" in answer.out


def test_no_law_that_could_be_measured_is_code_3(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, LOCK)
    answer = hwperf("claims", "--results", str(tmp_path))
    assert answer.code == 3
    assert len(answer.err.splitlines()) == 1


def test_the_json_has_the_trends_alone(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, stride(0.65e-9, 7.3e-9))
    shown = json.loads(hwperf("claims", "--json", "--results", str(tmp_path)).out)
    assert {row["kind"] for row in shown["rows"]} == {"trend"}
    (found,) = [row for row in shown["rows"] if row["id"] == "memory.stride"]
    assert [side["name"] for side in found["sides"]] == ["sequential", "strided"]
    assert found["verdict"] == "holds"
