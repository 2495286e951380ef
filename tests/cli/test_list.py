"""``hwperf list`` shows every workload, what it answers and why it is n/a here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from cli.conftest import absent, made_up
from hwperf import Work, workload
from hwperf.plugins import Broken

Run = Callable[..., Any]
BROKEN = Broken("bad", "a_module", "ImportError: no such library")


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_it_shows_id_metric_points_answer_and_values(hwperf: Run, registry: Run) -> None:
    registry()
    assert hwperf("list").out == (
        "made.absent  (latency, 1 point)\n"
        "    Latency of a device that no host has.\n"
        "    n/a: all points: this host has no such device\n"
        "made.up  (bandwidth, 6 points)\n"
        "    Bandwidth of copying nbytes as out[0] = data.\n"
        "    nbytes: 4 KiB, 4089 B, 16 KiB\n"
        "    kind: plain, odd\n"
        "made.wrong  (latency, 2 points)\n"
        "    What is wrong?\n"
        "    n: 1, 2\n"
    )


def test_a_pattern_is_a_part_of_the_id(hwperf: Run, registry: Run) -> None:
    registry()
    shown = hwperf("list", "ab")
    assert shown.code == 0
    assert shown.out.splitlines()[0].startswith("made.absent ")
    assert shown.out.count("(") == 1


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_pattern_that_matches_nothing_is_told(
    hwperf: Run, registry: Run, options: tuple[str, ...]
) -> None:
    registry()
    refused = hwperf("list", "made.upp", *options)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(
        "hwperf: no workload's id contains 'made.upp'. Did you mean made.up or "
    )
    assert refused.err.endswith("? 'hwperf list' shows them all.\n")


def test_json_is_one_object_per_workload(hwperf: Run, registry: Run) -> None:
    registry(broken=(BROKEN,))
    found = {o["id"]: o for o in map(json.loads, hwperf("list", "--json").out.splitlines())}
    assert set(found) == {"made.absent", "made.up", "made.wrong"}
    assert found["made.up"] == {
        "id": "made.up",
        "answers": made_up.answers,
        "metric": "bandwidth",
        "unit": "B/s",
        "params": {"nbytes": [4096, 4089, 16384], "kind": ["plain", "odd"]},
        "n_points": 6,
        "source": "a test",
        "module": made_up.module,
        "unavailable": [],
    }
    assert found["made.absent"]["unavailable"] == [
        {"params": {}, "reason": "this host has no such device"}
    ]


def test_a_broken_plugin_is_named_on_stderr_alone(hwperf: Run, registry: Run) -> None:
    registry(broken=(BROKEN,))
    for options in ((), ("--json",)):
        shown = hwperf("list", *options)
        assert shown.code == 0
        assert shown.err == (
            "hwperf: plugin 'bad' (a_module) is left out: ImportError: no such library\n"
        )
        assert "a_module" not in shown.out


@workload(
    "made.some",
    params={"n": [1, 2, 3]},
    source="a test",
    requires=lambda n: f"at most {n} of 3 fit " + 12 * "long " if n > 1 else None,
)
def some(n: int) -> Iterator[Work]:
    """Latency."""
    yield Work(lambda: None, ops=1)


@workload("made.raising", source="a test", requires=lambda: str(1 / 0))
def raising() -> Iterator[Work]:
    """Latency."""
    yield Work(lambda: None, ops=1)


@workload("made.same", params={"n": [1, 2, 3]}, source="a test", requires=lambda n: "x"[: n - 1])
def same(n: int) -> Iterator[Work]:
    """Latency."""
    yield Work(lambda: None, ops=1)


def test_each_reason_is_told_once_with_the_points_that_it_concerns(
    hwperf: Run, registry: Run
) -> None:
    registry(some, same)
    lines = hwperf("list").out.splitlines()
    assert "    n/a: 2 points, e.g. n=2: x" in lines
    assert any(line.startswith("    n/a: n=2: at most 2 of 3 fit long") for line in lines)
    assert any(line.startswith("    n/a: n=3: at most 3 of 3 fit long") for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_requirement_that_raises_costs_nobody_the_list(hwperf: Run, registry: Run) -> None:
    registry(raising, absent)
    shown = hwperf("list")
    assert shown.code == 0
    assert "n/a: all points: requires= raised ZeroDivisionError: division by zero" in shown.out
    assert "made.absent" in shown.out


def test_what_a_requirement_prints_is_no_json(hwperf: Run, registry: Run) -> None:
    def loud() -> str | None:
        print("looking for a device")
        raise SystemExit("none")

    registry(replace(absent, requires=(loud,)))
    shown = hwperf("list", "absent", "--json")
    (record,) = [json.loads(line) for line in shown.out.splitlines()]
    assert record["unavailable"] == [{"params": {}, "reason": "requires= raised SystemExit: none"}]
    assert "looking for a device" in shown.err


def test_values_stay_in_one_piece_when_a_line_is_broken(hwperf: Run, monkeypatch: Any) -> None:
    for width in (80, 60, 50):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = hwperf("list", "memory").out.splitlines()
        assert max(map(len, lines)) <= width
        assert not any(line.endswith(digit) for line in lines for digit in "0123456789"
                       if "iB" in line)  # fmt: skip
