"""One run at a time writes to a results directory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hwperf.asv import files, lock

HOLD = """
import sys
from hwperf.asv import lock
with lock.hold(sys.argv[1], print):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(directory: Path) -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "held\n"
    return started


def test_a_second_run_names_the_first_and_waits(tmp_path: Path) -> None:
    first = holder(tmp_path)
    told: list[str] = []

    def on_wait(sentence: str) -> None:
        told.append(sentence)
        assert first.stdin is not None
        first.stdin.close()

    with lock.hold(tmp_path, on_wait):
        first.wait(timeout=10)
    assert told[0].startswith(f"another run (pid {first.pid}, since {time.strftime('%Y')}-")
    assert told[0].endswith(f"is writing to {tmp_path}; waiting until it ends")


def test_a_killed_run_holds_nothing(tmp_path: Path) -> None:
    first = holder(tmp_path)
    first.kill()
    first.wait(timeout=10)
    told: list[str] = []
    with lock.hold(tmp_path, told.append):
        assert told == []


def test_a_directory_is_made(tmp_path: Path) -> None:
    with lock.hold(tmp_path / "a" / "b", print):
        assert (tmp_path / "a" / "b" / lock.LOCK_NAME).is_file()


def test_what_cannot_be_written_is_said_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(files.CannotWrite, match="cannot write"),
        lock.hold(tmp_path / "file", print),
    ):
        pass
    assert "cannot write" in (lock.is_writable(tmp_path / "file") or "")
    assert lock.is_writable(tmp_path) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_directory_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / lock.LOCK_NAME).touch()
    tmp_path.chmod(0o555)
    assert "Make it writable" in (lock.is_writable(tmp_path) or "")
    tmp_path.chmod(0o755)
