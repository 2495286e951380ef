"""The two sums of a device's memory, by hand, by brute force, and what they notice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hwperf.devices import checksum as module
from hwperf.devices.checksum import checksum

Words = np.ndarray


def by_hand(data: bytes) -> tuple[int, int]:
    """Return both sums with Python's own numbers."""
    filled = data + b"\0" * (-len(data) % 4)
    words = [int.from_bytes(filled[i : i + 4], "little") for i in range(0, len(filled), 4)]
    return sum(words) % 2**32, sum(i * word for i, word in enumerate(words, 1)) % 2**32


@pytest.mark.parametrize(
    ("data", "sums"),
    [
        ([], (0, 0)),
        ([7], (7, 7)),
        ([1, 2, 3, 4], (0x04030201, 0x04030201)),
        ([1, 0, 0, 0, 2], (3, 5)),
        ([1, 0, 0, 0, 2, 0, 0, 0], (3, 5)),
        ([255] * 8, (0xFFFFFFFE, 0xFFFFFFFD)),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0, 1], (0x100, 0x300)),
    ],
)
def test_by_hand(data: list[int], sums: tuple[int, int]) -> None:
    assert checksum(np.array(data, np.uint8)) == sums


@given(arrays.arrays(np.uint8, st.integers(0, 200)))
def test_it_is_what_it_is_defined_to_be(data: Words) -> None:
    assert checksum(data) == by_hand(data.tobytes())


@pytest.mark.parametrize("n_words", [2**18 - 1, 2**18, 2**18 + 1, 3 * 2**18])
def test_beyond_a_part_it_is_one_sum(n_words: int) -> None:
    data = np.frombuffer(np.random.default_rng(n_words).bytes(4 * n_words + 3), np.uint8)
    words = np.frombuffer(data.tobytes() + b"\0", "<u4").astype(object)
    should = int(words.sum()) % 2**32, int((words * np.arange(1, n_words + 2)).sum()) % 2**32
    assert checksum(data) == should


def test_parts_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.frombuffer(np.random.default_rng(0).bytes(999), np.uint8)
    whole = checksum(data)
    monkeypatch.setattr(module, "_PART", 7)
    assert checksum(data) == whole


def test_an_address_that_is_not_aligned_is_summed_alike() -> None:
    data = np.frombuffer(np.random.default_rng(0).bytes(104), np.uint8)
    assert checksum(data[3:103]) == by_hand(data[3:103].tobytes())


@given(arrays.arrays(np.uint8, st.integers(1, 400)), st.data())
def test_one_changed_byte_is_noticed(data: Words, draw: st.DataObject) -> None:
    changed = data.copy()
    changed[draw.draw(st.integers(0, data.size - 1))] ^= draw.draw(st.integers(1, 255))
    assert checksum(changed)[0] != checksum(data)[0]


@given(st.integers(2, 2**12), st.data())
def test_two_words_that_change_places_are_noticed(n: int, draw: st.DataObject) -> None:
    """Within 16 KiB, unless they differ by a multiple of 2**32 over their distance."""
    words = np.frombuffer(np.random.default_rng(n).bytes(4 * n), "<u4").copy()
    i, j = (draw.draw(st.integers(0, n - 1)) for _ in range(2))
    swapped = words.copy()
    swapped[[i, j]] = swapped[[j, i]]
    moved = (int(words[j]) - int(words[i])) * (i - j) % 2**32
    is_noticed = checksum(swapped.view(np.uint8)) != checksum(words.view(np.uint8))
    assert is_noticed == (moved != 0)


def test_a_symmetric_change_is_noticed_by_the_places() -> None:
    data = np.arange(64, dtype=np.uint8)
    changed = data.copy()
    changed[0] += 1
    changed[8] -= 1
    assert checksum(changed)[0] == checksum(data)[0]
    assert checksum(changed)[1] != checksum(data)[1]
