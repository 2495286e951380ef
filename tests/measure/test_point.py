"""A point gives a result whatever its workload does, and nothing stays behind."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from hwperf import CheckFailed, DeclarationError, Unsupported, Work, Workload, plugins, workload
from hwperf.measure import FULL, QUICK, measure

from .virtual import SHORT, Machine

REHEARSED = replace(SHORT, rehearsal_s=math.inf)
"""Every set-up is repeated to see that the check can fail."""

Step = Callable[[], Any]


def nothing() -> None:
    """Do nothing."""


class Faulty:
    """A workload whose steps are given; *trace* tells which were reached."""

    def __init__(self, machine: Machine, **steps: Step) -> None:
        self.machine, self.steps, self.trace = machine, steps, []  # type: ignore[var-annotated]
        self.calls = 0

    def step(self, name: str) -> None:
        self.trace.append(name)
        self.steps.get(name, nothing)()

    def kernel(self) -> None:
        self.calls += 1
        self.machine.advance(1e-4)
        self.steps.get("kernel", nothing)()

    def declared(self) -> Workload:
        @workload("test.faulty", source="a test")
        def faulty() -> Iterator[Work]:
            """Go through every phase."""
            try:
                self.step("set-up")
                before = self.calls
                yield Work(self.kernel, ops=1)
                self.step("check")
                if not self.calls > before:
                    raise CheckFailed("0 calls (is) != at least 1 (should)")
            finally:
                self.step("tear-down")

        return faulty


def raising(error: BaseException) -> Step:
    def step() -> None:
        raise error

    return step


def test_a_point_goes_through_every_phase_in_order() -> None:
    machine = Machine()
    faulty = Faulty(machine)
    result = machine.measure(faulty.declared())
    assert (result.verdict, result.reason) == ("ok", "")
    assert faulty.trace == ["set-up", "check", "tear-down"]
    assert result.tags["profile"] == "test"
    assert {"set_up_s", "warm_up_s", "sampling_s", "started", "wall_s"} <= set(result.tags)


def test_a_rehearsed_point_is_seen_to_fail_without_its_kernel_first() -> None:
    machine = Machine()
    faulty = Faulty(machine)
    assert machine.measure(faulty.declared(), REHEARSED).verdict == "ok"
    assert faulty.trace == ["set-up", "check", "tear-down"] * 3


def test_the_quick_profile_rehearses_where_set_up_is_short() -> None:
    """Repeating a set-up of seconds would cost more than the point itself."""
    for rehearsal_s, runs in ((1e9, 3), (-1.0, 1)):
        machine = Machine()
        faulty = Faulty(machine)
        machine.measure(faulty.declared(), replace(SHORT, rehearsal_s=rehearsal_s))
        assert faulty.trace.count("check") == runs
    assert 0 < QUICK.rehearsal_s < FULL.rehearsal_s == math.inf


class Panic(BaseException):
    """As pyo3's, which is no Exception either."""


class Unprintable(Exception):
    def __str__(self) -> str:
        return str(1 / 0)


@pytest.mark.parametrize(
    ("step", "error", "reason"),
    [
        ("set-up", OSError("no device"), "the set-up raised OSError: no device (test_point.py:"),
        ("set-up", MemoryError(), "the set-up raised MemoryError: no message (test_point.py:"),
        ("set-up", CheckFailed("bad data"), "bad data"),
        ("kernel", ValueError("a\n b"), "the kernel raised ValueError: a b (test_point.py:"),
        ("set-up", SystemExit(3), "the set-up raised SystemExit: 3 (test_point.py:"),
        ("kernel", SystemExit(3), "the kernel raised SystemExit: 3 (test_point.py:"),
        ("check", SystemExit(3), "the check raised SystemExit: 3 (test_point.py:"),
        ("check", CheckFailed("a[3]: 1 (is) != 2 (should)"), "a[3]: 1 (is) != 2 (should)"),
        ("check", CheckFailed(), "the workload raised CheckFailed: no message (test_point.py:"),
        ("check", AssertionError("differs"), "differs"),
        ("check", AssertionError(), "an assertion of the check does not hold"),
        ("check", IndexError("7"), "the check raised IndexError: 7 (test_point.py:"),
        ("check", Unsupported("too late"), "the check raised Unsupported: too late (test_point."),
        ("tear-down", OSError("busy"), "raised OSError: busy (test_point.py:"),
        ("set-up", Panic("at the core"), "the workload raised Panic: at the core (test_point.py:"),
        ("kernel", Panic("at the core"), "the workload raised Panic: at the core (test_point.py:"),
        ("check", Panic("at the core"), "the workload raised Panic: at the core (test_point.py:"),
        ("kernel", ValueError("x" * 10**6), "xxx ... and 999,000 characters more (test_point.py:"),
        ("kernel", Unprintable(), "no message, as ZeroDivisionError was raised when it was asked"),
    ],
)
@pytest.mark.parametrize("profile", [SHORT, REHEARSED], ids=["plain", "rehearsed"])
def test_whatever_a_workload_raises_fails_its_point_only(
    step: str, error: BaseException, reason: str, profile: Any
) -> None:
    machine = Machine()
    faulty = Faulty(machine, **{step: raising(error)})
    result = machine.measure(faulty.declared(), profile)
    assert result.verdict == "failed"
    assert reason in result.reason
    assert (result.cost_s, result.value, result.interval, result.samples) == (None, None, None, ())
    assert faulty.trace.count("tear-down") == faulty.trace.count("set-up")


def test_a_kernel_that_raises_late_fails_and_is_torn_down() -> None:
    machine = Machine()

    def at_the_hundredth() -> None:
        if faulty.calls == 100:
            raise RuntimeError("call 100")

    faulty = Faulty(machine, kernel=at_the_hundredth)
    result = machine.measure(faulty.declared())
    assert result.verdict == "failed"
    assert result.reason.startswith("the kernel raised RuntimeError: call 100 (test_point.py:")
    assert faulty.calls == 100
    assert faulty.trace == ["set-up", "tear-down"]


def test_a_check_that_only_many_calls_break_drops_the_value() -> None:
    """What is checked is what was measured, not a run before it."""
    machine = Machine()

    def wrong_after_many() -> None:
        if faulty.calls > 50:
            raise CheckFailed("overflow")

    faulty = Faulty(machine, check=wrong_after_many)
    result = machine.measure(faulty.declared())
    assert (result.verdict, result.reason, result.cost_s) == ("failed", "overflow", None)


def test_a_check_that_cannot_fail_is_found_before_anything_is_measured() -> None:
    machine = Machine()

    @workload("test.careless", source="a test")
    def careless() -> Iterator[Work]:
        """Check nothing."""
        yield Work(lambda: machine.advance(1e-4), ops=1)

    result = machine.measure(careless, REHEARSED)
    assert result.verdict == "failed"
    assert result.reason == (
        "the check passes although the kernel did not run, so it cannot fail; compare what the "
        "kernel writes with a known-correct result, starting from poisoned outputs"
    )


@pytest.mark.parametrize("step", ["set-up", "kernel", "check", "tear-down"])
def test_an_interrupt_passes_through_and_tears_down(step: str) -> None:
    machine = Machine()
    faulty = Faulty(machine, **{step: raising(KeyboardInterrupt())})
    with pytest.raises(KeyboardInterrupt):
        machine.measure(faulty.declared())
    assert faulty.trace[-1] == "tear-down"


def test_what_the_host_cannot_do_is_not_available_with_its_reason() -> None:
    machine = Machine()
    faulty = Faulty(machine, **{"set-up": raising(Unsupported("needs 4 GiB, has 2 GiB"))})
    result = machine.measure(faulty.declared())
    assert (result.verdict, result.reason) == ("n/a", "needs 4 GiB, has 2 GiB")
    assert (result.cost_s, result.samples) == (None, ())
    assert result.version


def test_a_host_that_cannot_is_never_without_a_reason() -> None:
    faulty = Faulty(machine := Machine(), **{"set-up": raising(Unsupported())})
    result = machine.measure(faulty.declared())
    assert (result.verdict, result.reason) == ("n/a", "the workload does not say why")


def test_an_unmet_requirement_runs_no_set_up() -> None:
    @workload("test.required", source="a test", requires=lambda: "no accelerator found")
    def required() -> Iterator[Work]:
        """Never run."""
        raise AssertionError("this was set up")
        yield Work(nothing, ops=1)

    result = Machine().measure(required)
    assert (result.verdict, result.reason) == ("n/a", "no accelerator found")


def test_a_workload_that_never_yields_says_so() -> None:
    @workload("test.silent", source="a test")
    def silent() -> Iterator[Work]:
        """Give up."""
        if machine.now < 0:
            yield Work(nothing, ops=1)

    machine = Machine()
    result = machine.measure(silent)
    assert result.verdict == "failed"
    assert result.reason == "the workload ended before it yielded its Work"


def test_a_workload_that_yields_twice_says_so() -> None:
    machine = Machine()

    @workload("test.twice", source="a test")
    def twice() -> Iterator[Work]:
        """Yield again."""
        yield Work(lambda: machine.advance(1e-4), ops=1)
        yield 7  # type: ignore[misc]

    result = machine.measure(twice)
    assert result.verdict == "failed"
    assert result.reason == (
        "the workload yields twice; write set-up, one 'yield Work(...)', then the check"
    )


def test_a_workload_that_yields_something_else_says_what_was_expected() -> None:
    @workload("test.other", source="a test", metric="latency")
    def other() -> Iterator[Work]:
        """Yield a number."""
        yield 7  # type: ignore[misc]

    result = Machine().measure(other)
    assert result.verdict == "failed"
    assert result.reason == "the workload yields 7; expected Work(kernel, bytes=...)"


def test_an_amount_that_the_metric_does_not_divide_by_is_named() -> None:
    @workload("test.mismatch", source="a test", metric="bandwidth")
    def mismatch() -> Iterator[Work]:
        """Count operations."""
        yield Work(nothing, ops=1)

    result = Machine().measure(mismatch)
    assert result.verdict == "failed"
    assert result.reason == (
        "Work gives ops, but the metric 'bandwidth' divides by bytes; add bytes=..."
    )


def test_latencies_that_the_declaration_does_not_show_are_refused() -> None:
    @workload("test.hidden", source="a test")
    def hidden() -> Iterator[Work]:
        """Hide that there are latencies."""
        options: dict[str, Any] = {"latencies": True}
        yield Work(nothing, ops=1, **options)

    result = Machine().measure(hidden)
    assert result.verdict == "failed"
    assert result.reason.startswith("Work(latencies=True) disagrees with the declaration")


def test_a_wrong_amount_is_the_authors_fault_with_its_fix() -> None:
    @workload("test.zero", source="a test", params={"n": [0]})
    def zero(n: int) -> Iterator[Work]:
        """Count nothing."""
        yield Work(nothing, ops=n)

    result = Machine().measure(zero, n=0)
    assert (result.verdict, result.reason) == ("failed", "Work: ops=0 is not above zero.")


@pytest.mark.parametrize(
    ("limit", "verdict"),
    [
        (1e4 / 1.0499, "ok"),
        (1e4 / 1.0501, "impossible"),
        (1e4, "ok"),
        (2e4, "ok"),
        (1e3, "impossible"),
    ],
)
def test_a_rate_is_impossible_from_a_twentieth_above_its_limit(limit: float, verdict: str) -> None:
    """A call of 100 µs is a rate of 10,000 per second."""
    machine = Machine()
    result = machine.measure(machine.timed(1e-4, limit=limit))
    assert (result.verdict, result.limit) == (verdict, limit)
    assert result.is_measured == (verdict == "ok")


def test_an_impossible_rate_is_dropped_and_says_why() -> None:
    machine = Machine()
    result = machine.measure(machine.timed(1e-4, limit=5e3))
    assert (result.cost_s, result.samples, result.fraction_of_limit) == (None, (), None)
    assert result.reason == (
        "100 µs is beyond the physical limit of 200 µs by a factor of 2; typical causes: the "
        "compiler deleted the loop, memory never written, a cache answered, a wrong amount"
    )


def test_a_limit_that_raises_fails_the_point_with_its_cause() -> None:
    machine = Machine()

    @workload("test.limited", source="a test", limit=lambda: 1 / 0)
    def limited() -> Iterator[Work]:
        """Have a broken limit."""
        yield Work(lambda: machine.advance(1e-4), ops=1)

    result = machine.measure(limited)
    assert result.verdict == "failed"
    assert "raised ZeroDivisionError: division by zero (test_point.py:" in result.reason


def test_a_requirement_that_raises_fails_the_point_with_its_cause() -> None:
    @workload("test.required", source="a test", requires=lambda: 1 / 0)
    def required() -> Iterator[Work]:
        """Have a broken requirement."""
        yield Work(nothing, ops=1)

    result = Machine().measure(required)
    assert result.verdict == "failed"
    assert "raised ZeroDivisionError" in result.reason


def test_unknown_parameters_fail_the_point() -> None:
    machine = Machine()
    result = machine.measure(machine.timed(1e-4), size=3)
    assert result.verdict == "failed"
    assert "unexpected keyword argument 'size'" in result.reason


def test_a_declaration_error_in_set_up_is_a_failure_not_a_crash() -> None:
    machine = Machine()
    faulty = Faulty(machine, **{"set-up": raising(DeclarationError("wrong"))})
    assert machine.measure(faulty.declared()).verdict == "failed"


def test_what_probes_lack_is_kept_with_the_result() -> None:
    machine = Machine(unavailable={"steal_s": "no /proc/stat"})
    result = machine.measure(machine.timed(1e-4))
    assert result.tags["unavailable"] == {"steal_s": "no /proc/stat"}


def test_the_harness_itself_is_measured_with_the_hosts_own_instruments() -> None:
    """No figure is asserted: only that there is one, with what it was measured by."""
    null = plugins.load().find("core.null")
    result = measure(null, {}, profile=QUICK.with_budget(0.02))
    assert result.verdict in ("ok", "noisy"), result.reason
    assert result.cost_s is not None
    assert 0 < result.cost_s < 1
    assert result.tags["clock_hz"] > 0


def test_what_the_system_reports_of_the_cores_caches_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that a page made elsewhere can draw it beside what was measured."""
    from hwperf.measure import point

    monkeypatch.setattr(point.caches, "data_bytes", lambda cpu: {1: 32768, 2: 2**20})
    point._caches.cache_clear()
    result = measure(plugins.load().workloads["core.clock"], {}, profile=SHORT)
    point._caches.cache_clear()
    assert result.record()["tags"]["caches"] == {"L1": 32768, "L2": 2**20}
