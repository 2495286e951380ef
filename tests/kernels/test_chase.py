"""A chase visits each line once, in an order that a seed fixes, and its end can be foretold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwperf.kernels import chase


def visits(order):
    """Return the lines in the order of a walk from line 0."""
    line, seen = 0, []
    for _ in range(order.size):
        seen.append(line)
        line = int(order[line])
    assert line == 0, "the walk does not come back to its start after one lap"
    return seen


def state_at(buffer, lines, line_bytes=64, offset_bytes=0):
    state = np.zeros((len(lines), 2), dtype=np.int64)
    state[:, 0] = buffer.ctypes.data + np.array(lines) * line_bytes + offset_bytes
    return state


@given(n_lines=st.integers(2, 300), seed=st.integers(0, 2**64 - 1))
@settings(deadline=None)
def test_an_order_is_one_cycle_over_all_lines(n_lines, seed):
    assert sorted(visits(chase.chase_order(n_lines, seed=seed))) == list(range(n_lines))


@given(n_lines=st.integers(2, 300), window=st.integers(1, 310), seed=st.integers(0, 2**64 - 1))
@settings(deadline=None)
def test_a_windowed_order_is_one_cycle_that_leaves_each_window_once(n_lines, window, seed):
    seen = visits(chase.chase_order_windowed(n_lines, window, seed=seed))
    assert sorted(seen) == list(range(n_lines))
    windows = [line // window for line in seen]
    changes = sum(a != b for a, b in zip(windows, windows[1:] + windows[:1], strict=True))
    n_windows = -(-n_lines // window)
    # A lap begins in the middle of a window, to which it returns at its end.
    assert changes == (n_windows if n_windows > 1 else 0)


def test_every_cycle_is_about_as_likely_as_any_other():
    """Sattolo: the (n - 1)! cycles are uniform; 6 cycles of 4 lines, 6,000 seeds."""
    cycles: dict[tuple[int, ...], int] = {}
    for seed in range(6000):
        cycle = tuple(visits(chase.chase_order(4, seed=seed)))
        cycles[cycle] = cycles.get(cycle, 0) + 1
    assert len(cycles) == 6
    # Standard deviation of one count: sqrt(6000 * 1/6 * 5/6) = 29.
    assert all(abs(n - 1000) < 5 * 29 for n in cycles.values())


def test_a_seed_means_the_same_order_on_every_host():
    assert chase.chase_order(8, seed=1).tolist() == [2, 5, 4, 0, 6, 3, 7, 1]
    assert chase.chase_order_windowed(8, 3, seed=1).tolist() == [2, 0, 5, 4, 6, 3, 7, 1]


def test_neighbouring_lines_are_rarely_visited_one_after_the_other():
    seen = np.array(visits(chase.chase_order(4096)))
    assert (np.abs(np.diff(seen)) <= 2).mean() < 0.01


def test_windows_and_their_lines_come_in_random_order():
    seen = np.array(visits(chase.chase_order_windowed(4096, 64)))
    assert (np.abs(np.diff(seen)) <= 1).mean() < 0.1
    windows = seen[::64] // 64
    assert windows.tolist() != sorted(windows.tolist())


@pytest.mark.parametrize("n_lines", [1, 0, -1])
def test_fewer_than_two_lines_are_no_chase(n_lines):
    with pytest.raises(ValueError, match=f"n_lines={n_lines}: expected at least 2"):
        chase.chase_order(n_lines)
    with pytest.raises(ValueError, match=f"n_lines={n_lines}: expected at least 2"):
        chase.chase_order_windowed(n_lines, 8)


def test_a_window_of_no_line_is_refused():
    with pytest.raises(ValueError, match="window_lines=0: expected at least 1"):
        chase.chase_order_windowed(8, 0)


def test_link_writes_the_address_of_the_next_line(aligned):
    buffer, order = aligned(64 * 10), chase.chase_order(10, seed=2)
    chase.link(buffer, order)
    words = buffer.view(np.int64)
    np.testing.assert_array_equal((words[::8] - buffer.ctypes.data) // 64, order)
    untouched = np.arange(buffer.size) % 8 != 0
    np.testing.assert_array_equal(buffer[untouched], (np.arange(buffer.size) % 977 + 1)[untouched])


@pytest.mark.parametrize(
    ("line_bytes", "offset_bytes"), [(64, 60), (64, -8), (4, 0), (72, 0), (64, 57)]
)
def test_lines_that_do_not_fit_are_refused(aligned, line_bytes, offset_bytes):
    with pytest.raises(ValueError, match=r"10 lines .* do not fit into the buffer of 640 B"):
        chase.link(aligned(64 * 10), chase.chase_order(10), line_bytes, offset_bytes)


@pytest.mark.parametrize("n_steps", [0, 1, 15, 16, 17, 100, 1003])
@pytest.mark.parametrize("n_chains", chase.CHAINS)
def test_each_chain_ends_where_its_order_says(aligned, n_chains, n_steps):
    buffer, order = aligned(64 * 97), chase.chase_order(97, seed=3)
    chase.link(buffer, order)
    starts = list(range(n_chains))
    state = state_at(buffer, starts)
    chase.follow_many[n_chains](state, n_steps)
    ends = (state[:, 0] - buffer.ctypes.data) // 64
    assert ends.tolist() == [chase.position(order, line, n_steps) for line in starts]
    assert (state[:, 1] == n_steps).all()


def test_a_chase_goes_on_where_it_stopped(aligned):
    buffer, order = aligned(64 * 97), chase.chase_order(97)
    chase.link(buffer, order)
    state = state_at(buffer, [5])
    for n_steps in (20, 3, 64):
        chase.follow(state, n_steps)
    assert state[0, 1] == 87
    assert (state[0, 0] - buffer.ctypes.data) // 64 == chase.position(order, 5, 87)


@pytest.mark.parametrize("offset_bytes", [1, 4, 60, 63])
def test_addresses_may_stand_anywhere_in_a_line(aligned, offset_bytes):
    buffer, order = aligned(64 * 33), chase.chase_order(32)
    chase.link(buffer, order, 64, offset_bytes)
    state = state_at(buffer, [0], offset_bytes=offset_bytes)
    chase.follow(state, 50)
    line = (state[0, 0] - buffer.ctypes.data - offset_bytes) // 64
    assert line == chase.position(order, 0, 50)


@given(n_steps=st.integers(0, 10_000), start=st.integers(0, 28))
@settings(deadline=None)
def test_position_is_the_order_applied_step_by_step(n_steps, start):
    order = chase.chase_order(29)
    line = start
    for _ in range(n_steps % 29):
        line = order[line]
    assert chase.position(order, start, n_steps) == line


def test_a_state_of_the_wrong_size_is_refused():
    with pytest.raises(ValueError, match="a state of two int64 per chain"):
        chase.follow_many[4](np.zeros((2, 2), dtype=np.int64), 1)
