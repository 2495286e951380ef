"""A checkpoint is saved whole or not at all, and a damaged one is noticed."""

from __future__ import annotations

import errno
import importlib.util
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hwperf import GiB, MiB, Unsupported
from hwperf.domains.storage import checkpoint as workload
from hwperf.domains.storage import content, saved
from hwperf.measure import Profile, measure
from hwperf.measure.contract import violations
from hwperf.scratch import Session
from hwperf.scratch.ledger import Word

SMALL = 1 * MiB
ONCE = Profile("once", budget_s=0.01, rehearsal_s=-1.0)
LIBRARIES = [
    "numpy",
    pytest.param(
        "torch",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("torch") is None, reason="torch is not installed here"
        ),
    ),
]


def point(library: str, op: str, nbytes: int = SMALL) -> dict[str, Any]:
    return {"library": library, "op": op, "nbytes": nbytes}


def left(session: Session) -> list[str]:
    return sorted(name for name in os.listdir(session.named()) if name != "owner")


@contextmanager
def files_of_at_most(nbytes: int) -> Iterator[None]:
    """Let no file grow beyond *nbytes*: a write fails in the middle, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (nbytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("op", ["save", "load", "load_mmap"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_the_contract_is_kept(session: Session, library: str, op: str) -> None:
    assert violations(workload, point(library, op)) == ()


@pytest.mark.parametrize("library", LIBRARIES)
def test_loading_finds_what_was_saved_and_writes_nothing(session: Session, library: str) -> None:
    assert measure(workload, point(library, "save"), profile=ONCE).cost_s
    written = session.ledger[Word.WRITTEN]
    name = f"checkpoint-{SMALL}.{library}"
    assert left(session) == [name, name + ".json"]
    for op in ("load", "load_mmap"):
        result = measure(workload, point(library, op), profile=ONCE)
        assert result.cost_s, result.reason
        assert result.figures["waited"].value == pytest.approx(result.cost_s * SMALL)
    assert session.ledger[Word.WRITTEN] == written
    assert session.ledger[Word.HELD] == SMALL
    assert left(session) == [name, name + ".json"]


def test_a_quick_run_saves_once_and_nothing_large(session: Session) -> None:
    session.ledger[Word.LIMIT] = 2 * GiB
    result = measure(workload, point("numpy", "save"), profile=ONCE)
    assert len(result.samples) == 1
    assert session.ledger[Word.WRITTEN] == SMALL
    large = measure(workload, point("numpy", "save", GiB), profile=ONCE)
    assert (large.verdict, large.reason) == (
        "n/a",
        "it writes 1 GiB a call, and this run may write 2 GiB in all. Use --full, or a directory "
        "with more free space",
    )


def test_a_full_run_saves_twice_beside_the_rehearsal(session: Session) -> None:
    session.ledger[Word.LIMIT] = 16 * GiB
    measure(workload, point("numpy", "save"), profile=Profile("full", budget_s=0.01))
    assert session.ledger[Word.WRITTEN] == 3 * SMALL
    assert session.ledger[Word.HELD] == SMALL


@pytest.mark.parametrize("op", ["load", "load_mmap"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_damaged_checkpoint_is_not_loaded_as_good(
    session: Session, library: str, op: str
) -> None:
    measure(workload, point(library, "save"), profile=ONCE)
    path = session.named() / f"checkpoint-{SMALL}.{library}"
    with open(path, "r+b") as file:
        file.seek(SMALL // 2)
        byte = file.read(1)[0]
        file.seek(SMALL // 2)
        file.write(bytes([byte ^ 1]))
        os.fsync(file.fileno())
    result = measure(workload, point(library, op), profile=ONCE)
    assert result.verdict == "failed"
    assert result.cost_s is None


@pytest.mark.parametrize("damage", ["cut", "no note", "a note that is none"])
def test_a_checkpoint_that_is_not_whole_is_made_anew(session: Session, damage: str) -> None:
    measure(workload, point("numpy", "save"), profile=ONCE)
    path = session.named() / f"checkpoint-{SMALL}.numpy"
    note = path.with_name(path.name + ".json")
    if damage == "cut":
        os.truncate(path, SMALL // 2)
    elif damage == "no note":
        note.unlink()
    else:
        note.write_text('["size"]', encoding="ascii")
    result = measure(workload, point("numpy", "load"), profile=ONCE)
    assert result.cost_s, result.reason
    assert session.ledger[Word.WRITTEN] == 2 * SMALL
    assert session.ledger[Word.HELD] == SMALL


def test_what_a_killed_process_has_left_of_one_goes(session: Session) -> None:
    partial = session.named() / f"checkpoint-{SMALL}.numpy.partial"
    partial.write_bytes(b"half")
    session.hold(SMALL)
    assert measure(workload, point("numpy", "save"), profile=ONCE).cost_s
    assert not partial.exists()
    assert session.ledger[Word.HELD] == SMALL


@pytest.mark.parametrize("op", ["save", "load"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_file_that_cannot_be_written_whole_is_removed_and_said(
    session: Session, library: str, op: str
) -> None:
    with files_of_at_most(SMALL // 2):
        result = measure(workload, point(library, op), profile=ONCE)
    assert (result.verdict, result.reason) == (
        "n/a",
        "saving a checkpoint failed: File too large (EFBIG). The size of files is limited here "
        "(ulimit -f).",
    )
    assert left(session) == []
    assert session.ledger[Word.HELD] == 0
    assert session.ledger[Word.WRITTEN] <= SMALL


def test_a_full_disk_is_said_and_an_older_checkpoint_is_not_left_as_whole(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure(workload, point("numpy", "save"), profile=ONCE)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(saved.os, "fsync", full)
    result = measure(workload, point("numpy", "save"), profile=ONCE)
    monkeypatch.undo()
    assert result.verdict == "n/a"
    assert "No space left on device (ENOSPC). Free some space" in result.reason
    assert left(session) == []
    assert session.ledger[Word.HELD] == 0


def test_a_run_that_may_not_write_so_much_says_so_and_holds_nothing(session: Session) -> None:
    session.ledger[Word.LIMIT] = SMALL // 2
    with pytest.raises(Unsupported, match="would write 1 MiB"):
        saved.Saved(session, "x", SMALL).write(lambda file: None, content.new_generation())
    assert session.ledger[Word.HELD] == session.ledger[Word.WRITTEN] == 0


def test_without_torch_its_points_are_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    reason = workload.unsupported(point("torch", "save"))
    assert reason == "torch is not installed here. Try: pip install torch"


def test_a_directory_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HWPERF_STORAGE_DIR", str(tmp_path / "gone"))
    result = measure(workload, point("numpy", "save"), profile=ONCE)
    assert result.verdict == "n/a"
    assert "gone does not exist" in result.reason
