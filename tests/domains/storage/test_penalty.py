"""Small writes keep to their share and their place, and are called steady only if they are."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf import GiB, MiB
from hwperf.domains.storage import penalty, wear
from hwperf.domains.storage import write_penalty as workload
from hwperf.domains.storage.steadiness import is_steady, windows
from hwperf.measure import QUICK, Profile, measure
from hwperf.measure.contract import violations
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word


@pytest.mark.parametrize("queue_depth", [1, 32])
def test_the_contract_is_kept(session: Session, queue_depth: int) -> None:
    assert violations(workload, {"queue_depth": queue_depth}) == ()


@pytest.mark.parametrize("queue_depth", [1, 32])
@pytest.mark.parametrize("profile", [QUICK, Profile("full", budget_s=0.3)])
def test_no_more_is_written_than_the_point_may(
    session: Session, queue_depth: int, profile: Profile
) -> None:
    session.ledger[Word.LIMIT] = 2 * GiB
    measure(workload, {"queue_depth": 1}, profile=Profile("lay out", 0.01, rehearsal_s=-1))
    before = session.ledger[Word.WRITTEN]
    result = measure(workload, {"queue_depth": queue_depth}, profile=profile)
    assert result.cost_s, result.reason
    assert session.ledger[Word.WRITTEN] - before <= wear.SHARES["write_penalty"] == 24 * MiB
    told = {name: figure.value for name, figure in result.figures.items()}
    assert told["sequential_over_random"] == pytest.approx(
        1 / result.against[penalty.SEQUENTIAL].value
    )
    assert told["last_over_first"] > 0
    assert told["steady"] in (True, False)
    times, rates = zip(*told["rate_over_time"], strict=True)
    assert len(times) > 8
    assert list(times) == sorted(times)
    assert min(rates) > 0


def test_a_run_that_may_write_too_little_says_so(session: Session) -> None:
    session.ledger[Word.LIMIT] = 1 * GiB
    result = measure(workload, {"queue_depth": 32}, profile=QUICK)
    assert result.verdict == "n/a"
    assert result.reason == (
        "10 times 128 writes of 4 KiB and one of 1 MiB are more than the 12 MiB that this point "
        "may write in such a run. Use --full"
    )


def test_windows_are_of_equal_time_over_the_second_half() -> None:
    """Ten calls of 1 s: 10 each, then 1 to 5."""
    rates = windows([1.0] * 10, [10.0] * 5 + [1, 2, 3, 4, 5])
    assert rates is not None
    assert rates.tolist() == pytest.approx([1, 2, 3, 4, 5])
    assert windows([1.0] * 9, [1.0] * 9) is None


@pytest.mark.parametrize(
    ("rates", "steady"),
    [
        ([100, 100, 100, 100, 100], True),
        ([91, 109, 100, 109, 91], True),  # A range of 18 %.
        ([89, 111, 100, 111, 89], False),  # Of 22 %.
        ([95.5, 98, 100, 102, 104.5], True),  # Rises by 8.8 %.
        ([94, 97, 100, 103, 106], False),  # By 12 %, though the range is 12 %.
        ([106, 103, 100, 97, 94], False),
        ([100, 100, float("nan"), 100, 100], False),
    ],
)
def test_steady_is_what_the_standard_calls_so(rates: list[float], steady: bool) -> None:
    assert is_steady(np.array(rates)) is steady


def test_without_windows_nothing_is_steady() -> None:
    assert is_steady(None) is False
