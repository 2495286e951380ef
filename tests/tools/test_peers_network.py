"""The cases of the network: who is compared with whom, and what peers print. No speed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "peers"))  # As where the script itself runs.

import cases_network  # noqa: E402
import network  # noqa: E402
import reference  # noqa: E402
import run  # noqa: E402

from hwperf import plugins  # noqa: E402
from hwperf.domains.network import channels, streams  # noqa: E402
from hwperf.units import MiB  # noqa: E402

CASES = {case.name: case for case in cases_network.cases()}


def test_the_goals_are_those_that_were_asked_for() -> None:
    assert str(cases_network.ROUND_TRIP) == "<= 1.10"
    assert str(cases_network.BANDWIDTH) == ">= 0.95"
    goals = {case.name: case.goal for case in CASES.values() if case.nbytes == MiB}
    assert len(goals) == 3
    assert set(goals.values()) == {cases_network.BANDWIDTH}
    round_trips = [case for case in CASES.values() if case.unit == "s"]
    assert {case.goal for case in round_trips} == {cases_network.ROUND_TRIP}


def test_names_begin_with_a_workload_that_takes_the_parameters() -> None:
    known = plugins.load().workloads
    for case in CASES.values():
        workload = known[case.name.split()[0]]
        assert workload.id == case.workload_id
        assert set(case.params) == set(workload.params)
        assert case.transport in workload.params["transport"]


def test_what_iperf3_prints_is_what_the_receiver_got() -> None:
    tcp = '{"end": {"sum_sent": {"bits_per_second": 9}, "sum_received": {"bits_per_second": 8e9}}}'
    udp = '{"end": {"sum": {"bits_per_second": 8e9, "lost_percent": 25}}}'
    assert network.iperf3_rate(tcp) == 1e9
    assert network.iperf3_rate(udp) == 0.75e9
    for wrong in ("", "{}", '{"error": "unable to connect"}'):
        with pytest.raises(network.NetworkPeerError, match="iperf3 printed something else"):
            network.iperf3_rate(wrong)


def test_what_sockperf_prints_is_its_median() -> None:
    printed = (
        "sockperf: ---> percentile 75.000 =   22.914\nsockperf: ---> percentile 50.000 =   20.5"
    )
    assert network.sockperf_round_trip(printed) == pytest.approx(20.5e-6)
    with pytest.raises(network.NetworkPeerError, match="sockperf printed something else"):
        network.sockperf_round_trip("sockperf: ERROR")


def test_pairs_in_which_the_cpus_moved_do_not_count() -> None:
    from hwperf.measure.placement import Placement

    tags = iter(["near", "near", "near", "far", "far", *["far"] * 20])
    order: list[str] = []

    def side(name: str) -> float:
        order.append(name)
        return 1.0 if name == "ours" else 2.0

    pairs = list(
        network._pairs(
            (lambda: side("ours"), lambda: side("theirs")), 3, lambda: Placement(next(tags), 1e-7)
        )
    )
    assert [pair.placement for pair in pairs] == ["near", "far", "far"]
    assert {pair.ratio for pair in pairs} == {0.5}
    assert order[:4] == ["ours", "theirs", "theirs", "ours"]


def test_a_missing_peer_is_said_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(network.shutil, "which", lambda _: None)
    chosen = [CASES["network.bandwidth tcp 1MiB iperf3"]]
    arguments = SimpleNamespace(reference_only=False, pairs=7)
    assert run._network(chosen, tmp_path, "cc", arguments) == []  # type: ignore[arg-type]
    assert capsys.readouterr().out == "iperf3 is not installed: apt-get install iperf3\n"


@pytest.mark.skipif(reference.compiler() is None, reason="no C compiler")
@pytest.mark.skipif(bool(channels.lacking()), reason=str(channels.lacking()))
@pytest.mark.parametrize("name", ["network.round_trip pipe 4KiB", "network.bandwidth unix 16KiB"])
def test_a_case_with_the_c_program_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "SIDE_S", 0.01)
    monkeypatch.setattr(network, "_CALL_S", 0.01)
    before = streams.CALL_S
    program = reference.build(tmp_path, reference.compiler() or "", "network")
    try:
        found = network.run(CASES[name], program, n_pairs=1)
    except network.NetworkPeerError as why:  # On a busy machine one pair may be none.
        if "the CPUs moved" not in str(why):
            raise
    else:
        assert found.ratio > 0
    assert before == streams.CALL_S


@pytest.mark.skipif(reference.compiler() is None, reason="no C compiler")
def test_the_c_program_says_what_is_wrong(tmp_path: Path) -> None:
    program = reference.build(tmp_path, reference.compiler() or "", "network")
    case = CASES["network.round_trip tcp 4KiB"]
    with pytest.raises(network.NetworkPeerError, match=r"network\.c: sched_setaffinity: "):
        network._of_c(case, program, (1000, 1000))
