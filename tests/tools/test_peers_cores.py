"""The cases of cores: what they ask for, what counts of it, and that the C program answers."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hwperf import plugins
from hwperf.errors import CheckFailed
from hwperf.host import pages

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "peers"))  # As where the script itself runs.

import blas  # noqa: E402
import cases  # noqa: E402
import cases_cores  # noqa: E402
import contest  # noqa: E402
import ratios  # noqa: E402
import reference  # noqa: E402
import table  # noqa: E402


def timing(seconds: float, switches: int = 0) -> ratios.Timing:
    return ratios.Timing(seconds, seconds, switches)


def stage(kernel: Any, **work: Any) -> Any:
    """Return what contest needs of a workload that has been set up."""
    given = {"clock": "its own", "latencies": False, "team": None, **work}
    return SimpleNamespace(kernel=kernel, run=kernel, amount=4, work=SimpleNamespace(**given))


def test_every_case_is_a_point_of_a_workload() -> None:
    loaded = plugins.load()
    for case in cases_cores.cases(n_cpus=8):
        workload = loaded.find(case.workload_id)
        assert case.params in list(workload.points()), case.name


def test_names_are_told_apart_and_begin_with_the_workload() -> None:
    found = list(cases_cores.cases(n_cpus=8))
    names = [case.name for case in (*found, *cases.cases())]
    assert len(set(names)) == len(names)
    assert all(case.name.startswith(case.workload_id) for case in found)


def test_no_more_threads_are_asked_for_than_there_are_cpus() -> None:
    for n_cpus in (1, 2, 6):
        assert max(case.threads for case in cases_cores.cases(n_cpus)) <= n_cpus
    scaling = [
        case.threads for case in cases_cores.cases(6) if case.workload_id == "multicore.flops"
    ]
    assert scaling == [1, 2, 4]


def test_throughput_may_be_more_a_latency_of_the_hardware_neither_more_nor_less() -> None:
    by_name = {case.name: case for case in cases_cores.cases(2)}
    assert by_name["simd.fma f64 256 8 chains"].goal == ratios.THROUGHPUT
    assert by_name["multicore.core_to_core"].goal == ratios.within(0.05)
    assert by_name["multicore.system syscall"].goal == ratios.SYSTEM_COST
    # What two cores do to one line depends on the loop: no goal.
    assert by_name["multicore.false_sharing plain 8B"].goal is None
    assert by_name["multicore.false_sharing plain 64B"].goal == ratios.within(0.05)


def test_a_pair_is_taken_where_the_cpus_stay() -> None:
    found = ratios.interleaved(lambda: timing(1), lambda: timing(2), 3, placement=lambda: "near")
    assert len(found) == 3
    assert {each.placement for pair in found for each in pair} == {"near"}


def test_a_pair_before_within_or_after_which_the_cpus_move_is_dropped() -> None:
    order: list[str] = []
    looks = iter(["near", "far", "far", "far", "near", "near", "near", "near", "near"])

    def look() -> str:
        order.append(next(looks))
        return order[-1]

    def taken() -> ratios.Timing:
        return timing(float(len(order)))

    # near (far) far | far (far) near | near (near) near | near (near) near
    found = ratios.interleaved(taken, taken, 2, placement=look)
    assert [pair[0].placement for pair in found] == ["near", "near"]
    assert [{each.wall_s for each in pair} for pair in found] == [{5.0, 6.0}, {7.0, 8.0}]


def test_where_the_cpus_never_stay_there_is_no_pair() -> None:
    places = iter(range(100))
    found = ratios.interleaved(
        lambda: timing(1), lambda: timing(1), 7, placement=lambda: str(next(places))
    )
    assert found == []


def test_a_pair_in_another_placement_is_dropped_even_if_it_was_disturbed() -> None:
    looks = iter(["near", "near", "far"] + ["far"] * 40)
    found = ratios.interleaved(
        lambda: timing(1, 3), lambda: timing(1), 3, placement=lambda: next(looks)
    )
    assert len(found) == 3
    assert {pair[0].placement for pair in found} == {"far"}


def test_a_row_tells_in_how_many_pairs_the_cpus_were_near() -> None:
    pairs = [ratios.Pair(1.0, 1.0, True, tag) for tag in ("near", "far", "near")]
    found = ratios.compare("x", "C", "s", pairs, goal=ratios.within(0.05))
    assert found.placements == {"near": 2, "far": 1}
    assert "far 1; near 2" in table.row(found)
    assert "0.95-1.05 ok" in table.row(found)


def test_a_kernel_that_times_itself_counts_by_its_median() -> None:
    returned = iter([1.0, 2.0, 3.0, 100.0, 2.0])
    assert contest.time_calls(stage(lambda: next(returned)), 5).wall_s == 10.0


def test_latencies_count_by_their_median_for_every_operation() -> None:
    taken = contest.time_calls(
        stage(lambda: [1.0, 9.0, 2.0, 3.0, 2.0], clock=None, latencies=True), 3
    )
    assert taken.wall_s == 3 * 4 * 2.0


def test_calls_that_lost_a_core_do_not_count_while_most_are_clean() -> None:
    taken = iter([timing(1), timing(9, 1), timing(1), timing(9, 2), timing(1)])
    found = contest.several([lambda: next(taken)] * 5)
    assert (found.wall_s, found.switches) == (5.0, 0)


def test_where_most_calls_lost_a_core_all_count_and_the_side_is_disturbed() -> None:
    taken = iter([timing(1), timing(9, 1), timing(9, 2)])
    found = contest.several([lambda: next(taken)] * 3)
    assert (found.wall_s, found.switches) == (27.0, 3)


def test_a_call_may_fail_but_not_most() -> None:
    def fails() -> ratios.Timing:
        raise CheckFailed("never at work at once")

    assert contest.several([fails, lambda: timing(2), lambda: timing(2)]).wall_s == 6.0
    with pytest.raises(CheckFailed, match="never at work"):
        contest.several([fails, fails, lambda: timing(2)])


def test_a_side_of_one_request_is_what_the_reference_says() -> None:
    said = ratios.Timing(2.0, 1.5, 1)
    peer: Any = SimpleNamespace(time=lambda request, count: said)
    request = reference.CoresRequest("fma", "f64-256", size=8)
    assert contest.time_requests(peer, request, contest.Amounts(9, 1, 100)) == said


@pytest.mark.parametrize(
    ("one_way_s", "speed_up", "tag"),
    [(40e-9, 2.0, "near"), (74e-9, 1.9, "near"), (160e-9, 2.0, "far"), (31e-9, 1.09, "siblings")],
)
def test_a_probe_tells_near_far_and_siblings(one_way_s: float, speed_up: float, tag: str) -> None:
    peer: Any = SimpleNamespace(probe=lambda: (one_way_s, speed_up))
    assert contest.placement(peer) == tag


def test_a_library_without_the_functions_is_no_blas() -> None:
    import _ctypes

    assert blas.named(_ctypes.__file__) is None


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cc = reference.compiler()
    if cc is None:
        pytest.skip("no C compiler here")
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("the reference pins its threads, which is Linux's")
    return reference.build(tmp_path_factory.mktemp("peers"), cc, "cores")


@pytest.fixture
def peer(program: Path) -> Iterator[reference.Reference]:
    with reference.running(program) as running:
        running.use_cpus(sorted(os.sched_getaffinity(0))[:2])
        yield running


def _small(request: reference.CoresRequest) -> reference.CoresRequest:
    if request.kernel == "bandwidth":
        return reference.CoresRequest(request.kernel, request.variant, request.threads, 2**22)
    return request


def test_the_reference_answers_each_case_in_each_style(peer: reference.Reference) -> None:
    """A few counts each: that it runs and checks its own results."""
    library = blas.find()
    if library is not None:
        peer.load_blas(library)
    has_huge_pages = pages.lacking("huge") is None
    for case in cases_cores.cases(min(2, len(os.sched_getaffinity(0)))):
        asked: Any = case.request
        if asked.kernel == "gemm" and (library is None or asked.size > 256):
            continue
        requests = list(_small(asked).contestants(peer.styles(asked)))
        assert requests or re.search("256|512", asked.variant), f"{case.name}: width not here?"
        for request in requests:
            if asked.kernel == "bandwidth" and not has_huge_pages:
                continue
            assert peer.time(request, 3).wall_s > 0, request
    peer.release()


def test_the_reference_probes_where_its_cpus_lie(peer: reference.Reference) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one CPU")
    assert contest.placement(peer) in ("near", "far", "siblings")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (reference.CoresRequest("fma", "f80-7", 1, 1, "c"), "no such kernel"),
        (reference.CoresRequest("fma", "f64-128", 999, 1, "c"), "no more threads than CPUs"),
        (reference.CoresRequest("fma", "f64-128", 1, 3, "c"), "expected 1, 2, 4, 8, 12 or 16"),
        (reference.CoresRequest("counters", "plain", 1, 7, "c"), "expected a size of"),
        (reference.CoresRequest("gemm", "f64", 1, 64, "c"), "no BLAS was loaded"),
        (reference.CoresRequest("bandwidth", "copy", 1, 4096, "plain"), "whole huge pages"),
    ],
)
def test_the_reference_refuses_what_it_cannot_do(
    peer: reference.Reference, request_: reference.CoresRequest, message: str
) -> None:
    with pytest.raises(reference.ReferenceError, match=message):
        peer.time(request_, 1)
