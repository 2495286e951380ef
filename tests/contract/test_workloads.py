"""Every workload that is installed, built in or of a plugin, keeps the contract."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from hwperf import Unsupported, Workload, plugins
from hwperf.measure.contract import violations
from hwperf.measure.stage import set_up

LONG_S = 0.3  # Of a workload whose set-up takes longer only one point is tested.
WORKLOADS = plugins.load().workloads


def size_of(params: dict[str, Any]) -> float:
    """Return how large a point is likely to be: its numbers, added up."""
    return sum(value for value in params.values() if isinstance(value, (int, float)))


def small_points(workload: Workload) -> Iterator[dict[str, Any]]:
    """Yield small points in which every value that is no number occurs: each has its own kernel.

    What this host cannot run is left out; where it can run nothing, one point says why.
    """
    points = sorted(workload.points(), key=size_of)
    supported = [params for params in points if not workload.unsupported(params)]
    covered: set[Any] = set()
    for params in supported or points[:1]:
        named = {(key, value) for key, value in params.items() if isinstance(value, str)}
        if not covered or not named <= covered:
            covered |= {*named, ()}
            yield params


def shown(workload: Workload, params: dict[str, Any]) -> str:
    return f"{workload.id}({','.join(f'{key}={value}' for key, value in params.items())})"


CASES = [
    pytest.param(workload, params, place, id=shown(workload, params))
    for workload in WORKLOADS.values()
    for place, params in enumerate(small_points(workload))
]


@pytest.mark.parametrize(("workload", "params", "place"), CASES)
def test_it_keeps_the_contract(workload: Workload, params: dict[str, Any], place: int) -> None:
    reason = workload.unsupported(params)
    if reason:
        pytest.skip(f"n/a: {reason}")
    try:
        start = time.perf_counter()
        with set_up(workload, params):
            seconds = time.perf_counter() - start
        if place > 0 and seconds > LONG_S:
            pytest.skip(f"set-up takes {seconds:.1f} s; a smaller point was tested")
        assert violations(workload, params) == ()
    except Unsupported as why:
        pytest.skip(f"n/a: {why}")


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)
def test_its_limit_is_known_or_said_to_be_unknown_at_every_point(workload: Workload) -> None:
    for params in workload.points():
        limit = workload.limit_at(params)
        assert limit is None or limit > 0


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)
def test_it_says_what_it_counts_and_whom_it_follows(workload: Workload) -> None:
    """A number whose convention is not told cannot be compared with anybody's."""
    assert workload.doc.splitlines()[0].endswith(".")
    assert "ount" in workload.doc, "say what is counted: 'Counts ...'"
    assert workload.source
    assert workload.answers
