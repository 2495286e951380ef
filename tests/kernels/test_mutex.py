"""A mutex lets one in at a time, and every section is made."""

from __future__ import annotations

import os
import platform
from functools import partial

import numpy as np
import pytest

from hwperf.kernels import mutex
from hwperf.kernels.team import Team, shared_word

from .assembly import count, loops, native, on

ALLOWED = sorted(os.sched_getaffinity(0))
TWO = (ALLOWED * 2)[:2]
X86 = pytest.mark.skipif(platform.machine() != "x86_64", reason="reads the code of x86-64")


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_every_section_adds_one_and_the_mutex_is_free_afterwards(n: int) -> None:
    words = mutex.unlocked()
    mutex.pass_sections(words, n)
    assert words[mutex.COUNTER] == n
    assert not words[: mutex.COUNTER].any()


def test_the_mutex_and_what_it_guards_are_on_one_line() -> None:
    words = mutex.unlocked()
    assert words.ctypes.data % 64 == 0
    assert 8 * mutex.COUNTER < 64


def test_no_update_of_two_threads_is_lost() -> None:
    words, gate, n = mutex.unlocked(), shared_word(), 20000
    seen = np.zeros((2, 4), np.int64)
    with Team(TWO) as team:
        came = team.run([partial(mutex.contend, gate, 2, words, n, marks) for marks in seen])
    assert came == [True, True]
    assert words[mutex.COUNTER] == 2 * n
    assert (seen[:, 2] > seen[:, 0]).all()
    assert seen[:, 3].max() == 2 * n
    assert (seen[:, 3] - seen[:, 1] >= n).all()


@X86
def test_a_section_is_two_calls_around_an_addition_in_memory() -> None:
    code = native(mutex.pass_sections, mutex.unlocked(), 1)
    (loop,) = [each for each in loops(code) if count(each, "callq .*")]
    kept = [line for line in loop if count([line], r"callq .*|incq \d+\(.*|addq .*, \d+\(.*")]
    assert [line.split()[0] for line in kept] == ["callq", "incq", "callq"]
    assert {"lock", "unlock"} == {
        line.split("pthread_mutex_")[1].split(",")[0] for line in code if "pthread_mutex_" in line
    }


@X86
def test_a_section_on_arm_is_the_same() -> None:
    code = on(
        "neoverse-n1", mutex.pass_sections, mutex.unlocked(), 1, triple="aarch64-unknown-linux-gnu"
    )
    assert count(code, "bl pthread_mutex_lock|blr x.*") >= 1
    assert any("pthread_mutex_unlock" in line for line in code)
