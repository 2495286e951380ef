"""What `make peers` says follows from what was timed and printed. No speed is asserted."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hwperf import plugins

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "peers"))  # As where the script itself runs.

import cases  # noqa: E402
import contest  # noqa: E402
import packages  # noqa: E402
import ratios  # noqa: E402
import reference  # noqa: E402
import run  # noqa: E402
import table  # noqa: E402

LIKWID = """\
Allocate: Process running on hwthread 1 (Domain S0) - Vector length 992/7936 Offset 0 Alignment 512
--------------------------------------------------------------------------------
LIKWID MICRO BENCHMARK
Test: copy_avx
CPU Clock:\t\t2445349227
Time:\t\t\t1.649604e+00 sec
Size (Byte):\t\t15872
MFlops/s:\t\t0.00
Data volume (Byte):\t266287972352
MByte/s:\t\t161425.41
Cycles per update:\t0.242376
"""
MBW = """\
0\tMethod: DUMB\tElapsed: 0.01911\tMiB: 64.00000\tCopy: 3349.558 MiB/s
1\tMethod: DUMB\tElapsed: 0.02292\tMiB: 64.00000\tCopy: 2792.077 MiB/s
AVG\tMethod: DUMB\tElapsed: 0.02101\tMiB: 64.00000\tCopy: 3045.516 MiB/s
"""
LMBENCH = """\
"stride=128
0.00098 1.130
0.01562 1.128
0.03125 1.130
0.25000 4.401
256.00000 316.204
"""
HPCC = """\
StarSTREAM_Triad=12.1
SingleSTREAM_Copy=19.4004
SingleSTREAM_Scale=26.0219
SingleSTREAM_Triad=25.7213
"""


def pairs(*values: float) -> list[ratios.Pair]:
    return [ratios.Pair(value, 1.0) for value in values]


def timing(seconds: float, switches: int = 0) -> ratios.Timing:
    return ratios.Timing(seconds, seconds, switches)


def by_unit(unit: str) -> ratios.Goal:
    return ratios.LATENCY if unit == "s" else ratios.THROUGHPUT


def test_the_ratio_is_the_median_of_the_pairs_ratios_not_the_ratio_of_medians() -> None:
    taken = [ratios.Pair(10, 10), ratios.Pair(20, 25), ratios.Pair(90, 100)]
    found = ratios.compare("x", "C", "B/s", taken)
    assert found.ratio == pytest.approx(0.9)
    assert (found.ours, found.theirs) == (20, 25)


def test_quartiles_are_those_of_numpy() -> None:
    values = [0.9, 1.3, 1.0, 1.1, 0.7, 1.05, 0.98, 1.2]
    found = ratios.compare("x", "C", "B/s", pairs(*values))
    assert found.low == pytest.approx(np.quantile(values, 0.25))
    assert found.high == pytest.approx(np.quantile(values, 0.75))


@pytest.mark.parametrize(
    ("unit", "ratio", "passes"),
    [
        ("B/s", 0.97, True), ("B/s", 0.969, False), ("B/s", 1.5, True),
        ("s", 1.03, True), ("s", 1.031, False), ("s", 0.5, True),
        ("B/s", math.nan, False), ("s", math.nan, False),
    ],
)  # fmt: skip
def test_bandwidth_may_be_three_percent_lower_latency_three_higher(
    unit: str, ratio: float, passes: bool
) -> None:
    assert ratios.compare("x", "C", unit, pairs(ratio), goal=by_unit(unit)).passes is passes


@pytest.mark.parametrize(
    ("ratio", "is_met"),
    [(0.949, False), (0.951, True), (1.0, True), (1.049, True), (1.051, False), (math.nan, False)],
)
def test_what_is_the_hardwares_alone_must_not_be_less_either(ratio: float, is_met: bool) -> None:
    assert ratios.within(0.05).is_met(ratio) is is_met


@pytest.mark.parametrize(
    "goal", [ratios.THROUGHPUT, ratios.LATENCY, ratios.SYSTEM_COST, ratios.within(0.03)]
)
def test_nothing_that_is_no_number_meets_a_goal(goal: ratios.Goal) -> None:
    assert not goal.is_met(math.nan)
    assert goal.is_met(1.0)
    assert re.fullmatch(r"[<>]= \d\.\d\d|\d\.\d\d-\d\.\d\d", str(goal))


def test_without_a_goal_nothing_is_missed() -> None:
    found = ratios.compare("x", "mbw", "B/s", pairs(0.1))
    assert found.passes
    assert found.goal is None


def test_no_pairs_are_no_result() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        ratios.compare("x", "C", "s", [])


def test_pairs_take_turns_in_who_is_first() -> None:
    order: list[str] = []
    found = ratios.interleaved(
        lambda: order.append("ours") or timing(1),  # type: ignore[func-returns-value]
        lambda: order.append("theirs") or timing(2),  # type: ignore[func-returns-value]
        4,
    )
    assert order == ["ours", "theirs", "theirs", "ours"] * 2
    assert found == [(timing(1), timing(2))] * 4


def test_a_pair_that_lost_its_core_is_taken_again() -> None:
    taken = iter([1, 0, 2, 0, 0])
    found = ratios.interleaved(lambda: timing(1, next(taken)), lambda: timing(1), 3)
    assert len(found) == 3
    assert all(ours.switches == 0 for ours, _ in found)


def test_where_every_pair_is_disturbed_they_are_used_and_counted() -> None:
    found = ratios.interleaved(lambda: timing(1, 3), lambda: timing(1), 7)
    assert len(found) == 7
    case = next(cases.cases())
    made = [contest.pair_of(case, timed, (1, 1), "wall") for timed in found]
    assert ratios.compare("x", "C", "s", made).n_disturbed == 7


def test_a_pair_divides_by_the_work_of_its_own_side() -> None:
    copy = next(case for case in cases.cases() if case.unit == "B/s")
    pair = contest.pair_of(copy, (timing(2), timing(4)), (100, 400), "wall")
    assert (pair.ours, pair.theirs) == (50, 100)
    chase = next(case for case in cases.cases() if case.unit == "s")
    pair = contest.pair_of(chase, (timing(2), timing(4)), (100, 400), "cpu")
    assert (pair.ours, pair.theirs) == (0.02, 0.01)


def test_every_case_is_a_point_of_a_workload() -> None:
    loaded = plugins.load()
    for case in cases.cases():
        workload = loaded.find(case.workload_id)
        assert case.params in list(workload.points()), case.name


def test_every_test_of_a_package_is_a_point_of_a_workload() -> None:
    loaded = plugins.load()
    for test in packages.TESTS:
        workload = loaded.find(test.workload_id)
        assert test.params in list(workload.points()), test.name
        assert test.program in packages.INSTALL


def test_names_are_told_apart() -> None:
    names = [case.name for case in cases.cases()] + [test.name for test in packages.TESTS]
    assert len(set(names)) == len(names)


def test_arrays_compete_in_several_places_a_chase_in_one() -> None:
    by_name = {case.name: case for case in cases.cases()}
    triad = by_name["triad 8KiB huge regular"].request.contestants(["plain"])
    assert [request.apart for request in triad] == list(reference.APART)
    chase = by_name["latency 16KiB huge whole"].request
    assert len(list(chase.contestants(["loop"]))) == 1


@pytest.mark.parametrize(
    ("parse", "printed", "value"),
    [
        (packages.likwid_bandwidth, LIKWID, 161425.41e6),
        (packages.mbw_copy, MBW, 2 * 3045.516 * 2**20),
        (packages.hpcc_stream("Triad"), HPCC, 25.7213e9),
        (packages.lmbench_latency(16 * 2**10), LMBENCH, 1.13e-9),
        (packages.lmbench_latency(128 * 2**10), LMBENCH, 4.401e-9),
        (packages.lmbench_latency(128 * 2**20), LMBENCH, 316.204e-9),
    ],
    ids=["likwid", "mbw", "hpcc", "lmbench L1", "lmbench L2", "lmbench DRAM"],
)
def test_what_a_peer_printed_is_read_in_base_units(parse, printed: str, value: float) -> None:  # type: ignore[no-untyped-def]
    assert parse(printed) == pytest.approx(value)


@pytest.mark.parametrize(
    "parse",
    [packages.likwid_bandwidth, packages.mbw_copy, packages.hpcc_stream("Add"),
     packages.lmbench_latency(4096)],
)  # fmt: skip
def test_something_else_is_an_error_not_a_number(parse) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(packages.PeerError):
        parse("usage: ...")


def test_an_error_of_the_reference_is_raised_with_the_request() -> None:
    with pytest.raises(reference.ReferenceError, match="copy x: no such kernel"):
        reference.answer_of('{"error": "no such kernel"}', "copy x\n")
    with pytest.raises(reference.ReferenceError, match="ended at the request"):
        reference.answer_of("", "copy x\n")


def test_a_row_shows_the_verdict_and_the_summary_names_what_missed() -> None:
    good = ratios.compare("copy", "C plain", "B/s", pairs(1.0, 1.01), goal=ratios.THROUGHPUT)
    bad = ratios.compare("chase", "C loop", "s", pairs(1.2, 1.3), goal=ratios.LATENCY)
    assert "ok" in table.row(good)
    assert "MISS" in table.row(bad)
    assert table.summary([good, bad]) == "1 of 2 reach the goal; not: chase"


def test_json_holds_every_figure() -> None:
    found = ratios.compare("copy", "C plain", "B/s", pairs(1.0, 1.01))
    assert json.loads(found.as_json())["ratio"] == pytest.approx(1.005)


def test_without_a_compiler_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reference, "compiler", lambda: None)
    assert run.main([]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "no C compiler found" in said


def test_a_case_that_is_not_there_is_said_with_those_that_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "compiler", lambda: "cc")
    assert run.main(["--case", "no such case"]) == 2
    assert "copy 8KiB small regular" in capsys.readouterr().err


def test_fewer_than_seven_pairs_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run.main(["--pairs", "3"])
    assert "use 7 or more" in capsys.readouterr().err


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cc = reference.compiler()
    if cc is None:
        pytest.skip("no C compiler here")
    return reference.build(tmp_path_factory.mktemp("peers"), cc)


@pytest.fixture
def peer(program: Path) -> Iterator[reference.Reference]:
    import os

    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("the reference pins itself, which is Linux's")
    with reference.running(program) as running:
        running.use_cpus([min(os.sched_getaffinity(0))])
        yield running


def test_the_reference_answers_each_case_in_each_style(peer: reference.Reference) -> None:
    """Small sets, small pages, few passes: that it runs and checks its own results."""
    seen = set()
    for case in cases.cases():
        asked = case.request
        if (asked.kernel, asked.variant) in seen:
            continue
        seen.add((asked.kernel, asked.variant))
        small = reference.Request(asked.kernel, asked.variant, "small", 2**20)
        requests = list(small.contestants(peer.styles(asked)))
        assert requests or asked.variant == "streaming", "only x86-64 has intrinsics for those"
        for request in requests:
            timed = peer.time(request, 4)
            assert timed.wall_s > 0
            assert timed.switches >= 0


def test_the_reference_refuses_what_it_does_not_know(peer: reference.Reference) -> None:
    with pytest.raises(reference.ReferenceError, match="no such kernel"):
        peer.time(reference.Request("copy", "sideways", "small", 8192, "plain"), 1)
    peer.release()


def test_the_reference_leaves_when_its_requests_end(program: Path) -> None:
    done = subprocess.run([program], input="nonsense\n", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "expected KERNEL" in json.loads(done.stdout)["error"]


def test_a_compiler_error_is_shown(tmp_path: Path) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'reference.c:1: oh no' >&2\nexit 1\n")
    compiler.chmod(0o755)
    with pytest.raises(reference.ReferenceError, match=re.escape("reference.c:1: oh no")):
        reference.build(tmp_path, str(compiler))
