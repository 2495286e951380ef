"""What Python and the system cost: work that is spread is right, and nothing stays behind."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from hwperf import CheckFailed, Seen, Unsupported
from hwperf.domains.multicore import interpreter, layers, regions
from hwperf.domains.multicore.children import child
from hwperf.measure.contract import violations
from hwperf.measure.stage import set_up
from hwperf.plugins import load

WORKLOADS = load().workloads
needs_two = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU only")


@needs_two
@pytest.mark.parametrize("kind", ["pthread", "python"])
def test_a_contended_lock_keeps_the_contract(kind: str) -> None:
    assert violations(WORKLOADS["multicore.mutex"], {"kind": kind, "threads": 2}) == ()


@needs_two
def test_a_lost_update_fails_the_check() -> None:
    with set_up(WORKLOADS["multicore.mutex"], {"kind": "pthread", "threads": 2}) as stage:
        stage.run()
        words = _closure(_closure(_closure(stage.kernel)["contended"])["guarded"].add)["words"]
        words[-1] -= 1
        with pytest.raises(CheckFailed, match="number that the lock guards: "):
            stage.check()


def _closure(function: Any) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell.cell_contents for name, cell in cells}


@needs_two
@pytest.mark.parametrize("how", interpreter.N_TURNS)
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_no_worker_stays_behind(how: str, error: type[BaseException]) -> None:
    workload = WORKLOADS["multicore.threads_or_processes"]
    threads, processes = threading.active_count(), psutil.Process().children()

    def fail() -> None:
        with set_up(workload, {"how": how, "workers": 2}) as stage:
            stage.run()
            raise error

    with pytest.raises(error):
        fail()
    assert threading.active_count() == threads
    assert psutil.Process().children() == processes


def test_the_speed_up_is_over_one_worker() -> None:
    figures = interpreter._figures(4, Seen(1e-9, None, {interpreter.ONE: 3e-9}))
    assert figures["speed_up"].value == pytest.approx(3.0)
    assert figures["efficiency"].value == pytest.approx(0.75)


@pytest.mark.parametrize(("is_locked", "word"), [(True, "GIL"), (False, "free-threaded")])
def test_the_interpreter_is_named(
    is_locked: bool, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: is_locked, raising=False)
    assert interpreter._figures(2, Seen(1e-9, None, {}))["interpreter"].value == word


def test_what_the_system_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = WORKLOADS["multicore.system"]
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        reason = workload.unsupported({"what": "process_start"})
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert reason == "SIGCHLD is ignored, so that the end of a process is not told"
    monkeypatch.setenv("PATH", "")
    reason = workload.unsupported({"what": "process_start"})
    assert reason == "no program named 'true' is found on PATH"
    assert workload.unsupported({"what": "syscall"}) is None


@pytest.mark.parametrize("layer", ["thread_pool", "process_pool"])
def test_a_pool_makes_every_turn_of_every_loop(layer: str) -> None:
    before = psutil.Process().children(recursive=True)
    cpus = map(str, (sorted(os.sched_getaffinity(0)) * 2)[:2])
    with child(["-P", layers.__file__, layer, *cpus]) as it:
        assert json.loads(it.answer()) == {"lacking": ""}
        answer = json.loads(it.ask("10"))
        assert answer["turns"] == [10, 10]
        assert answer["lent"] == 20
        assert answer["seconds"] > 0
        assert json.loads(it.ask("who"))["workers"] in (1, 2)
    assert psutil.Process().children(recursive=True) == before


@needs_two
def test_a_layer_that_is_not_there_is_not_available_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that cannot be imported stands for any."""
    (tmp_path / "torch.py").write_text("raise ImportError('this one is broken')")
    monkeypatch.syspath_prepend(tmp_path)
    with (
        pytest.raises(Unsupported, match=r"^torch: this one is broken$"),
        set_up(WORKLOADS["multicore.parallel_region"], {"layer": "torch"}),
    ):
        raise AssertionError("it was set up")


@pytest.mark.parametrize(
    ("layer", "workers", "is_enough"),
    [
        ("numba_omp", 4, True), ("numba_omp", 3, False), ("torch", 1, False),
        ("numba_tbb", 2, True), ("thread_pool", 1, False), ("process_pool", 3, True),
    ],
)  # fmt: skip
def test_loops_on_fewer_threads_fail_the_check(layer: str, workers: int, is_enough: bool) -> None:
    if is_enough:
        regions._require_spread(layer, workers, 4)
    else:
        with pytest.raises(CheckFailed, match=f"ran on {workers} of 4 threads"):
            regions._require_spread(layer, workers, 4)
