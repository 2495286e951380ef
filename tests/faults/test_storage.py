"""What goes wrong with disks: nothing is left, nothing is touched, the rest goes on."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hwperf import CheckFailed, scratch
from hwperf.domains.storage import answer, content, engine, failure, layout, wear
from hwperf.domains.storage.proof import DEVICE, Proof
from hwperf.domains.storage.watch import Happened
from hwperf.kernels import io
from hwperf.measure import QUICK, measure
from hwperf.plugins import load
from hwperf.scratch import Session
from hwperf.scratch import session as sessions
from hwperf.scratch import target as targets
from hwperf.scratch.ledger import Word

from .conftest import User

WORKLOADS = load().workloads
# Each writes files with names, or lays out the scratch file.
KILLED = ["storage.metadata", "storage.fsync", "storage.random_read", "storage.sequential_write"]
N_KILLS = 20


def test_killed_at_twenty_moments_nothing_is_left_after_the_next_start(disk: Path) -> None:
    """And what the user had there is as it was."""
    (disk / "precious").write_text("mine")
    (disk / ".hwperf-scratch-notes").mkdir()
    before = sorted(os.listdir(disk))
    space = shutil.disk_usage(disk).free
    running = []
    for kill in range(N_KILLS):
        program = [sys.executable, "-m", "hwperf", "measure", KILLED[kill % len(KILLED)]]
        process = subprocess.Popen(
            [*program, "--budget", "2s", "--path", str(disk)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append((time.monotonic() + 0.2 + 0.13 * kill, process))
        if len(running) == 4:
            _kill_in_time(running)
    session = scratch.Session.begin(disk, limit=0)
    session.close()
    assert sorted(os.listdir(disk)) == before
    assert (disk / "precious").read_text() == "mine"
    assert shutil.disk_usage(disk).free > space - 256 * 2**20


def _kill_in_time(running: list[tuple[float, subprocess.Popen[bytes]]]) -> None:
    for moment, process in sorted(running, key=lambda each: each[0]):
        time.sleep(max(0.0, moment - time.monotonic()))
        process.send_signal(signal.SIGKILL)
    for _, process in running:
        process.wait()
    running.clear()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal_nothing_is_left(disk: Path, number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hwperf", "measure", "storage.metadata", "--budget", "60s",
         "--path", str(disk)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    end = time.monotonic() + 60
    while not os.listdir(disk) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(number)
    assert process.wait(60) == 130
    assert os.listdir(disk) == []


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("file", "is no directory. Name one with --path; hwperf opens no raw device"),
        ("gone", "does not exist. Name a directory that does, with --path"),
    ],
)
def test_a_path_that_will_not_do_is_one_sentence_and_exit_code_2(
    user: User, place: str, says: str
) -> None:
    (user.directory / "file").touch()
    for verb in (["measure", "storage.fsync"], ["run", "-k", "storage.fsync"]):
        answer = user.hwperf(*verb, "--path", str(user.directory / place))
        assert (answer.code, answer.out) == (2, "")
        assert says in answer.err
        assert len(answer.err.strip().splitlines()) == 1


def test_a_device_node_is_refused(user: User) -> None:
    answer = user.hwperf("measure", "storage.random_write", "--path", "/dev/null")
    assert answer.code == 2
    assert "hwperf opens no raw device" in answer.err


def test_a_place_in_memory_gives_na_with_its_reason_where_it_is_the_default(user: User) -> None:
    if not Path("/dev/shm").is_dir():
        pytest.skip("no /dev/shm")
    answer = user.hwperf("measure", "storage.fsync", "--json", HWPERF_STORAGE_DIR="/dev/shm")
    assert answer.code == 3
    for point in answer.points():
        assert point["verdict"] == "n/a"
        assert "keeps files in memory" in point["reason"]


def test_a_limit_of_file_sizes_while_the_file_is_laid_out_is_said_and_nothing_is_left(
    disk: Path,
) -> None:
    """As a disk does that is full in the middle."""
    done = subprocess.run(
        [sys.executable, "-m", "hwperf", "measure", "storage.mixed", "--path", str(disk)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20)),
    )
    assert "n/a: laying out the scratch file failed: File too large (EFBIG)" in _one_line(
        done.stdout
    )
    assert done.returncode == 3
    assert os.listdir(disk) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_disk_that_fails_in_the_middle_of_laying_out_gives_its_space_back(
    session: Session, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real, calls = os.pwrite, [0]

    def failing(descriptor: int, data: bytes, offset: int) -> int:
        calls[0] += 1
        if calls[0] == 5:
            raise OSError(number, os.strerror(number))
        return real(descriptor, data, offset)

    monkeypatch.setattr(layout.os, "pwrite", failing)
    result = measure(WORKLOADS["storage.random_read"], {"block_bytes": 4096, "queue_depth": 1})
    assert result.verdict == ("failed" if number == errno.EIO else "n/a")
    assert os.strerror(number) in result.reason
    assert os.fstat(session._descriptor).st_size == 0
    again = measure(WORKLOADS["storage.random_read"], {"block_bytes": 4096, "queue_depth": 1})
    assert again.verdict in ("ok", "noisy")


def test_an_error_says_what_to_do() -> None:
    assert "Free some space" in str(failure.failed("a write", errno.ENOSPC))
    assert "quota is used up" in str(failure.failed("a write", errno.EDQUOT))
    assert "See the system's log" in str(failure.failed("a read", errno.EIO))


def test_a_directory_that_vanishes_in_the_middle_is_named(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = session.named()
    calls = [0]
    listed = os.listdir

    def vanishing(path: object = ".") -> list[str]:
        calls[0] += 1
        if calls[0] == 3:
            shutil.rmtree(directory)
        return listed(path)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(os, "listdir", vanishing)
    result = measure(WORKLOADS["storage.metadata"], {"what": "create"})
    assert result.verdict in ("failed", "n/a")
    assert "vanished" in result.reason or "No such file" in result.reason
    monkeypatch.undo()


def test_a_file_that_somebody_changes_while_it_is_written_is_noticed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = engine.Engine.check

    def meddle(self: engine.Engine) -> None:
        for offset in range(0, 64 << 20, 1 << 20):
            os.pwrite(session._descriptor, b"somebody else" * 80660, offset)
        os.fsync(session._descriptor)
        check(self)

    monkeypatch.setattr(engine.Engine, "check", meddle)
    result = measure(WORKLOADS["storage.random_write"], {"block_bytes": 4096, "queue_depth": 1})
    assert result.verdict == "failed"
    assert "changed by somebody else" in result.reason


def test_a_hanging_device_costs_one_point(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = {"block_bytes": 4096, "queue_depth": 4}
    with monkeypatch.context() as patch:
        patch.setattr(answer, "TIMEOUT_S", 0.05)
        patch.setattr(engine, "_load", lambda _: None)
        patch.setattr(io, "transfer", lambda *_: time.sleep(0.5))
        stuck = measure(WORKLOADS["storage.random_read"], point, profile=QUICK)
        assert stuck.verdict == "failed"
        assert "the device has not answered 4 of 4 threads" in stuck.reason
    again = measure(WORKLOADS["storage.random_read"], point, profile=QUICK)
    assert again.verdict == "n/a"
    assert "did not answer another point" in again.reason
    session.ledger[Word.HUNG] = 0
    assert measure(WORKLOADS["storage.random_read"], point).verdict in ("ok", "noisy")


def test_data_is_told_from_zeros_of_a_device_that_lost_its_writes(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(io, "stamp", lambda *_: None)
    layout._laid_out(session)
    monkeypatch.undo()
    blocks = np.frombuffer(os.pread(session._descriptor, 1 << 20, 0), np.int64)
    with pytest.raises(CheckFailed, match="do not hold what was written there"):
        content.require_stamped(blocks.reshape(-1, 512), 0, "what was read")


def _one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """An ext4 file system of 256 MiB in a file, where this user may mount one."""
    programs = [shutil.which(name, path="/usr/sbin:/sbin:/usr/bin:/bin") for name in _MOUNTING]
    if os.geteuid() != 0 or None in programs:
        pytest.skip("mounting needs root, mkfs.ext4, mount and umount")
    make, mount, unmount = (str(program) for program in programs)
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(256 << 20)
    subprocess.run([make, "-q", image], check=True)
    if subprocess.run([mount, "-o", "loop", image, place], check=False).returncode != 0:
        pytest.skip("no loop device may be used here")
    try:
        yield place
    finally:
        subprocess.run([unmount, place], check=True)


_MOUNTING = ("mkfs.ext4", "mount", "umount")


def test_a_disk_that_somebody_fills_meanwhile_is_said_to_be_full(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There was room when the file was begun; then a neighbour took it."""
    monkeypatch.setenv("HWPERF_STORAGE_DIR", str(small_disk))
    monkeypatch.delenv(scratch.SCRATCH, raising=False)
    monkeypatch.setattr(sessions, "_session", None)
    monkeypatch.setattr(sessions, "require_space", lambda *_: None)
    monkeypatch.setattr(sessions, "write_limit", lambda *_: 1 << 30)
    monkeypatch.setattr(wear, "scratch_bytes", lambda _: 64 << 20)
    theirs = small_disk / "theirs"
    session = scratch.current()
    try:
        space = os.statvfs(small_disk)
        theirs.write_bytes(bytes(space.f_bavail * space.f_frsize - (12 << 20)))
        size = theirs.stat().st_size
        for id, point in (
            ("storage.random_read", {"block_bytes": 4096, "queue_depth": 1}),
            ("storage.feed", {"layout": "shard", "loader": "numpy", "workers": 0}),
            ("storage.checkpoint", {"library": "numpy", "op": "save", "nbytes": 256 << 20}),
        ):
            result = measure(WORKLOADS[id], point)
            assert result.verdict == "n/a", result.reason
            assert "No space left on device (ENOSPC). Free some space" in result.reason
        assert theirs.stat().st_size == size
        left = os.statvfs(small_disk)
        assert left.f_bavail * left.f_frsize > 8 << 20
    finally:
        session.close()
    assert sorted(os.listdir(small_disk)) == ["lost+found", "theirs"]


def test_a_disk_with_no_room_for_a_scratch_file_says_so(small_disk: Path, user: User) -> None:
    answer = user.hwperf(
        "measure", "storage.random_read", "-p", "queue_depth=1", "--path", str(small_disk)
    )
    assert answer.code == 3
    assert "a scratch file has 32 MiB or more. Free some space" in _one_line(answer.out)
    assert os.listdir(small_disk) == ["lost+found"]


@pytest.mark.parametrize(
    ("id", "point"),
    [
        ("storage.cached_read", {"how": "read", "cache": "cold", "read_ahead": "on"}),
        (
            "storage.sequential_write",
            {"block_bytes": 65536, "io": "buffered", "queue_depth": 1, "pages": "small"},
        ),
    ],
)
def test_a_flush_that_hangs_costs_one_point(
    session: Session, monkeypatch: pytest.MonkeyPatch, id: str, point: dict[str, object]
) -> None:
    layout._laid_out(session)
    with monkeypatch.context() as patch:
        patch.setattr(answer, "TIMEOUT_S", 0.1)
        patch.setattr(os, "fdatasync", lambda _: time.sleep(0.5))
        stuck = measure(WORKLOADS[id], point, profile=QUICK)
        assert stuck.verdict == "failed"
        assert "the device has not answered for 0 s (fdatasync)" in stuck.reason
    session.ledger[Word.HUNG] = 0
    time.sleep(0.5)
    again = measure(WORKLOADS[id], point, profile=QUICK)
    assert again.verdict in ("ok", "noisy"), again.reason


def test_a_file_system_in_a_file_is_no_proof_of_a_disk(small_disk: Path) -> None:
    """The loop device answers from the page cache of its file."""
    proof = Proof(DEVICE, small_disk)
    proof.count(Happened(100, 0, None, None, None), 100, 0)
    assert proof.figures()["io_proof"].value == "unproven"


def test_a_disk_in_memory_is_refused(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets.storage, "in_memory", lambda _: "zram1")
    scratch.unwritable.cache_clear()
    try:
        assert "keeps its blocks in memory" in str(scratch.unwritable(disk))
    finally:
        scratch.unwritable.cache_clear()
