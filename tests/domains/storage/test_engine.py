"""The engine: what it transfers, what it says, and what it notices."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from hwperf import CheckFailed, Unsupported
from hwperf.domains.storage import answer, layout
from hwperf.domains.storage import engine as engines
from hwperf.domains.storage.engine import Engine, Task, running
from hwperf.domains.storage.random import shuffled
from hwperf.domains.storage.sequential import in_order
from hwperf.kernels import io
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word
from hwperf.units import KiB, MiB


@contextmanager
def at_work(session: Session, **changes: Any) -> Iterator[Engine]:
    with layout.scratch(changes.pop("flags", layout.DIRECT)) as (_, descriptor, size):
        block = changes.pop("block", 4 * KiB)
        offsets = changes.pop("offsets", shuffled(size, block))
        task = Task(block, changes.pop("depth", 1), offsets, **changes)
        with running(session, descriptor, task) as engine:
            yield engine


def test_the_file_is_laid_out_once_with_data_and_no_name(session: Session) -> None:
    with layout.scratch() as (_, descriptor, size):
        status = os.fstat(descriptor)
        assert (status.st_nlink, status.st_size) == (0, size)
        assert status.st_blocks * 512 >= size
    written = session.ledger[Word.WRITTEN]
    with layout.scratch() as (_, _, again):
        assert again == size
    assert session.ledger[Word.WRITTEN] == written == size


@pytest.mark.parametrize("depth", [1, 3, 16])
def test_reads_come_from_the_device_and_are_verified(session: Session, depth: int) -> None:
    with at_work(session, depth=depth) as engine:
        timing = engine.run()
        assert 0 < timing.seconds < 1
        assert len(timing.latencies) >= depth
        assert min(timing.latencies) > 0
        engine.check()
        if engine.proof.ratio is not None:
            assert engine.proof.ratio == pytest.approx(1, abs=0.05)


def test_each_place_is_read_once_before_any_is_read_again(session: Session) -> None:
    offsets = shuffled(64 * MiB, 256 * KiB)
    assert sorted(offsets) == list(range(0, 64 * MiB, 256 * KiB))
    assert list(offsets) != sorted(offsets)


@pytest.mark.parametrize("depth", [1, 4])
def test_writes_stop_at_their_share_and_are_read_back(session: Session, depth: int) -> None:
    with at_work(session, depth=depth, writes_in_ten=10, call_bytes=64 * KiB) as engine:
        before = session.ledger[Word.WRITTEN]
        engine.call_s = 60.0
        engine.run()
        engine.run()
        assert session.ledger[Word.WRITTEN] - before == 128 * KiB
        engine.check()


def test_writes_of_a_run_stop_at_its_limit(session: Session) -> None:
    with at_work(session, writes_in_ten=10, call_bytes=64 * KiB) as engine:
        session.ledger[Word.LIMIT] = session.ledger[Word.WRITTEN] + 100 * KiB
        engine.call_s = 60.0
        engine.run()
        with pytest.raises(Unsupported, match="36 KiB are left"):
            engine.run()


def test_of_mixed_transfers_three_in_ten_are_writes(session: Session) -> None:
    with at_work(session, writes_in_ten=3, call_bytes=4 * MiB) as engine:
        engine.call_s = 60.0
        engine.run()
        made = engine.ends[0, : engine.out[0, io.COUNT]]
        assert made.size == 1024
        assert 0.25 < np.mean(made < 0) < 0.35
        engine.check()


def test_what_somebody_else_changed_is_noticed(session: Session) -> None:
    with at_work(session) as engine:
        engine.run()
        engine.reading[0, 0, 200] ^= 1
        with pytest.raises(CheckFailed, match="changed by somebody else"):
            engine.check()
    with at_work(session, offsets=in_order(MiB, 4 * KiB)) as engine:
        os.pwrite(session._descriptor, b"mine" * 2**18, 0)
        os.fsync(session._descriptor)
        engine.run()
        with pytest.raises(CheckFailed, match="changed by somebody else"):
            engine.check()


def test_a_file_that_was_changed_after_it_was_read_is_noticed(session: Session) -> None:
    with at_work(session) as engine:
        engine.run()
        time.sleep(0.02)  # More than a tick: times of files are that coarse.
        os.pwrite(session._descriptor, b"x", 63 * MiB)
        os.fsync(session._descriptor)
        with pytest.raises(CheckFailed, match="somebody else has written to the scratch file"):
            engine.check()


def test_a_file_that_was_made_shorter_is_noticed(session: Session) -> None:
    with at_work(session) as engine:
        os.ftruncate(session._descriptor, 0)
        with pytest.raises(CheckFailed, match="made the file shorter"):
            engine.run()


def test_a_device_error_is_named(session: Session) -> None:
    """No page is mapped at the first addresses: /proc/self/mem answers with EIO."""
    with at_work(session, offsets=in_order(MiB, 4 * KiB)) as engine:
        engine.descriptor = os.open("/proc/self/mem", os.O_RDONLY)
        try:
            with pytest.raises(CheckFailed, match=r"4 KiB failed: Input/output error \(EIO\)"):
                engine.run()
        finally:
            os.close(engine.descriptor)


def test_a_full_disk_is_no_fault_of_the_device(session: Session) -> None:
    with at_work(session, writes_in_ten=10, call_bytes=64 * KiB) as engine:
        before = session.ledger[Word.WRITTEN]
        engine.descriptor = os.open("/dev/full", os.O_RDWR)
        try:
            with pytest.raises(Unsupported, match=r"No space left on device \(ENOSPC\). Free"):
                engine.run()
        finally:
            os.close(engine.descriptor)
        assert session.ledger[Word.WRITTEN] == before


def test_a_device_that_hangs_costs_its_point_and_no_other(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at_work(session, depth=2) as engine:
        with monkeypatch.context() as patch:
            patch.setattr(answer, "TIMEOUT_S", 0.05)
            patch.setattr(io, "transfer", lambda *_: time.sleep(1.0))
            with pytest.raises(CheckFailed, match="device has not answered 2 of 2 threads"):
                engine.run()
        with pytest.raises(CheckFailed, match="an earlier transfer has not ended"):
            engine.run()
    with pytest.raises(Unsupported, match="did not answer another point"), at_work(session):
        pass
    session.ledger[Word.HUNG] -= int(11 * answer.TIMEOUT_S)  # Later.
    with at_work(session) as another:
        another.run()
        another.check()


def test_the_rate_is_that_of_the_stretch_in_which_all_are_at_work(session: Session) -> None:
    """Two threads, 20 transfers of 1 ms and 10 of 2 ms: together 1.5 a millisecond.

    The lead is no part of it.
    """
    with at_work(session, depth=2) as engine:
        ms = 1_000_000
        engine.ends[0, :20] = 1 * ms * np.arange(1, 21)
        engine.ends[1, :10] = 2 * ms * np.arange(1, 11)
        engine.out[:, io.BEGAN] = 0
        engine.out[:, io.ENDED] = 20 * ms
        engine.out[:, io.COUNT] = 20, 10
        seconds, since_ns = engine._seconds_each(30, 0.0)
        assert seconds == pytest.approx(1e-3 / 1.5)
        assert since_ns == round(1e9 * engines.lead_s(engine.task))


def test_a_call_that_is_too_short_for_a_stretch_counts_whole(session: Session) -> None:
    with at_work(session, depth=2) as engine:
        engine.ends[:, 0] = 500_000, 700_000
        engine.out[:, io.BEGAN] = 0, 100_000
        engine.out[:, io.ENDED] = 500_000, 700_000
        engine.out[:, io.COUNT] = 1
        assert engine._seconds_each(2, 0.0) == (pytest.approx(350e-6), 0)
        assert engine._seconds_each(2, 1e-3)[0] == pytest.approx(850e-6)
