"""A Work says all that is wrong with it at once, and how to write it."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import pytest

from hwperf import DeclarationError, Figure, Seen, Work

GOOD = Work(print, ops=1)


class Threads(NamedTuple):
    """A team as a stranger may write one."""

    cpus: Any
    thread_ids: Any


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"against": [GOOD]}, "write against={'one thread': Work(...)}"),
        ({"against": {"x": print}}, "is no Work"),
        ({"against": {"x": Work(print, bytes=1)}}, "against['x'] gives bytes, not ops"),
        ({"against": {"x": GOOD}, "latencies": True}, "do not go together"),
        (
            {"against": {"x": Work(print, ops=1, against={"y": GOOD})}},
            "which only the Work that is yielded may have",
        ),
        ({"derive": 3}, "derive=3 cannot be called"),
        ({"against": {"x": Work(print, ops=1, derive=dict)}}, "of its own"),
        ({"team": 3}, "team=3 has no cpus and thread_ids"),
        ({"team": Threads((), (1,))}, "at least one of each"),
        ({"team": Threads(("0",), (1,))}, "whole numbers from 0 on"),
        ({"team": Threads((0, -1), (1,))}, "whole numbers from 0 on"),
        ({"own_causes": "steal_s"}, "write ['runqueue_wait_s']"),
        ({"own_causes": 5}, "own_causes=5 is no list of names"),
        ({"team": Threads((0, 0), (1, 2))}, "has a CPU twice (0, 0)"),
        ({"team": Threads((0, 1, 2), (1, 2))}, "3 CPUs and 2 thread_ids"),
        ({"against": {" ": GOOD}}, "say what the other is"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_fix(arguments: dict[str, Any], fault: str) -> None:
    with pytest.raises(DeclarationError, match=r"^Work: ") as refused:
        Work(print, ops=1, **arguments)
    assert fault in str(refused.value)


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(DeclarationError) as refused:
        Work(1, derive=2, against=3, lines=4)  # type: ignore[arg-type]
    for words in ("the kernel 1", "derive=2", "against=3", "lines= is no amount"):
        assert words in str(refused.value)


def test_a_work_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        GOOD.clock = "mine"  # type: ignore[misc]


def test_a_ratio_above_one_is_faster() -> None:
    seen = Seen(cost_s=1e-9, clock_hz=None, against={"slow": 4e-9})
    assert seen.ratio("slow") == pytest.approx(4)
    assert seen.cycles is None


def test_a_figure_is_a_value_with_a_unit() -> None:
    assert Figure(3.5, "cycles") == (3.5, "cycles")
    assert Figure(3.5).unit == ""
