"""Samples that lost their core do not count while enough others remain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hwperf.measure.interference import Disturbance
from hwperf.measure.selection import Sample, Samples, mark_slow, usable

GHZ = 1e9


def sample(cost_s: float = 1.0, *causes: str, clock_hz: float | None = None) -> Sample:
    return Sample(cost_s, 1e-3, Disturbance({}, causes), clock_hz, clock_hz)


def is_slow(one: Sample) -> bool:
    return "slow_clock" in one.disturbance.causes


def test_clean_samples_are_used_while_there_are_as_many_as_wanted() -> None:
    clean = [sample(1.0)] * 8
    lost = [sample(9.0, "involuntary_switches")] * 20
    assert usable([*lost, *clean], 8) == tuple(clean)


def test_seven_clean_samples_are_not_eight() -> None:
    assert usable([*[sample(1.0)] * 7, *[sample(9.0, "steal_s")] * 20], 8) is None


def test_without_enough_at_full_clock_the_fastest_of_those_with_their_core_are_used() -> None:
    """A clock that wanders never gives eight samples within 1 % of its fastest."""
    clocks = [GHZ * (2 + i / 10) for i in range(40)]
    used = usable([sample(1.0, clock_hz=clock_hz) for clock_hz in clocks], 8)
    assert used is not None
    assert 8 <= len(used) < 40
    assert sorted(s.clock_hz or 0 for s in used) == clocks[-len(used) :]


def test_a_sample_beside_a_slow_reading_is_marked_once() -> None:
    samples = [*[sample(clock_hz=3 * GHZ)] * 9, sample(clock_hz=2 * GHZ)]
    marked = mark_slow(samples)
    assert [is_slow(s) for s in marked] == [False] * 9 + [True]
    assert mark_slow(marked) == marked


def test_one_reading_too_high_does_not_make_all_others_slow() -> None:
    """A reading between two interruptions of the clock itself can be far too high."""
    samples = [*[sample(clock_hz=3 * GHZ)] * 39, sample(clock_hz=9 * GHZ)]
    assert not any(map(is_slow, mark_slow(samples)))


def test_samples_without_a_clock_are_never_slow() -> None:
    assert not any(map(is_slow, mark_slow([sample()] * 5)))
    mixed = mark_slow([sample(), sample(clock_hz=3 * GHZ)])
    assert not any(map(is_slow, mixed))


def test_marking_keeps_the_other_causes() -> None:
    samples = [*[sample(clock_hz=3 * GHZ)] * 9, sample(1.0, "steal_s", clock_hz=GHZ)]
    assert mark_slow(samples)[-1].disturbance.causes == ("steal_s", "slow_clock")


def test_nothing_stays_nothing() -> None:
    assert mark_slow([]) == ()
    assert usable([], 8) is None


@given(
    st.lists(
        st.builds(
            sample,
            st.floats(0.5, 2.0),
            st.sampled_from(["steal_s", "migrations", "slow_clock"]),
            clock_hz=st.one_of(st.none(), st.floats(GHZ, 4 * GHZ)),
        )
        | st.builds(sample, st.floats(0.5, 2.0), clock_hz=st.floats(GHZ, 4 * GHZ)),
        max_size=40,
    )
)
def test_what_counts_kept_its_core_and_is_as_many_as_wanted(samples: list[Sample]) -> None:
    used = usable(samples, 8)
    own = Samples(tuple(samples), 1, 0.0, 1.0).own
    if used is None:
        assert len(own) < 8
    else:
        assert len(used) >= 8
        assert {s.cost_s for s in used} <= {s.cost_s for s in own}
