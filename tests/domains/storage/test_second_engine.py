"""fio as the second engine: what is shown, what is checked, and that the stamps survive it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwperf import CheckFailed, Seen, Unsupported
from hwperf.domains.storage import content, engines, fio, layout
from hwperf.domains.storage.engine import Engine, Task
from hwperf.domains.storage.random import shuffled
from hwperf.domains.storage.region import lent
from hwperf.domains.storage.sequential import in_order
from hwperf.errors import UsageError
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word
from hwperf.units import KiB, MiB
from hwperf.work import Timing

SEEN = Seen(1.0, None, {}, [True])


@pytest.fixture
def with_fio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.ENGINE, "fio")
    monkeypatch.setattr(engines, "CALL_S", 0.05)
    monkeypatch.setattr(engines, "_LEAST_S", 0.0)
    fio.version.cache_clear()
    try:
        fio.version()
    except Unsupported as why:
        pytest.skip(str(why))


def outcome(seconds: float, ops: int, latency_s: float = 1e-4, written: int = 0) -> fio.Outcome:
    latencies = np.full(ops, latency_s)
    return fio.Outcome(
        "3.33", seconds, ops, ops / seconds, 0.0, ops * 4096, written, latency_s, None, None,
        latencies,
    )  # fmt: skip


class Quiet:
    """A watch that sees that all bytes of fio reached the device."""

    def __init__(self, read: int) -> None:
        self.read = read

    def begin(self) -> None:
        pass

    def end(self) -> Any:
        from hwperf.domains.storage.watch import Happened

        return Happened(self.read, 0, None, None, None)


def second(session: Session, own_s: float, their_s: float, **changes: Any) -> engines.Second:
    given: dict[str, Any] = {
        "own": lambda: Timing(own_s, [own_s] * 100),
        "theirs": lambda: outcome(1000 * their_s, 1000),
        "check_own": lambda: None,
        "session": session,
        "watch": Quiet(1000 * 4096),
        "call_bytes": 0,  # Own calls end after the first.
        **changes,
    }
    return engines.Second(**given)


def stamped(session: Session) -> None:
    """See that the whole scratch file bears its stamps."""
    size = session.ledger[Word.LAID_OUT]
    assert os.fstat(session._descriptor).st_size == size
    for offset in range(0, size, 4 * MiB):
        data = np.frombuffer(os.pread(session._descriptor, 4 * MiB, offset), np.int64)
        content.require_stamped(data.reshape(-1, 512), offset, "the scratch file")


def test_unless_fio_is_chosen_the_engine_is_hwperfs_own(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for value in ("", "hwperf"):
        monkeypatch.setenv(engines.ENGINE, value)
        with layout.scratch() as (_, descriptor, size):
            task = Task(4 * KiB, 1, shuffled(size, 4 * KiB))
            with engines.running(session, descriptor, task) as found:
                assert isinstance(found, Engine)


def test_an_engine_that_there_is_not_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(engines.ENGINE, "dd")
    with pytest.raises(UsageError, match="'dd' is no engine; there are: hwperf, fio"):
        engines.is_fio()


@pytest.mark.parametrize(
    ("own_s", "ratio", "words"),
    [
        (1.00e-3, 1.0, None),
        (1.09e-3, 0.917, None),
        (0.92e-3, 1.087, None),
        (1.25e-3, 0.8, "20 %, above 10 %"),
        (0.80e-3, 1.25, "25 %, above 10 %"),
    ],
)
def test_a_disagreement_above_a_tenth_is_shown(
    session: Session, own_s: float, ratio: float, words: str | None
) -> None:
    found = second(session, own_s, 1e-3)
    timing = found.run()
    assert timing.seconds == pytest.approx(1e-3)
    assert len(timing.latencies) == 1000
    told = found.figures(SEEN)
    assert told["engine"].value == "fio 3.33"
    assert told["hwperf_over_fio"].value == pytest.approx(ratio, abs=1e-3)
    assert (told["disagreement"].value if "disagreement" in told else None) == words
    found.check()


def test_the_ratio_is_the_median_of_the_pairs_that_count(session: Session) -> None:
    costs = iter([9e-3, 1e-3, 1e-3, 2e-3])
    found = second(session, 0, 1e-3, own=lambda: Timing(cost := next(costs), [cost]))
    for _ in range(4):
        found.run()
    told = found.figures(Seen(1.0, None, {}, [True, True, False]))
    assert told["hwperf_over_fio"].value == 1.0


def test_fio_that_read_from_memory_is_not_believed(session: Session) -> None:
    found = second(session, 1e-3, 1e-3, watch=Quiet(0))
    found.run()
    with pytest.raises(CheckFailed, match=r"only 0\.000 of the bytes"):
        found.check()


def test_without_a_run_the_check_fails(session: Session) -> None:
    with pytest.raises(CheckFailed, match="fio was not run"):
        second(session, 1e-3, 1e-3).check()


def test_what_is_too_short_for_fios_clock_is_not_available(session: Session) -> None:
    found = second(session, 1e-3, 1e-3, theirs=lambda: outcome(0.007, 64))
    with pytest.raises(Unsupported, match="64 transfers of one call of this point took 7"):
        found.run()


def test_what_fio_wrote_is_made_whole_and_charged(session: Session) -> None:
    with layout.scratch() as (_, descriptor, size):
        before = session.ledger[Word.WRITTEN]
        with lent(session, descriptor) as region:
            assert region.begin + region.size == size == session.ledger[Word.LAID_OUT] + region.size
            region.is_touched = True
            for place in (0, 3, 4, 5, 4095):
                os.pwrite(session._descriptor, bytes(4096), region.begin + place * 4096)
        assert session.ledger[Word.WRITTEN] - before == 5 * 4096
        assert session.ledger[Word.LAID_OUT] == size
    stamped(session)


def test_a_block_that_kept_its_stamp_and_lost_its_data_is_made_whole(session: Session) -> None:
    """Of mixed transfers fio writes what it has read, to the same place, too."""
    with layout.scratch() as (_, descriptor, size), lent(session, descriptor) as region:
        region.is_touched = True
        os.pwrite(session._descriptor, b"fio", size - 1000)
    stamped(session)


def test_where_no_more_may_be_written_the_file_is_shorter_for_those_that_follow(
    session: Session,
) -> None:
    with layout.scratch() as (_, descriptor, size):
        with lent(session, descriptor) as region:
            region.is_touched = True
            os.pwrite(session._descriptor, bytes(4096), size - 4096)
            session.ledger[Word.LIMIT] = session.ledger[Word.WRITTEN]
        assert session.ledger[Word.LAID_OUT] == region.begin
    with layout.scratch() as (_, _, again):
        assert again == region.begin


def test_a_process_that_is_killed_leaves_a_shorter_file(session: Session) -> None:
    with layout.scratch() as (_, descriptor, _):
        lending = lent(session, descriptor)
        region = lending.__enter__()
        assert session.ledger[Word.LAID_OUT] == region.begin  # As if it ended here.
        lending.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("depth", "writes_in_ten", "block", "is_ordered"),
    [
        (1, 0, 4 * KiB, False), (4, 0, 4 * KiB, False), (4, 10, 4 * KiB, False),
        (4, 3, 4 * KiB, False), (1, 0, MiB, True), (4, 0, MiB, True), (4, 10, MiB, True),
    ],
)  # fmt: skip
def test_the_real_one_reaches_the_device_and_leaves_the_stamps(
    session: Session, with_fio: None, depth: int, writes_in_ten: int, block: int, is_ordered: bool
) -> None:
    with layout.scratch() as (_, descriptor, size):
        places = in_order(size, block) if is_ordered else shuffled(size, block)
        call_bytes = 8 * MiB if writes_in_ten else None
        task = Task(block, depth, places, writes_in_ten=writes_in_ten, call_bytes=call_bytes)
        with engines.running(session, descriptor, task) as found:
            for _ in range(2):
                timing = found.run()
            assert timing.seconds > 0
            found.check()
            told = found.figures(SEEN)
            assert str(told["engine"].value).startswith("fio ")
            proof = told["io_proof"].value
            assert proof == "unproven" or proof >= 0.98
    stamped(session)


def test_pages_that_fio_has_not_are_not_available(session: Session, with_fio: None) -> None:
    with layout.scratch() as (_, descriptor, size):
        task = Task(MiB, 1, in_order(size, MiB), pages="huge")
        with (
            pytest.raises(Unsupported, match="small pages"),
            engines.running(session, descriptor, task),
        ):
            pass


@pytest.mark.parametrize("how", ["fsync", "fdatasync", "O_DSYNC"])
def test_durable_appends_go_to_a_file_of_fios_own_that_is_removed(
    session: Session, with_fio: None, how: str
) -> None:
    path: Path = session.named() / "appended-by-fio"
    before = session.ledger[Word.WRITTEN]
    chosen = engines.appending(
        session, how, 4 * KiB, 256 * KiB, lambda: Timing(1e-4, [1e-4] * 10), lambda seen: {}
    )
    with chosen as found:
        for _ in range(2):
            timing = found.run()
        assert timing.seconds == pytest.approx(np.median(timing.latencies))
        assert 0 < path.stat().st_size <= 256 * KiB
        found.check()
    assert not path.exists()
    assert 0 < session.ledger[Word.WRITTEN] - before <= 512 * KiB


def test_fio_runs_on_all_cpus_although_the_calling_thread_is_pinned() -> None:
    """Pinned to one core it was a third slower than hwperf's threads, which are not."""
    import os

    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        with engines._on(tuple(before)):
            assert os.sched_getaffinity(0) == before
        assert os.sched_getaffinity(0) == {min(before)}
    finally:
        os.sched_setaffinity(0, before)
