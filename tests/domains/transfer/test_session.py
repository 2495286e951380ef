"""Where a point runs, and whether there is room."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import pytest

import hwperf.host.accelerator.numa as numa
from hwperf import GiB, MiB, Unsupported
from hwperf.devices.protocol import DeviceInfo
from hwperf.devices.simulated import Settings, simulate
from hwperf.domains.transfer import bounds, session
from hwperf.domains.transfer.session import (
    beyond_cache,
    device_of_point,
    named,
    require_clock,
    require_room,
)
from hwperf.host import memory

from .points import measured
from .strange import Strange

has_affinity = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="this system has no affinity"
)


class OnBus(Strange):
    """A device that has a PCI address."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.info = told(pci="0000:17:00.0")


def told(**figures: Any) -> DeviceInfo:
    return DeviceInfo(
        **{"id": "simulated:0", "name": "x", "backend": "x", "kind": "simulated", **figures}
    )


@has_affinity
@pytest.mark.parametrize("error", [None, RuntimeError("gone"), KeyboardInterrupt()])
def test_the_thread_is_near_the_device_and_then_where_it_was(
    error: BaseException | None, use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.sched_getaffinity(0)
    near = (min(before),)
    monkeypatch.setattr(numa, "near", lambda pci: near if pci == "0000:17:00.0" else None)
    use(OnBus)
    try:
        with device_of_point():
            assert os.sched_getaffinity(0) == set(near)
            if error is not None:
                raise error
    except (RuntimeError, KeyboardInterrupt):
        pass
    assert os.sched_getaffinity(0) == before


@has_affinity
def test_cpus_that_may_not_be_used_change_nothing(
    use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.sched_getaffinity(0)
    monkeypatch.setattr(numa, "near", lambda pci: (4095,))
    use(OnBus)
    with device_of_point():
        assert os.sched_getaffinity(0) == before
    assert os.sched_getaffinity(0) == before


@has_affinity
def test_a_measured_point_leaves_the_affinity(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.sched_getaffinity(0)
    monkeypatch.setattr(numa, "near", lambda pci: (min(before),))
    use(OnBus)
    assert measured("round_trip").cost_s
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("factor", [1e-3, 0.5, 1.2, 1e3, 1e9, -1.0, 0.0, float("nan")])
def test_a_clock_that_is_not_the_hosts_gives_no_number(factor: float, use: Any) -> None:
    class Lies(Strange):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self.info = told(kind="cpu")

        def clock(self) -> float:
            return factor * time.perf_counter()

    use(Lies, kind="cpu")
    result = measured("host_to_device", nbytes=1, memory="pinned")
    assert result.verdict == "failed"
    assert "it is another clock, or tells no seconds" in result.reason


@pytest.mark.parametrize("clock", [time.perf_counter, time.monotonic, time.time])
def test_the_hosts_clock_by_any_name_is_taken(clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    device = simulate(Settings())[0]
    monkeypatch.setattr(device, "clock", clock)
    require_clock(device)


def test_half_of_the_devices_memory_is_left() -> None:
    device = simulate(Settings(nbytes=8 * MiB))[0]
    require_room(device, 4 * MiB)
    with pytest.raises(Unsupported) as why:
        require_room(device, 4 * MiB + 1)
    assert str(why.value).endswith(
        "MiB of the device's memory, and half of what is free there is 4 MiB"
    )


def test_three_quarters_of_the_hosts_memory_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "total_bytes", lambda: 4 * GiB)
    monkeypatch.setattr(memory, "require", lambda nbytes: None)
    device = simulate(Settings(nbytes=1e15))[0]
    require_room(device, 0, GiB)
    with pytest.raises(Unsupported) as why:
        require_room(device, 0, 2 * GiB)
    assert str(why.value) == "needs 2 GiB of the host's memory, a quarter of which is 1 GiB"


def test_a_device_that_does_not_tell_its_memory_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    device = simulate(Settings())[0]
    monkeypatch.setattr(device, "free_bytes", lambda: None)
    require_room(device, 2**60)


def test_points_that_do_not_fit_say_so(tell: Any) -> None:
    tell(nbytes=1e6)
    for name, params in {
        "stream": {"op": "copy", "dtype": "f32"},
        "device_to_device": {"size": "16MiB"},
        "peer": {"ways": "one"},
        "gemm": {"n": 1024, "dtype": "f32"},
        "host_to_device": {"nbytes": 2**24, "memory": "pinned"},
        "overlap": {"how": "pipeline_2"},
    }.items():
        result = measured(name, **params)
        assert result.verdict == "n/a"
        assert "of the device's memory, and half of what is free there is" in result.reason


def test_what_is_larger_than_any_memory_is_not_there(tell: Any) -> None:
    tell()
    result = measured("gemm", n=2**19, dtype="f32")
    assert result.verdict == "n/a"
    assert "needs " in result.reason


def test_a_product_that_would_take_minutes_is_not_begun(
    tell: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell()
    monkeypatch.setattr(sys.modules["hwperf.domains.transfer.gemm"], "_LONGEST_S", 1e-9)
    assert measured("gemm", n=64, dtype="f32").verdict != "n/a"
    result = measured("gemm", n=1088, dtype="f32")
    assert result.verdict == "n/a"
    assert "one product would take some" in result.reason


@pytest.mark.parametrize(
    ("cache", "kind", "least"),
    [(None, "gpu", 512 * MiB), (50 * MiB, "gpu", 256 * MiB), (2**10, "gpu", 64 * MiB)],
)
def test_beyond_the_cache_is_four_times_as_large(cache: Any, kind: Any, least: int) -> None:
    device = simulate(Settings())[0]
    device.info = told(kind=kind, cache_bytes=cache)
    assert beyond_cache(device) == least


@pytest.mark.parametrize(
    ("figures", "name", "says"),
    [
        ({"kind": "cpu"}, "kind", "the host's own processor plays the device"),
        (
            {"kind": "gpu", "is_unified": True},
            "memory",
            "host and device share it: nothing crosses a bus",
        ),
        ({}, "simulated", "yes: says nothing of this machine"),
    ],
)
def test_what_a_number_does_not_mean_stands_beside_it(
    figures: dict[str, Any], name: str, says: str
) -> None:
    device = simulate(Settings())[0]
    device.info = told(**figures)
    assert named(device)[name].value == says
    assert named(device)["device"].value == "x (simulated:0)"


def test_bounds_are_none_until_a_device_was_opened(
    use: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_known", {})
    use(Strange)
    assert bounds.link() is None
    with device_of_point():
        pass
    assert bounds.link() == Settings().host_to_device
    assert bounds.both_ways() == 2 * Settings().host_to_device
    assert bounds.memory() == Settings().memory
    assert bounds.flops("f32") is None


def test_a_bound_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HWPERF_DEVICE", "nonsense:7")
    assert (bounds.link(), bounds.memory(), bounds.peer_link()) == (None, None, None)
