"""``hwperf napkin`` answers a plan in seconds and ends with the code that says whether it could."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.report.made_runs import Row, stored

from .conftest import Answer

MIB = 2**20


@pytest.fixture
def results(tmp_path: Path) -> Path:
    row = Row([5e-11], [256 * MIB], name="memory.Read.cost", workload="memory.read")
    stored(tmp_path, [row])
    return tmp_path


def test_a_plan_is_answered(hwperf: Callable[..., Answer], results: Path) -> None:
    answer = hwperf("napkin", "read 20GB memory x3", "--results", str(results))
    assert (answer.code, answer.err) == (0, "")
    assert "3.00 s  [3.00 s .. 3.00 s], 1.00 s each  (memory)" in answer.out
    assert "memory.read nbytes=268435456: at 20.0 GB/s" in answer.out


def test_the_same_as_json(hwperf: Callable[..., Answer], results: Path) -> None:
    answer = hwperf("napkin", "read 20GB memory x3", "--json", "--results", str(results))
    shown = json.loads(answer.out)
    assert shown["sequential"]["seconds"] == pytest.approx(3.0)
    assert shown["bottleneck"] == "memory"


def test_what_was_not_measured_ends_with_3(hwperf: Callable[..., Answer], results: Path) -> None:
    answer = hwperf("napkin", "read 20GB disk", "--results", str(results))
    assert answer.code == 3
    assert "storage.sequential_read: not measured here" in answer.out
    assert answer.err == (
        "hwperf: 1 of 1 steps were not measured here."
        " 'hwperf run -k' takes '^storage\\.sequential_read'.\n"
    )


def test_of_what_says_why_itself_no_run_is_advised(
    hwperf: Callable[..., Answer], results: Path
) -> None:
    """No run measures a queue depth that the suite does not have."""
    stored(results, [Row([1e-4], [2], name="s.R.cost", workload="storage.random_read",
                         metric="rate", axis="queue_depth")], started_at=2e9)  # fmt: skip
    answer = hwperf("napkin", "random read depth=7", "--results", str(results))
    assert answer.code == 3
    assert "measured at queue_depth=2, not 7" in answer.out
    assert answer.err == "hwperf: 1 of 1 steps were not measured here.\n"


def test_misuse_is_one_sentence(hwperf: Callable[..., Answer], results: Path) -> None:
    answer = hwperf("napkin", "read 20GB dsk", "--results", str(results))
    assert (answer.code, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert answer.err.startswith("hwperf: character 11: 'dsk'")


def test_nothing_recorded_is_too_little_data(hwperf: Callable[..., Answer], tmp_path: Path) -> None:
    answer = hwperf("napkin", "launch", "--results", str(tmp_path))
    assert (answer.code, answer.out) == (3, "")


def test_the_help_lists_every_verb_with_an_example(hwperf: Callable[..., Answer]) -> None:
    answer = hwperf("napkin", "--help")
    assert answer.code == 0
    assert "copy 10GiB host_to_device" in answer.out
    assert "all_to_all 256MiB ranks=2" in answer.out
