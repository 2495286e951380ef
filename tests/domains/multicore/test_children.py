"""Child processes answer, say why they do not, and are gone afterwards, whatever happens."""

from __future__ import annotations

import os
import time

import psutil
import pytest

from hwperf import CheckFailed
from hwperf.domains.multicore import children
from hwperf.domains.multicore.children import child

ECHO = ["-c", "import sys\nfor line in sys.stdin: print(line.strip()[::-1], flush=True)"]
# It does not end with its stdin, and has a child that does not, either.
STUBBORN = [
    "-c",
    "import os, subprocess, sys, time\n"
    "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(other.pid, flush=True)\n"
    "time.sleep(60)",
]


def test_a_child_answers_line_by_line_and_ends_with_the_block() -> None:
    with child(ECHO) as echo:
        assert echo.ask("abc") == "cba"
        echo.tell("12")
        echo.tell("34")
        assert (echo.answer(), echo.answer()) == ("21", "43")
    assert echo.process.returncode == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, SystemExit])
def test_an_error_leaves_no_child(error: type[BaseException]) -> None:
    with pytest.raises(error), child(ECHO) as echo:
        raise error
    assert echo.process.returncode is not None
    assert not psutil.pid_exists(echo.process.pid)


def test_a_child_that_does_not_end_is_killed_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(children, "_END_S", 0.05)
    with child(STUBBORN) as stubborn:
        other = psutil.Process(int(stubborn.answer()))
    assert stubborn.process.returncode == -9
    deadline = time.monotonic() + 10
    while other.is_running() and other.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "a process of the child is still there"
        time.sleep(0.01)


def test_a_child_that_dies_says_why() -> None:
    dying = ["-c", "input()\nraise ValueError('no such thing')"]
    with (
        pytest.raises(CheckFailed, match=r"^a child process ended with 1: ValueError: no such thi"),
        child(dying) as it,
    ):
        it.ask("")


def test_nobody_is_told_anything_after_the_end() -> None:
    with child(["-c", "raise SystemExit(3)"]) as it:
        it.process.wait()
        with pytest.raises(CheckFailed, match=r"^a child process ended with 3: no message$"):
            it.tell("hello")


def test_a_silent_child_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "ANSWER_S", 0.05)
    monkeypatch.setattr(children, "_END_S", 0.05)
    with (
        pytest.raises(CheckFailed, match="did not answer within"),
        child(["-c", "import time; time.sleep(60)"]) as it,
    ):
        it.ask("hello?")
    assert it.process.returncode is not None


def test_a_child_may_use_the_cpus_that_its_parent_may_use() -> None:
    program = ["-c", "import os; print(sorted(os.sched_getaffinity(0)))"]
    with child(program) as it:
        assert it.answer() == str(sorted(os.sched_getaffinity(0)))
