"""fio's jobs: what is asked for, what is read out of the answer, and every way to go wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hwperf import CheckFailed, Unsupported
from hwperf.domains.storage import fio
from hwperf.domains.storage.fio import Job, arguments
from hwperf.scratch import Ledger, Session
from hwperf.scratch.ledger import Word
from hwperf.units import KiB, MiB

from .fake_fio import FakeFio, report, side

READ = Job("randread", 4 * KiB, 1, 0.3)
WRITE = Job("randwrite", 4 * KiB, 1, 0.3, most_bytes=8 * MiB)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFio]:
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory), prepend=os.pathsep)
    fio.version.cache_clear()
    yield FakeFio(directory)
    fio.version.cache_clear()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "file"
    path.write_bytes(bytes(MiB))
    descriptor = os.open(path, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    made = Ledger()
    made[Word.LIMIT] = 16 * MiB
    yield made
    made.close()


def option(words: list[str], name: str) -> str | None:
    (found,) = [w.partition("=")[2] for w in words if w.startswith(f"--{name}=")] or [None]
    return found


def test_a_blocking_thread_is_a_unit_of_depth_and_asynchronous_engines_have_one() -> None:
    psync = arguments(Job("randread", 4096, 32, 0.4), "/f", MiB)
    libaio = arguments(Job("randread", 4096, 32, 0.4, engine="libaio"), "/f", MiB)
    assert (option(psync, "numjobs"), option(psync, "iodepth")) == ("32", None)
    assert (option(libaio, "numjobs"), option(libaio, "iodepth")) == ("1", "32")
    assert option(psync, "runtime") == "400ms"
    assert "--time_based" in psync


def test_whole_latencies_are_asked_for() -> None:
    words = arguments(READ, "/f", MiB)
    assert option(words, "lat_percentiles") == "1"
    assert option(words, "clat_percentiles") == "0"
    assert option(words, "output-format") == "json+"


def test_threads_that_read_in_order_have_stripes_that_fill_the_part_and_no_more() -> None:
    words = arguments(Job("read", 64 * KiB, 8, 0.3, offset=4 * MiB), "/f", 1000 * KiB)
    part = int(option(words, "size") or 0)
    assert part == int(option(words, "offset_increment") or 0) == 64 * KiB
    assert option(words, "offset") == str(4 * MiB)
    assert 8 * part <= 1000 * KiB
    alone = arguments(Job("read", 64 * KiB, 8, 0.3, engine="libaio"), "/f", 1000 * KiB)
    assert option(alone, "offset_increment") is None
    assert option(alone, "size") == str(1000 * KiB)


def test_what_is_written_is_limited_for_each_thread_and_never_by_time_alone() -> None:
    words = arguments(Job("randwrite", 4 * KiB, 32, 0.3, most_bytes=MiB), "/f", 64 * MiB)
    assert 32 * int(option(words, "io_size") or 0) == MiB
    assert "--time_based" not in words


@pytest.mark.parametrize(
    ("sync", "word"),
    [("fsync", "--fsync=1"), ("fdatasync", "--fdatasync=1"), ("dsync", "--sync=dsync")],
)
def test_durable_appends_reserve_no_space(sync: str, word: str) -> None:
    job = Job("write", 4 * KiB, 1, 0.3, is_direct=False, sync=sync, most_bytes=MiB)
    words = arguments(job, "/f", MiB)
    assert word in words
    assert "--fallocate=none" in words
    assert "--end_fsync=1" not in words


def test_writes_through_the_page_cache_end_when_the_device_has_them() -> None:
    words = arguments(Job("write", MiB, 1, 0.3, is_direct=False, most_bytes=8 * MiB), "/f", MiB)
    assert "--end_fsync=1" in words
    assert option(words, "direct") == "0"


def test_latencies_come_from_the_bins_and_rates_from_the_whole(fake: FakeFio, file: int) -> None:
    told = fio.run(READ, file, MiB)
    assert (told.version, told.ops, told.seconds) == ("3.33", 3000, pytest.approx(0.3))
    assert told.iops == pytest.approx(10_000)
    assert told.bytes_per_s == pytest.approx(10_000 * 4096)
    assert told.latencies.size == 3000
    assert told.p50_s == pytest.approx(50e-6)
    assert told.p99_s == pytest.approx(np.quantile(told.latencies, 0.99)) == pytest.approx(60e-6)
    assert told.p999_s is None  # Of 3,000 there are three beyond.
    assert option(fake.calls[0], "filename") == f"/proc/self/fd/{file}"


def test_reads_and_writes_of_one_job_are_added_up(fake: FakeFio, file: int, ledger: Ledger) -> None:
    fake.answer(report(side({50_000: 70}), side({90_000: 30}, runtime=301)))
    told = fio.run(Job("randrw", 4 * KiB, 1, 0.3, most_bytes=MiB), file, MiB, ledger)
    assert (told.ops, told.seconds) == (100, pytest.approx(0.301))
    assert (told.bytes_read, told.bytes_written) == (70 * 4096, 30 * 4096)
    assert sorted(set(np.round(told.latencies * 1e6))) == [50, 90]
    assert ledger[Word.WRITTEN] == 30 * 4096


def test_of_a_synced_write_both_the_write_and_the_sync_count(
    fake: FakeFio, file: int, ledger: Ledger
) -> None:
    fake.answer(report(write=side({8_000: 100}), sync=side({120_000: 100})))
    job = Job("write", 4 * KiB, 1, 0.3, is_direct=False, sync="fsync", most_bytes=MiB)
    assert fio.run(job, file, MiB, ledger).p50_s == pytest.approx(128e-6)


def test_warnings_before_the_report_and_words_behind_it_do_no_harm(
    fake: FakeFio, file: int
) -> None:
    note = "note: both iodepth >= 1 and synchronous I/O engine are selected {really}\n"
    fake.answer(note + json.dumps(report(), indent=2) + "\nfio: bye\n")
    assert fio.run(READ, file, MiB).ops == 3000


def test_an_error_in_the_report_counts_whatever_the_exit_code(fake: FakeFio, file: int) -> None:
    words = "fio: pid=7, err=5/file:io_u.c:1876, func=io_u error, error=Input/output error\n"
    fake.answer(words + json.dumps(report(error=5), indent=2))
    with pytest.raises(CheckFailed, match=r"fio failed: fio: err=5.*error=Input/output error"):
        fio.run(READ, file, MiB)
    fake.answer(report(error=5))
    with pytest.raises(CheckFailed, match="fio failed"):
        fio.run(READ, file, MiB)
    fake.answer(report(), code=1)
    with pytest.raises(CheckFailed, match="fio failed"):
        fio.run(READ, file, MiB)


@pytest.mark.parametrize(
    "words",
    [
        "fio: pid=7, err=1/file:engines/io_uring.c:998, func=io_queue_init, "
        "error=Operation not permitted\n",
        "fio: engine io_uring not loadable\nfio: failed to load engine\n",
    ],
)
def test_an_engine_that_is_refused_is_not_available(fake: FakeFio, file: int, words: str) -> None:
    job = Job("randread", 4 * KiB, 1, 0.3, engine="io_uring")
    fake.answer(words + json.dumps(report(error=1), indent=2), code=1)
    with pytest.raises(Unsupported, match="fio has no engine io_uring here: fio: "):
        fio.run(job, file, MiB)
    fake.answer("", stderr=words, code=1)
    with pytest.raises(Unsupported, match="fio has no engine io_uring here"):
        fio.run(job, file, MiB)


@pytest.mark.parametrize(
    ("printed", "code", "words"),
    [
        ("", 0, "cannot be read.*it printed nothing"),
        ("Segmentation fault\n", 0, "cannot be read.*Segmentation fault"),
        ("{\n", 0, "cannot be read"),
        ('{"jobs": []}', 0, "cannot be read"),
        ("[1, 2]", 0, "cannot be read"),
        (json.dumps({"fio version": "fio-3.33", "jobs": [{"error": "x"}]}), 0, "cannot be read"),
        (json.dumps(report(jobs=False)), 0, "cannot be read"),
        ("fio: job startup hung?\n", 139, "ended with 139: fio: job startup hung"),
    ],
)
def test_what_is_no_report_is_a_failure_with_what_was_printed(
    fake: FakeFio, file: int, printed: str, code: int, words: str
) -> None:
    fake.answer(printed, code=code)
    with pytest.raises(CheckFailed, match=words):
        fio.run(READ, file, MiB)


def test_no_transfer_is_no_result(fake: FakeFio, file: int) -> None:
    fake.answer(report(read=side()))
    with pytest.raises(CheckFailed, match="no transfer"):
        fio.run(READ, file, MiB)
    fake.answer(report(read=side({100: 10}, runtime=0)))
    with pytest.raises(CheckFailed, match="less than its clock's millisecond"):
        fio.run(READ, file, MiB)


def test_latencies_beyond_its_histogram_are_not_believed(fake: FakeFio, file: int) -> None:
    fake.answer(report(read=side({20_000_000_000: 1})))
    with pytest.raises(CheckFailed, match="17 s"):
        fio.run(READ, file, MiB)


def test_a_report_without_whole_latencies_is_of_too_old_a_fio(fake: FakeFio, file: int) -> None:
    old = side({50_000: 10})
    del old["lat_ns"]["bins"]
    fake.answer(report(read=old))
    with pytest.raises(Unsupported, match="prints no histogram"):
        fio.run(READ, file, MiB)


def test_without_fio_or_with_an_old_one_points_are_not_available(
    fake: FakeFio, file: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake.answer("", version="fio-2.16")
    with pytest.raises(Unsupported, match=r"fio 2.16 is too old: 3\.0 or later"):
        fio.run(READ, file, MiB)
    fake.answer("", version="what?")
    with pytest.raises(Unsupported, match=r"fio --version ended with 0: what\?"):
        fio.run(READ, file, MiB)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unsupported, match="fio is not installed"):
        fio.run(READ, file, MiB)


def test_a_job_that_does_not_end_is_ended(
    fake: FakeFio, file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fio.version()
    fake.answer(report(), sleep_s=30)
    monkeypatch.setattr(fio, "_MARGIN_S", 0.2)
    with pytest.raises(CheckFailed, match="fio has not ended after"):
        fio.run(READ, file, MiB)


def test_what_was_charged_and_not_written_is_given_back(
    fake: FakeFio, file: int, ledger: Ledger
) -> None:
    fake.answer(report(write=side({50_000: 100})))
    fio.run(WRITE, file, MiB, ledger)
    assert ledger[Word.WRITTEN] == 100 * 4096


def test_after_a_failure_all_counts_as_written(fake: FakeFio, file: int, ledger: Ledger) -> None:
    fake.answer(report(write=side({50_000: 100}), error=28))
    with pytest.raises(CheckFailed):
        fio.run(WRITE, file, MiB, ledger)
    assert ledger[Word.WRITTEN] == 8 * MiB


def test_fio_is_not_started_where_the_run_may_not_write_so_much(
    fake: FakeFio, file: int, ledger: Ledger
) -> None:
    ledger[Word.LIMIT] = MiB
    with pytest.raises(Unsupported, match="1 MiB are left"):
        fio.run(WRITE, file, MiB, ledger)
    assert fake.calls == []
    with pytest.raises(ValueError, match="most_bytes and a ledger"):
        fio.run(WRITE, file, MiB)


def test_fio_never_makes_a_file_longer(fake: FakeFio, file: int) -> None:
    with pytest.raises(CheckFailed, match="the file has 1 MiB"):
        fio.run(READ, file, 2 * MiB)
    assert fake.calls == []


def test_the_real_one_where_it_is_installed_keeps_to_its_part(session: Session) -> None:
    """What it writes stays within its bytes and its part, and it reads as this process."""
    from hwperf.domains.storage import layout
    from hwperf.domains.storage.watch import Watch

    fio.version.cache_clear()
    try:
        fio.version()
    except Unsupported as why:
        pytest.skip(str(why))
    with layout.scratch() as (_, descriptor, size), Watch(session.directory) as watch:
        before = session.ledger[Word.WRITTEN]
        kept = os.pread(session._descriptor, size - 16 * MiB, 0)
        job = Job("randwrite", 4 * KiB, 4, 5.0, most_bytes=MiB, offset=size - 16 * MiB)
        watch.begin()
        told = fio.run(job, descriptor, 16 * MiB, session.ledger)
        happened = watch.end()
        assert told.bytes_written == session.ledger[Word.WRITTEN] - before == MiB
        if happened.written_bytes:
            assert happened.written_bytes == pytest.approx(MiB, rel=0.02)
        assert os.pread(session._descriptor, size - 16 * MiB, 0) == kept
