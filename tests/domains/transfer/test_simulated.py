"""On a device whose truth is known, what is measured is that truth, and every fault is refused."""

from __future__ import annotations

from typing import Any

import pytest

from hwperf import plugins
from hwperf.devices import DEVICE
from hwperf.devices.conformity import faults
from hwperf.devices.simulated import FAULTS, SIMULATED, Settings, simulate
from hwperf.measure import QUICK, Result, measure
from hwperf.measure.contract import violations

PROFILE = QUICK.with_budget(0.02)
TOLD = "host_to_device=13e9,device_to_host=11e9,latency=5e-6,launch=3e-6,flops=7e12"
KiB, MiB = 1024, 2**20

POINTS: list[tuple[str, dict[str, Any]]] = [
    ("transfer.host_to_device", {"nbytes": 4096, "memory": "pinned"}),
    ("transfer.device_to_host", {"nbytes": 4096, "memory": "pinned"}),
    ("transfer.host_to_device", {"nbytes": 4096, "memory": "pageable"}),
    ("transfer.round_trip", {}),
    ("transfer.launch", {"how": "queued"}),
    ("transfer.launch", {"how": "graph"}),
    ("transfer.stream", {"op": "triad", "dtype": "f32"}),
    ("transfer.latency", {"where": "global"}),
    ("transfer.coalesce", {"stride": 4}),
    ("transfer.ramp", {"blocks": 64}),
]


def measured(id: str, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch, told: str) -> Result:
    monkeypatch.setenv(DEVICE, "simulated:0")
    monkeypatch.setenv(SIMULATED, told)
    return measure(plugins.load().find(id), params, profile=PROFILE)


@pytest.mark.parametrize(
    ("id", "params", "cost_s"),
    [
        ("host_to_device", {"nbytes": MiB, "memory": "pinned"}, 5e-6 / MiB + 1 / 13e9),
        ("device_to_host", {"nbytes": MiB, "memory": "pinned"}, 5e-6 / MiB + 1 / 11e9),
        ("host_to_device", {"nbytes": 64, "memory": "pinned"}, 5e-6 / 64 + 1 / 13e9),
        ("fit", {"direction": "host_to_device", "memory": "pinned"}, 5e-6),
        ("launch", {"how": "queued"}, 3e-6),
        ("latency", {"where": "local"}, 3e-8),
        ("gemm", {"n": 1024, "dtype": "f32"}, 1 / 7e12 + 3e-6 / (2 * 1024**3)),
    ],
)
def test_what_is_measured_is_what_was_configured(
    id: str, params: dict[str, Any], cost_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = measured(f"transfer.{id}", params, monkeypatch, TOLD)
    assert result.cost_s == pytest.approx(cost_s, rel=0.01), result.reason


def test_the_fitted_bandwidth_is_the_links(monkeypatch: pytest.MonkeyPatch) -> None:
    params = {"direction": "host_to_device", "memory": "pinned"}
    figures = measured("transfer.fit", params, monkeypatch, TOLD).figures
    assert figures["bandwidth"].value == pytest.approx(13e9, rel=0.01)
    assert figures["half_bandwidth_size"].value == pytest.approx(13e9 * 5e-6, rel=0.01)


REFUSED = {
    "lost_copy": [0, 1, 2], "last_byte": [0, 1, 2], "symmetric": [0, 1, 2], "swapped": [0, 1, 2],
    "milliseconds": [0, 1], "kiloseconds": [0, 1, 6], "missing_sync": [0, 1, 2, 3, 4],
    "dead_kernel": [4, 5, 6, 7, 8, 9], "wrong_kernel": [6, 8, 9], "zero_copy": [0, 1],
    "impossible": [0, 1], "disappears": [4, 6], "full": [0, 1, 2, 3, 4],
}  # fmt: skip
CASES = [(fault, place) for fault, places in REFUSED.items() for place in places]


@pytest.mark.parametrize(("fault", "place"), CASES)
def test_a_faulty_device_gives_no_number(
    fault: str, place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So large that a copy's bytes outweigh its latency, where the link's rate is to be passed.
    id, params = POINTS[place]
    if fault in ("impossible", "swapped"):
        params = {**params, "nbytes": MiB}
    result = measured(id, params, monkeypatch, f"fault={fault}")
    assert result.verdict in ("failed", "impossible", "n/a"), result.value
    assert result.reason


def test_every_fault_is_tried() -> None:
    assert set(REFUSED) | {"compressing"} == set(FAULTS)


def test_a_device_that_compresses_does_not_shorten_random_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    point = ("transfer.host_to_device", {"nbytes": MiB, "memory": "pinned"})
    result = measured(*point, monkeypatch, f"{TOLD},fault=compressing")
    assert result.cost_s == pytest.approx(5e-6 / MiB + 1 / 13e9, rel=0.01)


@pytest.mark.parametrize(("id", "params"), POINTS, ids=lambda each: str(each))
def test_each_workload_keeps_the_contract(
    id: str, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DEVICE, "simulated:0")
    monkeypatch.setenv(SIMULATED, TOLD)
    assert violations(plugins.load().find(id), params) == ()


def test_the_simulated_device_keeps_the_protocol() -> None:
    assert faults(simulate(Settings())[0]) == ()


def test_torchs_cpu_keeps_the_protocol() -> None:
    pytest.importorskip("torch")
    from hwperf.devices.pytorch.device import TorchDevice

    device = TorchDevice("cpu", 0)
    try:
        assert faults(device) == ()
    finally:
        device.close()


def test_without_an_accelerator_the_points_say_what_was_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(DEVICE, "torch:cuda:99")
    result = measure(plugins.load().find("transfer.round_trip"), {}, profile=PROFILE)
    assert result.verdict == "n/a"
    assert "'torch:cuda:99' is no device here" in result.reason
