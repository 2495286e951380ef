"""Collectives are right at every size, what moves nothing is refused, and no rank is left."""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from hwperf import CheckFailed, Unsupported
from hwperf.domains.network import collective as workload
from hwperf.domains.network import rank, ranks
from hwperf.domains.network.exchange import OPS, Exchange
from hwperf.host import topology
from hwperf.measure import Profile, measure
from hwperf.measure.contract import violations
from hwperf.measure.stage import set_up

home = sys.modules["hwperf.domains.network.collective"]
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed here"
)
ONCE = Profile("once", budget_s=0.01, rehearsal_s=-1.0)
SMALL = Exchange("all_reduce", 2, 4096)


def point(op: str, nbytes: int, ranks: int = 2, backend: str = "gloo") -> dict[str, Any]:
    return {"op": op, "nbytes": nbytes, "ranks": ranks, "backend": backend}


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """See that a test leaves no process and no descriptor."""
    if importlib.util.find_spec("torch") is not None:
        import torch.distributed  # noqa: F401  What it opens itself stays open.
    before = sorted(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else []
    yield
    assert psutil.Process().children() == []
    gc.collect()  # A traceback holds the shared memory.
    assert not before or sorted(os.listdir("/proc/self/fd")) == before


@needs_torch
@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize(("n", "nbytes"), [(2, 1), (2, 1_000_000), (4, 70_001)])
def test_every_element_of_every_rank_is_right(op: str, n: int, nbytes: int) -> None:
    """With more ranks than CPUs, too: what they compute is the same."""
    with set_up(workload, point(op, nbytes, n)) as stage:
        for _ in range(2):
            assert 0 < stage.run().seconds < 60
        stage.check()


@needs_torch
@pytest.mark.parametrize(("op", "nbytes"), [("all_reduce", 4096), ("all_to_all", 7)])
def test_the_contract_is_kept(op: str, nbytes: int) -> None:
    assert violations(workload, point(op, nbytes)) == ()


@needs_torch
def test_figures_follow_from_the_time() -> None:
    result = measure(workload, point("all_gather", 4096), profile=ONCE)
    assert result.cost_s, result.reason
    assert result.amounts == {"bytes": 4096}
    assert result.figures["time"].value == pytest.approx(4096 * result.cost_s)
    assert result.figures["bus_bandwidth"].value == pytest.approx(0.5 / result.cost_s)
    assert result.figures["library"].value.startswith("torch 2.")


def _fake(dist: Any, settings: rank.Settings) -> None:
    from torch.testing._internal.distributed.fake_pg import FakeStore

    dist.init_process_group(
        "fake", store=FakeStore(), rank=settings.rank, world_size=settings.ranks
    )


def refused(op: str, nbytes: int) -> str:
    """Return what the check says of one call; it must say something."""
    with set_up(workload, point(op, nbytes)) as stage:
        stage.run()
        with pytest.raises(CheckFailed) as told:
            stage.check()
    return str(told.value)


@needs_torch
@pytest.mark.parametrize("op", OPS)
def test_the_fake_process_group_is_refused(op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes every call, moves nothing and is very fast."""
    monkeypatch.setattr(rank, "join", _fake)
    words = refused(op, 4)
    assert words.startswith(f"{op}, rank ")
    assert "(is) != " in words


def _nothing(out: Any, given: Any, really: Callable[[], Any]) -> None:
    pass


def _but_the_last(out: Any, given: Any, really: Callable[[], Any]) -> None:
    really()
    out[-1] += 1


def _with_nan(out: Any, given: Any, really: Callable[[], Any]) -> None:
    really()
    out[out.numel() // 3] = float("nan")


def _without_the_others(out: Any, given: Any, really: Callable[[], Any]) -> None:
    out.copy_(given[: out.numel()])


@needs_torch
@pytest.mark.parametrize("fault", [_nothing, _but_the_last, _with_nan, _without_the_others])
def test_a_faulty_library_is_refused(fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def call_of(dist: Any, op: str, out: Any, given: Any) -> Callable[[], Any]:
        really = real(dist, op, out, given)
        return lambda: fault(out, given, really)

    real = rank.call_of
    monkeypatch.setattr(rank, "call_of", call_of)
    assert refused("reduce_scatter", 4096).startswith("reduce_scatter, rank ")


@needs_torch
def test_what_a_backend_lacks_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    def call_of(*_: Any) -> Callable[[], Any]:
        def call() -> None:
            raise RuntimeError("ProcessGroupGloo does not support\nreduce_scatter")

        return call

    monkeypatch.setattr(rank, "call_of", call_of)
    result = measure(workload, point("reduce_scatter", 4096), profile=ONCE)
    assert result.verdict == "n/a"
    assert result.reason.startswith("gloo of torch 2.")
    assert result.reason.endswith(
        " has no reduce_scatter: ProcessGroupGloo does not support reduce_scatter"
    )


@needs_torch
def test_what_goes_wrong_in_a_rank_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def join(dist: Any, settings: rank.Settings) -> None:
        if settings.rank == 1:
            raise OSError("no\nloopback")

    monkeypatch.setattr(rank, "join", join)
    monkeypatch.setattr(rank, "_try", lambda *_: None)
    result = measure(workload, point("all_reduce", 4096), profile=ONCE)
    assert (result.verdict, result.reason) == ("failed", "rank 1: OSError: no loopback")


@needs_torch
@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "rank 1 was killed by SIGKILL: last words"),
        (lambda: os._exit(7), "rank 1 ended with 7: last words"),
        (lambda: time.sleep(60), "rank 0: TimeoutError: rank 1 did not come to the start"),
    ],
)
def test_a_rank_that_ends_or_stalls_costs_its_point_alone(
    what: Callable[[], None], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a call, while the others wait for it."""
    refill = rank._Turns._refill

    def faulty(self: Any) -> None:
        if self.settings.rank == 1 and self.turn == 3:
            os.write(2, b"first words\nlast words\n")
            what()
        refill(self)

    monkeypatch.setattr(rank._Turns, "_refill", faulty)
    monkeypatch.setattr(ranks, "PATIENCE_S", 1.0)
    begin = time.monotonic()
    with set_up(workload, point("all_reduce", 4096)) as stage, pytest.raises(CheckFailed) as told:
        stage.run()
    assert str(told.value) == sentence
    assert time.monotonic() - begin < 10


@needs_torch
def test_a_rank_that_is_stopped_is_waited_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "PATIENCE_S", 0.3)
    with ranks.started(SMALL, "gloo") as running:
        running.make(1)
        for pid in running.process_ids:
            os.kill(pid, signal.SIGSTOP)
        with pytest.raises(CheckFailed, match=r"^rank 0, 1 did not answer within 0.8 s$"):
            running.make(1)


@needs_torch
def test_nothing_listens_but_on_the_loopback() -> None:
    with ranks.started(SMALL, "gloo") as running:
        running.make(1)
        sockets = [c for pid in running.process_ids for c in psutil.Process(pid).net_connections()]
    assert sockets, "gloo has no socket: this test sees nothing"
    assert {connection.laddr.ip for connection in sockets} <= {"127.0.0.1", "::1"}


@needs_torch
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere ranks end at their next answer")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ranks_end_with_their_parent(number: signal.Signals) -> None:
    """In the middle of a call, whatever ends it."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)  # An earlier test may have run main().
            os.close(read)
            with ranks.started(SMALL, "gloo") as running:
                os.write(write, " ".join(map(str, running.process_ids)).encode())
                while True:
                    running.make(8)
        finally:
            os._exit(3)
    os.close(write)
    pids = [int(pid) for pid in os.read(read, 100).split()]
    assert len(pids) == 2
    os.close(read)
    time.sleep(0.05)
    os.kill(child, number)
    _, status = os.waitpid(child, 0)
    expected = 3 if number == signal.SIGINT else -number
    assert os.waitstatus_to_exitcode(status) == expected
    deadline = time.monotonic() + 5
    while any(map(_lives, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(_lives, pids))


def _lives(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


@needs_torch
def test_ranks_are_started_anew_where_a_copy_would_not_be_safe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ranks, "may_fork", lambda backend: False)
    with ranks.started(SMALL, "gloo") as running:
        names = [" ".join(psutil.Process(pid).cmdline()) for pid in running.process_ids]
        assert all("hwperf.domains.network.rank" in name for name in names)
        running.make(3)
        for number in range(2):
            SMALL.require(number, running.board.output(number))


@needs_torch
def test_a_process_with_threads_or_groups_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    assert ranks.may_fork("gloo") == (sys.platform == "linux")
    assert not ranks.may_fork("nccl")
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert not ranks.may_fork("gloo")
    finally:
        stop.set()
        thread.join()
    for module, name in ((torch.cuda, "is_initialized"), (torch.distributed, "is_initialized")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, lambda: True)
            assert not ranks.may_fork("gloo")


@needs_torch
def test_a_torch_without_the_backend_says_so() -> None:
    def lacking(backend: str, **of_dist: Any) -> str:
        dist = SimpleNamespace(
            **{"is_available": lambda: True, "is_backend_available": lambda name: True} | of_dist
        )
        torch = SimpleNamespace(cuda=SimpleNamespace(device_count=lambda: 1))
        settings = rank.Settings(0, "all_reduce", 2, 4, backend, 0, 0, "", 0)
        with pytest.raises(rank._Lacking) as told:
            rank._require(torch, dist, settings)
        return str(told.value)

    assert lacking("gloo", is_available=lambda: False) == (
        "this torch is built without torch.distributed"
    )
    assert lacking("nccl", is_backend_available=lambda name: False) == "this torch has no NCCL"
    assert lacking("nccl") == "nccl needs one GPU per rank, found 1"


def test_why_there_are_no_ranks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(topology, "most_threads", lambda: (2, "affinity"))
    assert home.lacking(2, "gloo") is None
    assert home.lacking(4, "gloo") == (
        "more ranks than the 2 CPUs that this process may use (affinity)"
    )
    monkeypatch.setattr(home, "gpus", lambda: 0)
    assert home.lacking(2, "nccl") == "nccl needs one GPU per rank, found 0"
    monkeypatch.setattr(topology, "most_threads", lambda: (1, "quota of 1.5 CPUs in /x"))
    assert home.lacking(2, "gloo") == (
        "more ranks than the 1 CPU that this process may use (quota of 1.5 CPUs in /x)"
    )
    monkeypatch.setattr(home.importlib.util, "find_spec", lambda name: None)
    assert home.lacking(2, "gloo") == (
        "torch is not installed: pip install 'hwperf[torch]' adds the collectives"
    )
    monkeypatch.delattr(os, "fork")
    assert home.lacking(2, "gloo") == (
        f"ranks are processes as POSIX defines them, and {os.name!r} is no POSIX"
    )


def test_too_little_memory_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    def require(nbytes: int) -> None:
        raise Unsupported(f"{nbytes} B do not fit")

    monkeypatch.setattr(home.memory, "require", require)
    generator = workload.function(**point("all_gather", 7))
    with pytest.raises(Unsupported, match=r"^64 B do not fit$"):
        next(iter(generator))


def test_gpus_are_counted_by_what_the_drivers_tell(tmp_path: Path) -> None:
    assert home.gpus(tmp_path) == 0
    for name in ("0000:17:00.0", "0000:65:00.0"):
        (tmp_path / "proc/driver/nvidia/gpus" / name).mkdir(parents=True)
    for node, number in (("0", "0"), ("1", "51210")):
        directory = tmp_path / "sys/class/kfd/kfd/topology/nodes" / node
        directory.mkdir(parents=True)
        (directory / "gpu_id").write_text(f"{number}\n")
    assert home.gpus(tmp_path) == 3


def test_asking_what_can_be_run_loads_no_torch() -> None:
    program = (
        "import sys; from hwperf.domains.network import collective as w; "
        "[w.unsupported(p) for p in w.points()]; w.version; print('torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (said.stdout.strip(), said.returncode) == ("False", 0), said.stderr


@needs_torch
def test_times_that_are_none_are_refused() -> None:
    with set_up(workload, point("broadcast", 64)) as stage:
        stage.run()
        frame = stage.generator.gi_frame  # type: ignore[attr-defined]
        frame.f_locals["times"][1, 3] = np.nan
        with pytest.raises(CheckFailed, match=r"^a rank's time is none: "):
            stage.check()
