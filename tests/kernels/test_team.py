"""Threads pinned to CPUs start together, and only the time that they share counts."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from hwperf.kernels import gate, parallel, pingpong
from hwperf.kernels.jit import kernel
from hwperf.kernels.team import (
    LINE_WORDS,
    Team,
    TeamError,
    overlap,
    pin,
    shared_lines,
    shared_word,
    together,
)

ALLOWED = sorted(os.sched_getaffinity(0))
TWO = (ALLOWED * 2)[:2]  # One CPU twice where there is only one: slower, and as right.


def marks(*threads: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    return np.array(threads, dtype=np.int64) * 1000


def test_of_threads_that_work_at_once_the_whole_time_counts() -> None:
    assert overlap(marks([0, 1, 2, 3, 4], [0, 1, 2, 3, 4])) == pytest.approx(4e-6)


def test_a_late_start_and_an_early_end_do_not_count() -> None:
    """Both make a step a microsecond; one begins two later and so ends two later."""
    assert overlap(marks([0, 1, 2, 3, 4], [2, 3, 4, 5, 6])) == pytest.approx(4e-6)


def test_the_rates_of_all_threads_add_up() -> None:
    """In the 4 µs that they share, one makes 4 steps and the slower one 2: 6 of 8 steps."""
    assert overlap(marks([0, 1, 2, 3, 4], [0, 2, 4, 6, 8])) == pytest.approx(4e-6 * 8 / 6)


def test_parts_of_steps_count_in_part() -> None:
    """1 to 4 µs is shared: 3 steps of the first thread and 1.5 of the second."""
    assert overlap(marks([0, 1, 2, 3, 4], [1, 3, 5, 7, 9])) == pytest.approx(3e-6 * 8 / 4.5)


def test_threads_that_never_worked_at_once_give_no_time() -> None:
    with pytest.raises(TeamError, match="never at work at the same time"):
        overlap(marks([0, 1, 2], [2, 3, 4]))


def test_each_thread_is_pinned_and_the_caller_gets_its_affinity_back() -> None:
    before = os.sched_getaffinity(0)
    with Team(TWO) as team:
        found = team.run([lambda: os.sched_getaffinity(0)] * 2)
        assert found == [{cpu} for cpu in TWO]
        assert len(set(team.thread_ids)) == 2
        assert team.thread_ids[0] == threading.get_native_id()
    assert os.sched_getaffinity(0) == before
    assert threading.active_count() == 1


def test_a_cpu_that_may_not_be_used_is_named_and_nothing_stays_behind() -> None:
    before = os.sched_getaffinity(0)
    with pytest.raises(TeamError, match="cannot be pinned to CPU 4095"):
        Team((ALLOWED[0], 4095))
    assert os.sched_getaffinity(0) == before
    assert threading.active_count() == 1


def test_what_a_thread_raises_reaches_the_caller_and_the_team_lives_on() -> None:
    def fail() -> None:
        raise KeyError("mine")

    with Team(TWO) as team:
        with pytest.raises(KeyError, match="mine"):
            team.run([lambda: 1, fail])
        with pytest.raises(KeyError, match="mine"):
            team.run([fail, lambda: 1])
        assert team.run([lambda: 1, lambda: 2]) == [1, 2]
        assert team.run([lambda: 3]) == [3]


def test_words_lie_on_lines_of_their_own() -> None:
    lines = shared_lines(4)
    assert lines.size == 4 * LINE_WORDS
    assert lines.ctypes.data % (8 * LINE_WORDS) == 0
    assert not lines.any()
    assert shared_word().shape == (1,)


def test_a_gate_opens_when_all_have_come_again_and_again() -> None:
    @kernel
    def pass_twice(gate_word, n, out, side):
        for turn in range(2):
            out[side, turn] = gate.arrive(gate_word, n)

    opened, out = shared_word(), np.zeros((2, 2), np.int64)
    with Team(TWO) as team:
        team.run([lambda i=i: pass_twice(opened, 2, out, i) for i in range(2)])
    assert out.all()
    assert opened[0] == 4


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread whose partner does not come gives up, and says so."""
    monkeypatch.setattr(gate, "WAIT_NS", 1000)
    arrive = kernel(name="arrive_briefly")(gate.arrive.py_func)
    assert not arrive(shared_word(), 2)


def test_a_rally_swaps_each_word_in_turn_and_times_every_batch() -> None:
    word, balls = shared_word(), shared_lines(3)
    times, unused = np.zeros(3, np.int64), np.zeros(3, np.int64)
    with Team(TWO) as team:
        if TWO[0] == TWO[1]:
            pytest.skip("one CPU only: two threads that spin would wait for their time slices")
        made = team.run(
            [
                lambda: pingpong.rally(word, balls, 0, 10, times),
                lambda: pingpong.rally(word, balls, 1, 10, unused),
            ]
        )
    assert made == [30, 30]
    assert (balls[::LINE_WORDS] == 20).all()
    assert (times > 0).all()
    assert not unused.any()
    with pytest.raises(ValueError, match="expected a line for each batch"):
        pingpong.rally(word, balls, 0, 1, np.zeros(4, np.int64))


def test_a_core_that_is_filled_makes_every_addition() -> None:
    assert pingpong.fill_core(shared_word(), 1, 1000, 2) > 0


def test_members_make_their_steps_and_read_their_parts_in_turn() -> None:
    data = np.arange(32.0)
    buffer = np.empty(40)
    first = -buffer.ctypes.data // 8 % 8
    a = buffer[first : first + 32]
    a[:] = data
    done, sums = np.zeros(1, np.int64), np.full(4, -1.0)
    with Team(TWO[:1]) as team:
        seconds = together(team, parallel.read_member, [(done, a, sums, 8)], 3)
        assert seconds > 0
        assert done[0] == 3
        assert sums.tolist() == [28.0, 92.0, 156.0, -1.0]
        together(team, parallel.read_member, [(done, a, sums, 8)], 1)
    assert sums[3] == 220.0, "the next call goes on where the last one ended"


def test_the_serial_part_is_made_by_one_thread_only() -> None:
    word = shared_word()
    made = [np.zeros(1, np.int64) for _ in range(2)]
    with Team(TWO) as team:
        times = team.run(
            [lambda i=i: parallel.work_in_part(word, 2, i, 700, 50, made[i]) for i in range(2)]
        )
    assert [int(each[0]) for each in made] == [750, 50]
    assert min(times) > 0


def test_the_others_draw_until_the_chase_ends() -> None:
    word, stop = shared_word(), shared_word()
    cell = np.zeros(2, np.int64)
    cell[0] = cell.ctypes.data  # A chase of one line: its address leads to itself.
    state = np.array([cell.ctypes.data, 0])
    a = shared_lines(4).view(np.float64)
    a[:] = 1.0
    done, sums = np.zeros(1, np.int64), np.full(a.size // 8, -1.0)
    with Team(TWO) as team:
        elapsed = team.run(
            [
                lambda: parallel.follow_and_stop(word, 2, stop, state, 200_000),
                lambda: parallel.draw_until(word, 2, stop, done, a, sums, 8, 0),
            ]
        )
    assert min(elapsed) > 0
    assert state.tolist() == [cell.ctypes.data, 200_000]
    assert stop[0] == 1
    n = min(int(done[0]), sums.size)
    assert n > 0
    assert sums[:n].tolist() == [8.0] * n


def test_a_thread_is_not_pinned_where_it_may_not_be() -> None:
    with pytest.raises(TeamError, match="CPU 4095"):
        pin(4095)
