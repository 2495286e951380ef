"""Random reads touch the places that an independent replay names, and go on between calls."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf.kernels import scattered


@pytest.fixture
def data(aligned):
    array = aligned(64 * 1000).view(np.int64)
    array[:] = np.random.default_rng(0).integers(-(2**62), 2**62, array.size)
    return array


def expected(data, burst_bytes, n_bursts, seed):
    places = scattered.places(data.nbytes, burst_bytes, n_bursts, seed)
    n_places = data.nbytes // burst_bytes
    return data[: n_places * burst_bytes // 8].reshape(n_places, -1)[places].sum()


@pytest.mark.parametrize("calls", [[1000], [4, 8, 988]])
def test_words_are_those_of_the_replay(data, calls):
    state, out = scattered.seeded(7), np.zeros(1, dtype=np.int64)
    for n_words in calls:
        scattered.read_words(data, n_words, state, out)
    assert out[0] == expected(data, 8, sum(calls), 7)


@pytest.mark.parametrize("calls", [[200], [4, 8, 188]])
@pytest.mark.parametrize("burst_bytes", [64, 192, 512, 4096])
def test_bursts_are_those_of_the_replay(data, burst_bytes, calls):
    state, out = scattered.seeded(7), np.zeros(1, dtype=np.int64)
    for n_bursts in calls:
        scattered.read_bursts(data, burst_bytes, n_bursts, state, out)
    assert out[0] == expected(data, burst_bytes, sum(calls), 7)


def test_the_replay_agrees_with_arithmetic_in_python():
    states = [int(x) for x in scattered.seeded(3)]
    for i, place in enumerate(scattered.places(8 * 1000, 8, 40, 3)):
        stream = i % 4
        states[stream] = (states[stream] * 6364136223846793005 + 1442695040888963407) % 2**64
        assert place == states[stream] * 1000 >> 64


def test_places_are_spread_evenly():
    """16 bins, 160,000 places: chi-square with 15 degrees of freedom is below 38 in 999 of 1000."""
    places = scattered.places(8 * 16_000, 8, 160_000)
    counts = np.bincount(places // 1000, minlength=16)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 38


def test_one_place_rarely_follows_its_neighbour():
    places = scattered.places(8 * 16_000, 8, 10_000)
    assert (np.abs(np.diff(places)) <= 8).mean() < 0.01


def test_another_seed_gives_other_places():
    first, second = (scattered.places(8000, 8, 100, seed) for seed in (0, 1))
    assert (first != second).mean() > 0.9


@pytest.mark.parametrize(("burst_bytes", "n_bursts"), [(64, 3), (128_000, 4), (32, 4), (96, 4)])
def test_what_cannot_be_read_is_refused(data, burst_bytes, n_bursts):
    with pytest.raises(ValueError, match="scattered"):
        scattered.read_bursts(
            data, burst_bytes, n_bursts, scattered.seeded(), np.zeros(1, dtype=np.int64)
        )
