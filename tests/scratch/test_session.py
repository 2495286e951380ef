"""One session for a run: held by one process, reached by others, gone with the last."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from storing import directory_on_a_disk

from hwperf import Unsupported, scratch
from hwperf.scratch import session as sessions
from hwperf.scratch import target
from hwperf.scratch.ledger import Word
from hwperf.units import GiB, MiB


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    with directory_on_a_disk(tmp_path) as directory:
        monkeypatch.setenv("HWPERF_STORAGE_DIR", str(directory))
        monkeypatch.delenv(scratch.SCRATCH, raising=False)
        monkeypatch.setattr(sessions, "_session", None)
        yield directory


def test_another_process_reaches_the_file_and_the_counts(disk: Path) -> None:
    program = (
        "import os; from hwperf import scratch; from hwperf.scratch.ledger import Word; "
        "session = scratch.current(); assert not session.is_own; "
        "os.pwrite(session.open(), b'from the child', 0); session.ledger.charge(1000)"
    )
    with scratch.opened(disk, "quick") as session:
        assert session is not None
        subprocess.run([sys.executable, "-c", program], check=True)
        assert session.ledger[Word.WRITTEN] == 1000
        assert os.pread(session.open(), 14, 0) == b"from the child"
        assert os.listdir(disk) == []
    assert scratch.SCRATCH not in os.environ


def test_a_session_that_has_ended_is_replaced_by_ones_own(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(scratch.SCRATCH, f"1:99999:99998:x:{disk}")
    session = scratch.current()
    assert session.is_own
    assert scratch.current() is session
    session.close()


def test_named_files_are_gone_with_the_session(disk: Path) -> None:
    session = scratch.current()
    (session.named() / "file").write_text("x")
    assert len(os.listdir(disk)) == 1
    session.close()
    assert os.listdir(disk) == []


def test_where_files_without_a_name_cannot_be_had_the_name_is_taken_away_at_once(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refusing(path: object, flags: int, *args: int, **kwargs: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(95, "Operation not supported")
        return real(path, flags, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refusing)
    session = scratch.Session.begin(disk, limit=MiB)
    assert os.listdir(disk) == []
    assert os.fstat(session.open()).st_nlink == 0
    session.close()


def test_charges_end_at_the_limit_and_what_was_not_written_is_given_back(disk: Path) -> None:
    session = scratch.Session.begin(disk, limit=10 * MiB)
    session.ledger.charge(8 * MiB)
    with pytest.raises(
        Unsupported, match=r"would write 4 MiB, and of the 10 MiB .* 2 MiB are left"
    ):
        session.ledger.charge(4 * MiB)
    session.ledger.refund(3 * MiB)
    session.ledger.charge(4 * MiB)
    session.close()


@pytest.mark.parametrize(("profile", "limit"), [("quick", 2 * GiB), ("full", 16 * GiB)])
def test_a_run_may_write_what_its_profile_says_or_a_tenth_of_what_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, limit: int
) -> None:
    class Usage:
        free = 1000 * GiB

    monkeypatch.setattr(sessions.shutil, "disk_usage", lambda _: Usage)
    assert scratch.write_limit(tmp_path, profile) == limit
    Usage.free = 10 * GiB
    assert scratch.write_limit(tmp_path, profile) == 1 * GiB


def test_at_most_a_tenth_of_the_free_space_is_held_and_some_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 20 * GiB

    monkeypatch.setattr(target.shutil, "disk_usage", lambda _: Usage)
    scratch.require_space(tmp_path, 2 * GiB)
    with pytest.raises(Unsupported, match="a tenth at most, and 1 GiB is left"):
        scratch.require_space(tmp_path, 2 * GiB + 1)
    Usage.free = 1 * GiB
    with pytest.raises(Unsupported, match="1 GiB are free"):
        scratch.require_space(tmp_path, 1)


def test_places_that_will_not_do_are_named_with_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "is no directory. Name one with --path" in str(scratch.unwritable(file))
    assert "does not exist" in str(scratch.unwritable(tmp_path / "gone"))


def test_memory_is_no_disk() -> None:
    shm = Path("/dev/shm")
    if not shm.is_dir():
        pytest.skip("no /dev/shm")
    assert "which keeps files in memory" in str(scratch.unwritable(shm))


def test_a_read_only_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with directory_on_a_disk(tmp_path) as directory:
        real = os.statvfs(directory)

        class Status:
            f_flag = real.f_flag | os.ST_RDONLY

        monkeypatch.setattr(target.os, "statvfs", lambda _: Status)
        target.unwritable.cache_clear()
        assert "mounted read-only" in str(scratch.unwritable(directory))
        target.unwritable.cache_clear()


def test_a_directory_that_may_not_be_written_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with directory_on_a_disk(tmp_path) as directory:
        monkeypatch.setattr(target.os, "access", lambda *_: False)
        target.unwritable.cache_clear()
        assert "may not be written to by this user" in str(scratch.unwritable(directory))
        target.unwritable.cache_clear()
