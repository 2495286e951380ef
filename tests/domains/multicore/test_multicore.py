"""What the multicore workloads compute beside their samples, on CPUs that are injected."""

from __future__ import annotations

import importlib
import os
from dataclasses import replace

import numpy as np
import pytest

from hwperf import CheckFailed, Seen
from hwperf.domains.multicore import amdahl, siblings
from hwperf.domains.multicore.amdahl import predicted
from hwperf.domains.multicore.bandwidth import array_bytes
from hwperf.domains.multicore.cores import MOST_CPUS, chosen
from hwperf.domains.multicore.teams import ONE, scaling
from hwperf.host import cpu, topology
from hwperf.kernels.team import Team
from hwperf.measure import QUICK, measure
from hwperf.measure.contract import violations
from hwperf.plugins import load
from hwperf.units import MiB

cores = importlib.import_module("hwperf.domains.multicore.cores")
TWO = sorted(os.sched_getaffinity(0))[:2]
WORKLOADS = load().workloads


@pytest.mark.parametrize(
    ("serial_percent", "threads", "speed_up"),
    [(0, 8, 8.0), (20, 1, 1.0), (20, 4, 2.5), (5, 20, 1 / (0.05 + 0.95 / 20)), (20, 10**9, 5.0)],
)
def test_amdahls_law(serial_percent: int, threads: int, speed_up: float) -> None:
    assert predicted(serial_percent, threads) == pytest.approx(speed_up)


def test_all_pairs_are_tried_up_to_64_cpus_and_an_even_choice_above() -> None:
    assert chosen(range(64)) == list(range(64))
    few = chosen(range(256))
    assert len(few) == MOST_CPUS
    assert few == list(range(0, 256, 4))


def test_efficiency_is_the_speed_up_over_the_threads() -> None:
    against, derive = scaling(lambda: 1.0, 4, flops=10)
    assert set(against) == {ONE}
    figures = derive(Seen(1e-9, None, {ONE: 3e-9}))
    assert figures["speed_up"].value == pytest.approx(3.0)
    assert figures["efficiency"].value == pytest.approx(0.75)


def test_one_thread_is_as_fast_as_itself() -> None:
    against, derive = scaling(None, 1, flops=10)
    assert against == {}
    assert derive(Seen(1e-9, None, {}))["efficiency"].value == 1.0


def test_arrays_grow_with_the_threads_so_that_no_cache_holds_them() -> None:
    sizes = {threads: array_bytes(threads) for threads in (1, 2, 4, 8, 256)}
    assert sizes[1] == sizes[4] == 256 * MiB
    assert sizes[8] == 512 * MiB
    assert sizes[256] == 256 * 64 * MiB


def test_no_siblings_is_said_before_anything_is_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topology, "sibling_pairs", lambda cpus: ())
    monkeypatch.setattr(topology, "most_threads", lambda: (2, "affinity"))
    reason = siblings.no_siblings()
    assert reason is not None
    assert "share a core" in reason
    monkeypatch.setattr(topology, "most_threads", lambda: (1, "affinity"))
    assert siblings.no_siblings() == (
        "more threads than the 1 CPU that this process may use (affinity)"
    )


@pytest.mark.skipif(len(TWO) < 2, reason="one CPU only")
@pytest.mark.parametrize("kernel", ["flops", "chase"])
def test_smt_keeps_the_contract_on_two_cpus_that_pass_for_one_core(
    kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No machine of ours tells of siblings, so two CPUs stand for them."""
    monkeypatch.setattr(topology, "sibling_pairs", lambda cpus: ((TWO[0], TWO[1]),))
    monkeypatch.setattr(siblings, "SET_BYTES", 4 * MiB)
    assert violations(WORKLOADS["multicore.smt"], {"kernel": kernel}) == ()


@pytest.mark.skipif(len(TWO) < 2, reason="one CPU only")
@pytest.mark.parametrize(
    ("id", "params"),
    [
        ("multicore.flops", {"threads": 2}),
        ("multicore.amdahl", {"serial_percent": 20, "threads": 2}),
        ("multicore.atomic", {"threads": 2}),
        ("multicore.shared_line", {"state": "modified"}),
    ],
)
def test_two_threads_keep_the_contract(id: str, params: dict[str, object]) -> None:
    """The smallest points, which the contract test takes, have one thread."""
    assert violations(WORKLOADS[id], params) == ()


@pytest.mark.parametrize("threads", [2, 256])
def test_a_limit_grows_with_the_threads(threads: int) -> None:
    for id, rest in (("multicore.flops", {}), ("multicore.amdahl", {"serial_percent": 0})):
        one = WORKLOADS[id].limit_at({"threads": 1, **rest})
        many = WORKLOADS[id].limit_at({"threads": threads, **rest})
        assert one is not None
        assert many == pytest.approx(threads * one)


def test_more_threads_than_cpus_are_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu, "allowed_cpus", lambda: (0, 1))
    reason = amdahl.unsupported({"serial_percent": 0, "threads": 4})
    assert reason is not None
    assert "this process may use" in reason


@pytest.mark.skipif(len(TWO) < 2, reason="one CPU only")
def test_every_ordered_pair_of_many_threads_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three threads on two CPUs: of two that share one, each gives way to the other."""
    monkeypatch.setattr(cores, "BATCHES", 2)
    monkeypatch.setattr(cores, "MOST_ROUNDS", 2)
    monkeypatch.setattr(cores, "FEWEST_ROUNDS", 2)
    game = cores.Game(3)
    with Team((*TWO, TWO[0])) as team:
        with pytest.raises(CheckFailed, match="swaps between two cores"):
            game.require()
        assert game.play(team) > 0
        assert game.play(team) > 0
    game.require()
    assert len(game.passes) == 2
    for latencies in game.passes:
        assert np.isnan(np.diag(latencies)).all()
        assert (latencies[game.off] > 0).all()
    game.passes[0][0, 1] = np.nan
    with pytest.raises(CheckFailed, match="expected a time above zero"):
        game.require()


def test_the_more_pairs_the_fewer_rounds() -> None:
    assert cores.rounds(2) == cores.MOST_ROUNDS
    assert cores.rounds(64 * 63) == cores.FEWEST_ROUNDS
    assert cores.rounds(100) == 64


@pytest.mark.skipif(len(TWO) < 2, reason="one CPU only")
@pytest.mark.parametrize("id", ["multicore.flops", "multicore.core_to_core"])
def test_a_quick_point_rehearses_and_gives_the_affinity_back(id: str) -> None:
    """A team within a team would find one CPU, and wait for a thread that never comes."""
    before = os.sched_getaffinity(0)
    profile = replace(QUICK.with_budget(0.02), rehearsal_s=10.0)
    params = {"threads": 2} if id == "multicore.flops" else {}
    result = measure(WORKLOADS[id], params, profile=profile)
    assert result.verdict in ("ok", "noisy"), result.reason
    assert result.tags["placement"]
    assert os.sched_getaffinity(0) == before
