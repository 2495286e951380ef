"""The feed says what happened to the quantity that people know."""

from __future__ import annotations

from hwperf.asv import feed
from hwperf.metrics import BANDWIDTH, LATENCY

DEFINITIONS = {
    "m.Copy.cost": {"pretty_name": "memory.copy", "metric": "bandwidth", "unit": "seconds"},
    "time_x": {"unit": "seconds"},
}


def test_a_rate_falls_and_a_latency_rises() -> None:
    assert feed.sentence(BANDWIDTH, 5e-11, 1e-10) == (
        "bandwidth fell by 50.0 %: 20.0 GB/s to 10.0 GB/s"
    )
    assert feed.sentence(LATENCY, 1e-7, 1.5e-7) == "latency rose by 50.0 %: 100 ns to 150 ns"
    assert feed.sentence(BANDWIDTH, 1e-10, 5e-11).startswith("bandwidth rose by 100.0 %")


def test_entries_of_others_keep_asvs_words() -> None:
    regressions = [
        ["m.Copy.cost(1, '<b>')", "g", {}, 0, 1e-10, 5e-11, [[None, 2, 5e-11, 1e-10]]],
        ["time_x", "g", {}, None, 2.0, 1.0, [[1, 2, 1.0, 2.0]]],
    ]
    said = feed.words(regressions, DEFINITIONS, {1: "a" * 40, 2: "b" * 40})
    ((identity, (title, content)),) = said.items()
    assert identity == ("m.Copy.cost(1, '<b>')", "", "b" * 40)
    assert title == "memory.copy(1, '<b>'): bandwidth fell by 50.0 %: 20.0 GB/s to 10.0 GB/s"
    assert "at commit bbbbbbbb" in content
    assert "<b>" not in content
