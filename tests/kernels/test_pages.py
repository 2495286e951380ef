"""A page chase has one line on each page, at places that fill all sets of a cache."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf.kernels import chase, pages


def test_the_chase_visits_each_page_once(aligned):
    n_pages, page = 21, 1024
    buffer, order = aligned(n_pages * page), chase.chase_order(n_pages)
    pages.link(buffer, order, page)
    state, seen = np.array([buffer.ctypes.data, 0]), []
    for _ in range(n_pages):
        number, place = divmod(int(state[0] - buffer.ctypes.data), page)
        assert place == pages.line_of(number, page, 64)
        seen.append(number)
        chase.follow(state, 1)
    assert sorted(seen) == list(range(n_pages))
    assert state[0] == buffer.ctypes.data


def test_lines_of_neighbouring_pages_fill_every_line_of_a_page():
    lines = {pages.line_of(page, 4096, 64) for page in range(64)}
    assert lines == set(range(0, 4096, 64))


@pytest.mark.parametrize(("page", "line"), [(2048, 64), (32, 64), (1024, 4)])
def test_pages_that_do_not_fit_are_refused(aligned, page, line):
    with pytest.raises(ValueError, match=r"8 pages .* do not fit into the buffer of 8192 B"):
        pages.link(aligned(8 * 1024), chase.chase_order(8), page, line)


def test_a_touch_writes_one_word_per_page(aligned):
    buffer = aligned(5 * 4096 + 64)
    before = buffer.copy()
    assert pages.touch(buffer, 4096) == 5
    assert buffer.view(np.int64)[: 5 * 512 : 512].tolist() == [1, 2, 3, 4, 5]
    untouched = np.arange(buffer.size) % 512 != 0
    np.testing.assert_array_equal(buffer[untouched], before[untouched])


def test_a_page_smaller_than_a_word_is_refused(aligned):
    with pytest.raises(ValueError, match="pages of at least 8 B"):
        pages.touch(aligned(64), 4)
