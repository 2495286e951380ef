"""Each sample arrives once and right, and no worker outlives its point."""

from __future__ import annotations

import errno
import importlib.util
import multiprocessing
import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwperf import CheckFailed, Unsupported
from hwperf.domains.storage import dataset, loaders
from hwperf.domains.storage import feed as workload
from hwperf.measure import Profile, measure
from hwperf.measure.contract import violations
from hwperf.measure.stage import set_up
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word

ONCE = Profile("once", budget_s=0.01, rehearsal_s=-1.0)
NBYTES, N = 5000, 40
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="torch is not installed here"
)
LOADERS = [
    ("numpy", 0),
    ("numpy", 2),
    pytest.param("torch", 0, marks=needs_torch),
    pytest.param("torch", 2, marks=needs_torch),
]


@pytest.fixture(autouse=True)
def _few_small_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "SAMPLE_BYTES", NBYTES)
    monkeypatch.setattr(dataset, "n_samples", lambda session: N)


def point(layout: str, loader: str = "numpy", workers: int = 0) -> dict[str, Any]:
    return {"layout": layout, "loader": loader, "workers": workers}


def left(session: Session) -> list[str]:
    return sorted(name for name in os.listdir(session.named()) if name != "owner")


@pytest.mark.parametrize(("loader", "workers"), LOADERS)
@pytest.mark.parametrize("layout", ["files", "shard"])
def test_the_contract_is_kept(session: Session, layout: str, loader: str, workers: int) -> None:
    assert violations(workload, point(layout, loader, workers)) == ()
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("loader", "workers"), LOADERS)
def test_samples_are_written_once_for_all_points(
    session: Session, loader: str, workers: int
) -> None:
    for _ in range(2):
        result = measure(workload, point("files", loader, workers), profile=ONCE)
        assert result.cost_s, result.reason
    assert session.ledger[Word.WRITTEN] == session.ledger[Word.HELD] == N * NBYTES
    assert left(session) == [f"samples-{N}.files", f"samples-{N}.files.json"]
    assert result.figures["feed_efficiency"].value > 0
    assert result.figures["accelerators_fed"].value == pytest.approx(
        1 / (result.cost_s or 1) / 1785.7, rel=1e-3
    )


def test_the_order_changes_from_epoch_to_epoch(session: Session) -> None:
    with set_up(workload, point("shard")) as stage:
        stage.run()
        epochs = stage.kernel.__self__  # type: ignore[attr-defined]
        first = epochs.labels.copy()
        stage.run()
        assert sorted(first) == sorted(epochs.labels) == list(range(N))
        assert not np.array_equal(first, epochs.labels)
        stage.check()


@pytest.mark.parametrize("fault", ["twice", "other order", "one byte"])
def test_what_arrives_wrong_is_noticed(session: Session, fault: str) -> None:
    with set_up(workload, point("shard")) as stage:
        stage.run()
        epochs = stage.kernel.__self__  # type: ignore[attr-defined]
        if fault == "twice":
            epochs.labels[1] = epochs.labels[0]
        elif fault == "other order":
            epochs.labels[:] = epochs.labels[::-1].copy()
        else:
            epochs.arrived[N // 2, NBYTES - 1] ^= 1
        with pytest.raises(CheckFailed):
            stage.check()


@pytest.mark.parametrize(("loader", "workers"), LOADERS)
@pytest.mark.parametrize("damage", ["changed", "shorter"])
def test_a_damaged_sample_is_noticed(
    session: Session, damage: str, loader: str, workers: int
) -> None:
    measure(workload, point("files"), profile=ONCE)
    path = session.named() / f"samples-{N}.files" / "000007"
    if damage == "changed":
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.write_bytes(data)
        os.sync()
    else:
        os.truncate(path, NBYTES - 1)
    result = measure(workload, point("files", loader, workers), profile=ONCE)
    assert result.verdict == "failed"
    assert "sample 7" in result.reason
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("layout", ["files", "shard"])
def test_samples_that_are_not_whole_are_written_anew(session: Session, layout: str) -> None:
    measure(workload, point(layout), profile=ONCE)
    (session.named() / f"samples-{N}.{layout}.json").unlink()
    assert measure(workload, point(layout), profile=ONCE).cost_s
    assert session.ledger[Word.WRITTEN] == 2 * N * NBYTES
    assert session.ledger[Word.HELD] == N * NBYTES


@pytest.mark.parametrize("layout", ["files", "shard"])
def test_on_a_full_disk_nothing_is_left(
    session: Session, layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [0]
    real = dataset._write_file

    def full(path: Path, data: Any) -> None:
        calls[0] += 1
        real(path, data)
        if calls[0] == (10 if layout == "files" else 1):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(dataset, "_write_file", full)
    result = measure(workload, point(layout), profile=ONCE)
    assert result.verdict == "n/a"
    assert "writing samples failed: No space left on device (ENOSPC)" in result.reason
    assert left(session) == []
    assert session.ledger[Word.HELD] == 0


def test_where_there_is_no_syncfs_each_file_is_synced(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    real = os.fsync
    monkeypatch.setattr(dataset.ctypes, "CDLL", lambda *args, **more: object())
    monkeypatch.setattr(dataset.os, "fsync", lambda fd: (synced.append(fd), real(fd)))
    assert measure(workload, point("files"), profile=ONCE).cost_s
    assert len(synced) == N + 1


@pytest.mark.parametrize(("loader", "workers"), LOADERS)
def test_workers_end_when_the_consumer_raises(loader: str, workers: int) -> None:
    threads = threading.active_count()
    data = np.zeros((200, 8), np.uint8)

    def consume() -> None:
        with loaders.loading(loader, data.__getitem__, workers, 8) as loads:
            if loader == "torch":
                assert len(loads.process_ids) == len(multiprocessing.active_children()) == workers
            for _ in loads.epoch(range(200)):
                raise KeyError

    with pytest.raises(KeyError) as held:  # The traceback refers to all that was in use.
        consume()
    assert multiprocessing.active_children() == []
    deadline = time.monotonic() + 10  # Torch's queues let go of their threads and do not wait.
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == threads
    assert held.traceback


@pytest.mark.parametrize(("loader", "workers"), LOADERS)
def test_batches_come_in_order_and_the_last_one_is_what_is_left(loader: str, workers: int) -> None:
    data = np.arange(70 * 8).reshape(70, 8).astype(np.uint8)
    order = np.random.default_rng(1).permutation(70).tolist()
    with loaders.loading(loader, data.__getitem__, workers, 8) as loads:
        for _ in range(2):
            batches = [(np.asarray(b), np.asarray(i)) for b, i in loads.epoch(order)]
            assert [len(batch) for batch, _ in batches] == [32, 32, 6]
            assert np.concatenate([indices for _, indices in batches]).tolist() == order
            assert np.array_equal(np.concatenate([b for b, _ in batches]), data[order])


def test_too_little_shared_memory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        loaders.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 100})()
    )
    with pytest.raises(Unsupported, match="need 2 KiB of shared memory, and /dev/shm has 100 B"):
        loaders._require_shared(2048)


def test_without_torch_its_points_are_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    reason = workload.unsupported(point("shard", "torch"))
    assert reason == "torch is not installed here. Try: pip install torch"
