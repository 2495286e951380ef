"""Data that no link shortens, and poison that is no data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf import CheckFailed
from hwperf.devices.simulated import Settings, simulate
from hwperf.domains.transfer import payload
from hwperf.domains.transfer.payload import POISON, fill, require_same, slots


@pytest.mark.parametrize("nbytes", [0, 1, 255, 4096, 2**18 + 3])
def test_no_byte_is_poison(nbytes: int) -> None:
    data = np.full(nbytes, POISON, np.uint8)
    fill(data)
    assert POISON not in data
    if nbytes >= 4096:
        assert len(np.unique(data)) == 255


def test_parts_differ_and_a_seed_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "_PART", 1000)
    first, again, other = (np.empty(4000, np.uint8) for _ in range(3))
    fill(first)
    fill(again)
    fill(other, seed=1)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[:1000], first[1000:2000])


def test_between_the_slots_lies_poison() -> None:
    host = simulate(Settings())[0].host(4 * 256, pinned=False)
    slots(host, 4, 100)
    rows = host.array.reshape(4, 256)
    assert (rows[:, 100:] == POISON).all()
    assert (rows[:, :100] != POISON).all()
    assert len({row.tobytes() for row in rows[:, :100]}) == 4


def test_slots_without_gaps_are_all_data() -> None:
    host = simulate(Settings())[0].host(512, pinned=False)
    slots(host, 2, 256)
    assert (host.array != POISON).all()


@given(st.integers(1, 5000), st.data())
def test_one_wrong_byte_is_named(nbytes: int, draw: st.DataObject) -> None:
    data = np.empty(nbytes, np.uint8)
    fill(data)
    require_same(data.copy(), data, "it")
    place = draw.draw(st.integers(0, nbytes - 1))
    wrong = data.copy()
    wrong[place] ^= 0x80
    with pytest.raises(CheckFailed) as why:
        require_same(wrong, data, "what arrived")
    assert str(why.value) == (
        f"what arrived: 1 of {nbytes} bytes differ; byte {place}: {wrong[place]} (is) != "
        f"{data[place]} (should)"
    )


def test_of_many_wrong_bytes_three_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "_PART", 10)
    data = np.zeros(40, np.uint8)
    with pytest.raises(CheckFailed, match="it: 40 of 40 bytes differ") as why:
        require_same(np.ones(40, np.uint8), data, "it")
    assert str(why.value).count("(should)") == 3


@pytest.mark.parametrize("actual", [0, 9, 11])
def test_too_few_or_too_many_bytes_differ(actual: int) -> None:
    with pytest.raises(CheckFailed):
        require_same(np.zeros(actual, np.uint8), np.zeros(10, np.uint8), "it")
