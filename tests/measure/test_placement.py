"""How the CPUs of several threads lie to one another is a state that samples are tagged with."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from hwperf import CheckFailed, Work, Workload, workload
from hwperf.measure import Result
from hwperf.measure.placement import SIBLINGS, Placement, placed, probing, tag_of

from .virtual import Machine

NEAR, FAR = Placement("near", 40e-9), Placement("far", 160e-9)


class Pair:
    """A team of two threads."""

    cpus = (0, 1)
    thread_ids = (1, 2)


def two_threads(machine: Machine, seconds: Callable[[], float]) -> Workload:
    """Return a workload on two threads that times itself."""
    calls = [0]

    @workload("test.two", source="a test")
    def two() -> Iterator[Work]:
        """Let time pass on two threads."""

        def kernel() -> float:
            calls[0] += 1
            lasted = seconds()
            machine.advance(lasted)
            return lasted

        yield Work(kernel, ops=1, clock="test", team=Pair())
        if not calls[0] > 0:
            raise CheckFailed("the kernel did not run")

    return two


def measured(placements: Iterator[Placement]) -> Result:
    """Measure a kernel that takes three times as long while the CPUs are far from each other."""
    now = [NEAR]

    def probe() -> Placement:
        now[0] = next(placements)
        return now[0]

    machine = Machine(placement=probe)
    return machine.measure(two_threads(machine, lambda: 3e-3 if now[0] == FAR else 1e-3))


@pytest.mark.parametrize(
    ("latency_s", "crowding", "tag"),
    [
        (40e-9, 1.0, "near"),
        (160e-9, 1.0, "far"),
        (31e-9, 2.0, "siblings"),
        (160e-9, SIBLINGS, "siblings"),
        (75e-9, 1.0, "far"),
    ],
)
def test_tags(latency_s: float, crowding: float, tag: str) -> None:
    assert tag_of(latency_s, crowding) == tag


def test_pairs_that_differ_are_all_named_and_the_slowest_tells_the_time() -> None:
    assert placed([NEAR, FAR, NEAR]) == Placement("far+near", 160e-9)


def test_the_tag_is_kept_with_the_result() -> None:
    result = measured(itertools.repeat(FAR))
    assert result.cost_s == pytest.approx(3e-3)
    assert result.tags["placement"] == "far"
    assert result.tags["core_to_core_s"] == pytest.approx(160e-9)
    assert set(result.tags["placements"]) == {"far"}
    assert result.n_disturbed == 0


def test_a_sample_during_which_the_tag_flipped_does_not_count() -> None:
    """Twelve probes near, then one far, and near again: the two samples beside it are dropped."""
    script = itertools.chain([NEAR] * 12, [FAR], itertools.repeat(NEAR))
    result = measured(script)
    assert result.cost_s == pytest.approx(1e-3)
    assert result.samples == pytest.approx([1e-3] * len(result.samples))
    assert result.disturbances["placement"] == 2


def test_only_samples_of_one_placement_count_the_one_of_most() -> None:
    """Six samples near and all others far: the figure is that of far, and it is trusted.

    The first probe stands before the budget, and the sixth sample has ended far.
    """
    script = itertools.chain([NEAR] * 7, itertools.repeat(FAR))
    result = measured(script)
    assert result.tags["placement"] == "far"
    assert result.samples == pytest.approx([3e-3] * len(result.samples))
    assert result.tags["placements"]["near"] == 6
    assert result.verdict == "ok"


def test_where_too_few_samples_are_left_those_of_another_placement_still_do_not_count() -> None:
    """Calls of 30 ms: seven samples in all, five of them in one placement."""
    now = [NEAR]
    script = itertools.chain([NEAR] * 6, itertools.repeat(FAR))

    def probe() -> Placement:
        now[0] = next(script)
        return now[0]

    machine = Machine(placement=probe)
    result = machine.measure(two_threads(machine, lambda: 9e-2 if now[0] == FAR else 3e-2))
    assert result.verdict == "noisy"
    assert len({round(cost, 6) for cost in result.samples}) == 1


def test_a_placement_that_never_lasts_gives_no_result_to_trust() -> None:
    result = measured(itertools.cycle([NEAR, FAR]))
    assert result.verdict == "noisy"
    assert "placement" in result.reason


@pytest.mark.parametrize("cpus", [(), (0,), (0, 0)])
def test_one_cpu_lies_nowhere(cpus: tuple[int, ...]) -> None:
    with probing(cpus, 0.001) as probe:
        assert probe is None


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU only")
def test_this_machines_cpus_lie_somewhere_and_the_affinity_comes_back() -> None:
    before = os.sched_getaffinity(0)
    with probing(sorted(before)[:2], 0.001) as probe:
        assert probe is not None
        seen = probe()
        assert os.sched_getaffinity(0) == {min(before)}
    assert seen.tag in {"near", "far", "siblings"}
    assert 0 < seen.latency_s < 1e-3
    assert os.sched_getaffinity(0) == before
