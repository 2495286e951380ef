"""The line through the times of many sizes, by hand and where there is none."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hwperf.domains.transfer as transfer
from hwperf import CheckFailed, Seen
from hwperf.domains.transfer.fit import Line, line
from hwperf.measure.stage import set_up

from .points import measured

NAN, INF = float("nan"), float("inf")


def test_by_hand() -> None:
    """10 µs and 1 GB/s: 1 kB takes 11 µs, 10 kB 20 µs, 1 MB 1010 µs; half of it at 10 kB."""
    found = line([1000, 10_000, 1_000_000], [11e-6, 20e-6, 1010e-6])
    assert found.latency_s == pytest.approx(10e-6)
    assert found.bandwidth == pytest.approx(1e9)
    assert found.half_bytes == pytest.approx(10_000)
    assert found.r2 == pytest.approx(1.0)


@given(
    latency=st.floats(1e-7, 1e-2),
    bandwidth=st.floats(1e6, 1e12),
    scale=st.floats(0.1, 10),
)
def test_any_line_is_found(latency: float, bandwidth: float, scale: float) -> None:
    half = latency * bandwidth * scale
    sizes = [max(1, round(part * half)) for part in (1e-3, 0.03, 0.3, 3, 30)]
    sizes = [size + i for i, size in enumerate(sizes)]
    found = line(sizes, [latency + size / bandwidth for size in sizes])
    assert found.latency_s == pytest.approx(latency, rel=0.001)
    if sizes[-1] > 0.1 * latency * bandwidth:
        assert found.bandwidth == pytest.approx(bandwidth, rel=0.001)


def test_a_relative_error_is_weighed_alike_at_each_size() -> None:
    """Ten times the time of the largest size must not move the latency by its absolute error."""
    sizes = [64, 256, 1024, 4096, 2**20]
    times = [1e-5 + size / 1e9 for size in sizes]
    moved = line(sizes, [*times[:-1], 1.05 * times[-1]])
    assert moved.latency_s == pytest.approx(1e-5, rel=0.02)


@pytest.mark.parametrize(
    ("sizes", "times"),
    [
        ([], []),
        ([1, 2], [1.0, 2.0]),
        ([1, 2, 3], [1.0, 2.0]),
        ([1, 2, 3], [1.0, NAN, 3.0]),
        ([1, 2, 3], [1.0, INF, 3.0]),
        ([1, 2, 3], [1.0, 0.0, 3.0]),
        ([1, 2, 3], [1.0, -2.0, 3.0]),
        ([8, 8, 8], [1.0, 2.0, 3.0]),
        ([1, 2, 3], [2.0, 2.0, 2.0]),
    ],
)
def test_where_there_is_no_line_one_sentence_says_so(sizes: list[int], times: list[float]) -> None:
    with pytest.raises(CheckFailed, match=r"^no line: "):
        line(sizes, times)


@pytest.mark.parametrize("times", [[3.0, 2.0, 1.0], [1.0, 2.0, 4.0], [1e-9, 1.0, 1e9]])
def test_a_latency_or_a_bandwidth_below_zero_is_refused(times: list[float]) -> None:
    with pytest.raises(CheckFailed, match="lie on no line: latency"):
        line([1, 2, 3], times)


def test_times_that_lie_beside_it_are_told() -> None:
    assert line([1, 10, 100, 1000], [1.0, 9.0, 2.0, 60.0]).r2 < 0.9


def test_a_line_is_plain_data() -> None:
    assert replace(Line(1.0, 2.0, 1.0), latency_s=3.0).half_bytes == 6.0


@pytest.mark.usefixtures("small")
def test_lines_of_samples_that_do_not_count_do_not_count(
    tell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call is no sample, and of three samples the second was disturbed."""
    tell()
    bandwidths = iter([1e9, 10e9, 24e9, 12e9])
    module = importlib.import_module("hwperf.domains.transfer.fit")
    monkeypatch.setattr(module, "line", lambda sizes, times: Line(1e-6, next(bandwidths), 1.0))
    params = {"direction": "host_to_device", "memory": "pinned"}
    with set_up(transfer.fit, params) as stage:
        for _ in range(4):
            stage.run()
        assert stage.work.derive is not None
        figures = stage.work.derive(Seen(2e-6, None, {}, [True, False, True]))
        assert figures["bandwidth"].value == 11e9
        assert figures["half_bandwidth_size"].value == pytest.approx(22e3)
        assert figures["one_megabyte"].value == pytest.approx(2e-6 + 1e6 / 11e9)


@pytest.mark.usefixtures("small")
def test_a_line_beyond_the_link_is_refused(tell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(host_to_device=25e9)
    module = importlib.import_module("hwperf.domains.transfer.fit")
    monkeypatch.setattr(module, "line", lambda sizes, times: Line(1e-6, 27e9, 1.0))
    result = measured("fit", direction="host_to_device", memory="pinned")
    assert result.verdict == "failed"
    assert result.reason == "the line has 27.0 GB/s, beyond the link's 25.0 GB/s"
