"""Direct and cached are never confused, nor a file that was never written with one that was."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf import CheckFailed
from hwperf.domains.storage import layout
from hwperf.domains.storage.engine import Task, running
from hwperf.domains.storage.proof import DEVICE, MEMORY, Proof
from hwperf.domains.storage.sequential import in_order
from hwperf.domains.storage.watch import Happened
from hwperf.scratch import Session
from hwperf.units import KiB, MiB

SIZE = 8 * MiB


def happened(read: int | None, written: int | None) -> Happened:
    return Happened(read, written, None, None, None)


@pytest.mark.parametrize("reached", [0, 97])
def test_a_direct_result_of_which_bytes_never_reached_the_device_is_refused(
    tmp_path: Path, reached: int
) -> None:
    proof = Proof(DEVICE, tmp_path)
    proof.count(happened(reached, 0), 100, 0)
    with pytest.raises(CheckFailed, match="the page cache, a hole in the file or memory"):
        proof.check()


def test_a_warm_result_that_came_from_the_device_is_refused(tmp_path: Path) -> None:
    proof = Proof(MEMORY, tmp_path)
    proof.count(happened(3, 0), 100, 0)
    with pytest.raises(CheckFailed, match="the page cache did not hold the file"):
        proof.check()


def test_where_the_system_does_not_count_the_result_is_marked_and_kept(tmp_path: Path) -> None:
    proof = Proof(DEVICE, tmp_path)
    proof.count(happened(None, None), 100, 0)
    proof.check()
    assert proof.figures()["io_proof"].value == "unproven"


def read_of(session: Session, path: Path, flags: int, expected: str) -> None:
    """Read a file of the test in the way of the engine, and check."""
    descriptor = os.open(path, os.O_RDWR | flags)
    try:
        task = Task(64 * KiB, 1, in_order(SIZE, 64 * KiB), is_cached=not flags, proof=expected)
        with running(session, descriptor, task) as engine:
            engine.run()
            if engine.proof.ratio is None:
                pytest.skip("the system does not count I/O")
            engine.proof.check()
    finally:
        os.close(descriptor)


def sparse(descriptor: int) -> None:
    os.ftruncate(descriptor, SIZE)


def given_space(descriptor: int) -> None:
    os.posix_fallocate(descriptor, 0, SIZE)


def written(descriptor: int) -> None:
    os.write(descriptor, os.urandom(SIZE))
    os.fsync(descriptor)


@pytest.mark.parametrize("make", [sparse, given_space])
def test_a_file_that_was_never_written_is_refused(
    session: Session, make: Callable[[int], None]
) -> None:
    path = session.named() / "file"
    with path.open("wb") as file:
        make(file.fileno())
        os.fsync(file.fileno())
    with pytest.raises(CheckFailed, match="of the bytes asked for reached the device"):
        read_of(session, path, layout.DIRECT, DEVICE)


def test_a_cold_read_of_a_file_that_the_page_cache_holds_is_refused(session: Session) -> None:
    path = session.named() / "file"
    with path.open("wb") as file:
        written(file.fileno())
    path.read_bytes()
    with pytest.raises(CheckFailed, match=r"only 0\.0"):
        read_of(session, path, 0, DEVICE)
    read_of(session, path, 0, MEMORY)


def test_a_direct_read_passes_a_page_cache_that_is_full_of_the_file(session: Session) -> None:
    path = session.named() / "file"
    with path.open("wb") as file:
        written(file.fileno())
    path.read_bytes()
    read_of(session, path, layout.DIRECT, DEVICE)


def test_the_cache_forgets_the_file_and_nothing_else(session: Session) -> None:
    path = session.named() / "file"
    with path.open("wb") as file:
        written(file.fileno())
        layout.drop_cached(file.fileno())
    with pytest.raises(CheckFailed, match="did not hold the file"):
        read_of(session, path, 0, MEMORY)
