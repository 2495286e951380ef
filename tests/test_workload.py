"""A workload is declared once, as a frozen record, and nothing happens by declaring it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hwperf import DeclarationError, Work, Workload, metrics, workload


@workload(
    "test.copy",
    params={"stores": ["regular", "streaming"], "nbytes": [64, 128]},
    limit=lambda nbytes: 1e9 * nbytes,
    requires=[
        lambda: None,
        lambda stores, nbytes: f"no {stores} of {nbytes} B" if nbytes > 64 else None,
        lambda: "never asked when the one before says no",
    ],
    source="a test",
)
def copy(nbytes: int, stores: str) -> Iterator[Work]:
    """Bandwidth of a copy.

    Counts loads and stores.
    """
    yield Work(lambda: None, bytes=2 * nbytes, flops=1)


def declared(**changes: Any) -> Workload:
    """Return a workload of no parameter whose declaration has *changes*."""

    def nothing() -> Iterator[Work]:
        """Do nothing."""
        yield Work(lambda: None, ops=1)

    return workload("test.nothing", **{"source": "a test", **changes})(nothing)


def test_a_workload_is_a_frozen_record() -> None:
    assert isinstance(copy, Workload)
    assert (copy.id, copy.domain, copy.module) == ("test.copy", "test", __name__)
    with pytest.raises(dataclasses.FrozenInstanceError):
        copy.id = "test.other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        copy.params["nbytes"] = (1,)  # type: ignore[index]


def test_parameters_come_in_the_order_of_the_function() -> None:
    """Points, and with them asv's names, do not depend on how the dict was written."""
    assert list(copy.params) == ["nbytes", "stores"]
    assert list(copy.points()) == [
        {"nbytes": 64, "stores": "regular"},
        {"nbytes": 64, "stores": "streaming"},
        {"nbytes": 128, "stores": "regular"},
        {"nbytes": 128, "stores": "streaming"},
    ]


def test_without_parameters_there_is_one_point() -> None:
    assert list(declared().points()) == [{}]


def test_the_first_amount_is_the_primary_one() -> None:
    assert copy.metric is metrics.BANDWIDTH
    assert declared().metric is metrics.LATENCY


def test_a_metric_may_be_named() -> None:
    assert declared(metric="rate").metric is metrics.RATE
    assert declared(metric=metrics.CLOCK).metric is metrics.CLOCK


def test_what_it_answers_is_by_default_the_first_line_of_the_docstring() -> None:
    assert copy.answers == "Bandwidth of a copy."
    assert copy.doc == "Bandwidth of a copy.\n\nCounts loads and stores."
    assert declared(answers="How long is nothing?").answers == "How long is nothing?"


def test_a_limit_gets_the_parameters_that_it_takes() -> None:
    assert copy.limit_at({"nbytes": 64, "stores": "regular"}) == 64e9
    assert declared(limit=5).limit_at({}) == 5.0
    assert declared(limit=lambda **params: 7 + len(params)).limit_at({}) == 7


@pytest.mark.parametrize("told", [None, float("nan"), float("inf"), 0, -1.0])
def test_a_limit_that_the_host_does_not_tell_is_none(told: float | None) -> None:
    assert declared(limit=lambda: told).limit_at({}) is None


def test_the_first_requirement_that_is_not_met_says_why() -> None:
    small = {"nbytes": 64, "stores": "regular"}
    assert copy.unsupported({"nbytes": 128, "stores": "regular"}) == "no regular of 128 B"
    assert copy.unsupported(small) == "never asked when the one before says no"
    assert declared(requires=lambda: None).unsupported({}) is None


def test_declaring_and_listing_never_run_the_function() -> None:
    @workload("test.untouched", source="a test")
    def untouched() -> Iterator[Work]:
        """Fail when run."""
        raise AssertionError("this was run")
        yield Work(lambda: None, ops=1)

    list(untouched.points())
    assert untouched.unsupported({}) is None
    assert untouched.version


def test_latencies_are_known_without_running() -> None:
    @workload("test.latencies", source="a test")
    def many() -> Iterator[Work]:
        """Return many latencies."""
        yield Work(lambda: [1.0], ops=1, latencies=True)

    @workload("test.one", source="a test")
    def one() -> Iterator[Work]:
        """Return none."""
        yield Work(lambda: None, ops=1, latencies=False)

    assert many.has_latencies
    assert not one.has_latencies


def test_work_keeps_plain_numbers_whatever_number_it_is_given() -> None:
    work = Work(lambda: None, bytes=np.int64(64), flops=np.float32(1.5), ops=2.0)
    assert dict(work.amounts) == {"bytes": 64, "flops": 1.5, "ops": 2}
    assert [type(amount) for amount in work.amounts.values()] == [int, float, int]
    assert (work.clock, work.latencies) == (None, False)


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        ({}, "no amount is given; pass bytes=, flops= or ops= of one call"),
        ({"byte": 8}, "byte= is no amount; amounts are bytes, flops, ops"),
        ({"ops": 0}, "ops=0 is not above zero"),
        ({"ops": -1.5}, "ops=-1.5 is not above zero"),
        ({"ops": float("nan")}, "ops=nan is not above zero"),
        ({"ops": float("inf")}, "ops=inf is not above zero"),
        ({"ops": "8"}, "ops='8' is no number"),
        ({"ops": None}, "ops=None is no number"),
        ({"ops": 1j}, "ops=1j is no number"),
        ({"ops": np.array([1, 2])}, "ops=array([1, 2]) is no number"),
        ({"ops": 10**400}, f"ops={10**400} is not above zero"),
    ],
)
def test_an_amount_is_a_number_above_zero(amounts: dict[str, Any], told: str) -> None:
    with pytest.raises(DeclarationError) as refused:
        Work(lambda: None, **amounts)
    assert str(refused.value) == f"Work: {told}."


def test_all_faults_of_work_are_told_at_once() -> None:
    with pytest.raises(DeclarationError) as refused:
        Work(3, byte=1, ops=0)  # type: ignore[arg-type]
    assert str(refused.value) == (
        "Work: the kernel 3 cannot be called; pass e.g. lambda: copy(a, b); "
        "byte= is no amount; amounts are bytes, flops, ops; ops=0 is not above zero."
    )
