"""Kernels take turns, and what comes out is the ratio of their rates."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from hwperf import CheckFailed, Figure, Seen, Work, Workload, workload
from hwperf.measure import Result
from hwperf.measure.placement import Placement

from .virtual import LOST, Machine


def contest(
    machine: Machine,
    own_s: float,
    others_s: Mapping[str, float],
    *,
    derive: Callable[[Seen], Mapping[str, Figure]] | None = None,
    order: list[str] | None = None,
) -> Workload:
    """Return a workload of which a call takes *own_s*, set against kernels of other lengths."""
    calls = [0]

    def lasting(name: str, seconds: float) -> Callable[[], None]:
        def kernel() -> None:
            if order is not None:
                order.append(name)
            calls[0] += name == "own"
            machine.advance(seconds)

        return kernel

    @workload("test.contest", source="a test")
    def contested() -> Iterator[Work]:
        """Let time pass."""
        calls[0] = 0
        yield Work(
            lasting("own", own_s),
            ops=10,
            against={n: Work(lasting(n, s), ops=5) for n, s in others_s.items()},
            derive=derive,
        )
        if not calls[0] > 0:
            raise CheckFailed("the kernel did not run")

    return contested


def test_the_ratio_says_how_many_times_the_rate_of_the_other_is_reached() -> None:
    """10 operations in 2 ms against 5 in 4 ms: four times the rate."""
    machine = Machine()
    result = machine.measure(contest(machine, 2e-3, {"slow": 4e-3, "fast": 5e-4}))
    assert result.cost_s == pytest.approx(2e-4)
    assert result.against["slow"].value == pytest.approx(4.0)
    assert result.against["slow"].cost_s == pytest.approx(8e-4)
    assert result.against["fast"].value == pytest.approx(0.5)


def test_the_kernels_take_turns() -> None:
    machine, order = Machine(), []
    machine.measure(contest(machine, 1e-3, {"a": 1e-3, "b": 1e-3}, order=order))
    turns = order[-22:-1]  # The last call is the kernel's own, for the check.
    assert turns == ["own", "a", "b"] * 7
    assert order[-1] == "own"


def test_what_moves_both_is_not_in_the_ratio() -> None:
    """A clock that doubles in the middle changes the costs, not the ratio."""
    machine = Machine(stretch=lambda sample: 1.0 if sample < 9 else 3.0, clock_hz=None)
    result = machine.measure(contest(machine, 1e-3, {"other": 2e-3}))
    assert max(result.samples) > 2 * min(result.samples)
    assert result.against["other"].value == pytest.approx(4.0)
    low, high = result.against["other"].interval
    assert low == pytest.approx(high)


def test_pairs_in_which_either_was_disturbed_do_not_count() -> None:
    """Every third sample, of either kernel, takes ten times as long and has lost its core."""
    machine = Machine(
        stretch=lambda sample: 10.0 if sample % 3 == 0 else 1.0,
        taken=lambda sample, core: LOST if sample % 3 == 0 else {},
    )
    result = machine.measure(contest(machine, 1e-3, {"other": 1e-3}))
    assert result.against["other"].value == pytest.approx(2.0)
    assert result.against["other"].interval == pytest.approx((2.0, 2.0))


def test_pairs_during_which_the_cpus_were_moved_never_count() -> None:
    """The other kernel is only ever measured while the CPUs are moved: it has no ratio."""
    near, far = Placement("near", 4e-8), Placement("far", 16e-8)
    machine = Machine()
    script = itertools.cycle([near, far, far])  # Before ours, after it, after the other's.
    machine.placement = lambda: next(script)
    result = machine.measure(contest(machine, 1e-3, {"other": 1e-3}))
    assert "other" not in result.against or result.against["other"].n_pairs == 0


def test_figures_are_derived_from_what_was_seen() -> None:
    seen: list[Seen] = []

    def derive(what: Seen) -> dict[str, Figure]:
        seen.append(what)
        return {"speed_up": Figure(what.ratio("other")), "library": Figure("BLAS 1")}

    machine = Machine(clock_hz=lambda now: 2e9)
    result = machine.measure(contest(machine, 1e-3, {"other": 1e-3}, derive=derive))
    assert len(seen) == 1
    assert seen[0].cost_s == result.cost_s
    assert seen[0].cycles == pytest.approx(1e-4 * 2e9)
    assert seen[0].ratio("nobody") is None
    assert result.figures["speed_up"].value == pytest.approx(2.0)
    assert result.to_json()["figures"]["library"] == {"value": "BLAS 1", "unit": ""}
    assert result.to_json()["against"]["other"]["ratio"] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("derive", "reason"),
    [
        (lambda seen: {"efficiency": 0.5}, "write Figure(value, unit)"),
        (lambda seen: {"efficiency": Figure(1 / 0)}, "derive raised ZeroDivisionError"),
        (lambda seen: None, "derive gives None; return figures by name"),
        (lambda seen: [("x", Figure(1.0))], "return figures by name"),
        (lambda seen: {"Speed Up": Figure(1.0)}, "a name is words in lower case"),
        (lambda seen: {3: Figure(1.0)}, "a name is words in lower case"),
        (lambda seen: {"x": Figure(1.0, None)}, "the unit None; expected text"),
        (lambda seen: {"x": Figure(1j)}, "expected a number, text, or a list of them"),
        (lambda seen: {"x": Figure({"a": 1})}, "expected a number, text, or a list of them"),
    ],
    ids=["no Figure", "raises", "nothing", "a list", "name", "no name", "unit", "complex", "dict"],
)
def test_a_derive_that_cannot_be_used_fails_and_says_so(derive: Any, reason: str) -> None:
    machine = Machine()
    result = machine.measure(contest(machine, 1e-3, {}, derive=derive))
    assert result.verdict == "failed"
    assert reason in result.reason


def test_figures_are_what_json_can_hold() -> None:
    """Numbers of numpy become Python's; what is not finite is not measured, never a NaN."""

    def derive(seen: Seen) -> dict[str, Figure]:
        return {
            "ratio": Figure(np.float32(0.5)),
            "count": Figure(np.int64(3)),
            "lost": Figure(float("nan")),
            "huge": Figure(10**400),
            "matrix": Figure(np.array([[np.inf, 1.0]]), "s"),
            "name": Figure("two\nlines"),
        }

    machine = Machine()
    result = machine.measure(contest(machine, 1e-3, {}, derive=derive))
    shown = json.loads(json.dumps(result.to_json(), allow_nan=False))["figures"]
    assert {name: figure["value"] for name, figure in shown.items()} == {
        "ratio": 0.5, "count": 3, "lost": None, "huge": None, "matrix": [[None, 1.0]],
        "name": "two lines",
    }  # fmt: skip


def test_derive_knows_which_samples_count() -> None:
    seen: list[Seen] = []
    machine = Machine(taken=lambda sample, core: LOST if sample % 4 == 0 else {})
    machine.measure(contest(machine, 1e-3, {}, derive=lambda what: seen.append(what) or {}))
    assert list(seen[0].counted[:8]) == [False, True, True, True] * 2


def test_without_others_the_json_is_as_it_was() -> None:
    machine = Machine()
    result: Result = machine.measure(machine.timed(1e-3))
    assert not {"against", "figures"} & set(result.to_json())


def test_another_kernel_needs_the_amount_that_the_metric_divides_by() -> None:
    @workload("test.amounts", source="a test", metric="rate")
    def amounts() -> Iterator[Work]:
        """Count."""
        yield Work(lambda: None, bytes=1, ops=1, against={"x": Work(lambda: None, bytes=1)})

    result = Machine().measure(amounts)
    assert result.verdict == "failed"
    assert "against['x'] gives bytes, but the metric 'rate' divides by ops" in result.reason
