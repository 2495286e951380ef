"""On a simulated device what is measured is what was configured, within 1 %, whatever that was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hwperf.devices.simulated import Settings

from .points import measured

pytestmark = pytest.mark.usefixtures("small")

KiB, MiB = 2**10, 2**20
ONE_PERCENT = 0.01

ODD = {
    "fast": {
        "host_to_device": 431e9, "device_to_host": 97e9, "latency": 2.3e-6, "pageable": 0.83,
        "launch": 1.3e-6, "sync": 2e-7, "replay": 3e-7, "units": 132, "flops": 61e12,
        "global_load": 8.3e-7, "local_load": 1.9e-8,
    },
    "slow": {
        "host_to_device": 0.9e9, "device_to_host": 1.7e9, "latency": 9.1e-5, "launch": 3.7e-5,
        "sync": 1.1e-6, "replay": 1.1e-5, "units": 3, "flops": 0.7e12, "memory": 77e9,
        "device_to_device": 31e9, "peer": 7.7e9,
    },
    "as it is": {},
}  # fmt: skip
# Putting things into a stream is counted as it is; here it is to be next to nothing.
CONFIGURATIONS = [pytest.param({"enqueue": 1e-9, **each}, id=name) for name, each in ODD.items()]
configurations = pytest.mark.parametrize("figures", CONFIGURATIONS)


@pytest.fixture
def told(figures: dict[str, float], tell: Any) -> Settings:
    tell(**figures)
    return Settings(**figures)


def is_(value: float, should: float) -> bool:
    return abs(value / should - 1) <= ONE_PERCENT


def seconds(name: str, amount: float, **params: Any) -> float:
    """Return how long so much of a point took."""
    result = measured(name, **params)
    assert result.cost_s is not None, result.reason
    return result.cost_s * amount


@configurations
@pytest.mark.parametrize("nbytes", [1, 4 * KiB, 256 * KiB])
def test_copies(told: Settings, nbytes: int) -> None:
    for direction in ("host_to_device", "device_to_host"):
        for memory, part in (("pinned", 1.0), ("pageable", told.pageable)):
            took_s = seconds(direction, nbytes, nbytes=nbytes, memory=memory)
            assert is_(took_s, told.latency + nbytes / (part * getattr(told, direction))), memory


@configurations
def test_the_line(told: Settings) -> None:
    for direction in ("host_to_device", "device_to_host"):
        for memory, part in (("pinned", 1.0), ("pageable", told.pageable)):
            bandwidth = part * getattr(told, direction)
            result = measured("fit", direction=direction, memory=memory)
            assert result.cost_s is not None, result.reason
            figures = {name: figure.value for name, figure in result.figures.items()}
            assert is_(result.cost_s, told.latency)
            assert is_(figures["bandwidth"], bandwidth)
            assert is_(figures["half_bandwidth_size"], told.latency * bandwidth)
            assert is_(figures["one_megabyte"], told.latency + 1e6 / bandwidth)
            assert figures["r_squared"] > 0.999
            assert "fit" not in figures


@configurations
def test_chunks(told: Settings) -> None:
    whole_s = told.latency + MiB / told.host_to_device
    for pieces in (1, 16, 256):
        result = measured("chunks", pieces=pieces, memory="pinned")
        assert result.cost_s is not None, result.reason
        pieces_s = pieces * told.latency + MiB / told.host_to_device
        assert is_(result.cost_s * MiB, pieces_s)
        assert is_(result.figures["slow_down"].value, pieces_s / whole_s)


@configurations
def test_there_and_back(told: Settings) -> None:
    should = 2 * told.latency + 4 / told.host_to_device + 4 / told.device_to_host + told.sync
    assert is_(seconds("round_trip", 1), should)


@configurations
def test_copies_within_the_device(told: Settings) -> None:
    took_s = seconds("device_to_device", 2 * MiB, size="beyond_cache")
    assert is_(took_s, told.latency + 2 * MiB / told.device_to_device)


@configurations
def test_copies_from_device_to_device(told: Settings) -> None:
    nbytes = 2 * MiB
    for ways in ("one", "both"):
        result = measured("peer", ways=ways)
        assert result.cost_s is not None, result.reason
        # One way, and both at once, and two waits for two devices.
        took_s = told.latency + nbytes / told.peer + 2 * told.sync
        assert is_(result.cost_s * nbytes, took_s), ways
        assert is_(result.figures["pairs"].value[0], nbytes / took_s), ways
        assert is_(result.figures["latency"].value, told.latency + 4 / told.peer + told.sync), ways
        assert result.figures["slowest"].value == "simulated:0 to simulated:1"


@configurations
def test_both_directions_at_once(told: Settings) -> None:
    result = measured("bidirectional")
    assert result.cost_s is not None, result.reason
    there, back = (told.latency + MiB / r for r in (told.host_to_device, told.device_to_host))
    figures = {name: figure.value for name, figure in result.figures.items()}
    assert is_(result.cost_s * 2 * MiB, max(there, back) + told.sync)
    assert is_(figures["first_alone"], there + told.sync)
    assert is_(figures["second_alone"], back + told.sync)
    assert is_(
        figures["overlap_efficiency"],
        (min(there, back) + told.sync) / (min(there, back) + told.sync),
    )


@configurations
def test_a_copy_beside_a_kernel_is_hidden(told: Settings) -> None:
    result = measured("overlap", how="copy_and_kernel")
    assert result.cost_s is not None, result.reason
    figures = {name: figure.value for name, figure in result.figures.items()}
    copy_s = told.latency + MiB / told.host_to_device + told.sync
    assert is_(figures["first_alone"], copy_s)
    assert figures["second_alone"] >= 0.6 * copy_s
    assert is_(result.cost_s * MiB, max(figures["first_alone"], figures["second_alone"]))
    assert is_(figures["overlap_efficiency"], 1.0)


@configurations
@pytest.mark.parametrize("n_pieces", [1, 2, 4, 16])
def test_a_pipeline_takes_what_its_stages_allow(told: Settings, n_pieces: int) -> None:
    nbytes = MiB / n_pieces
    stages = [
        told.latency + nbytes / told.host_to_device,
        told.launch + 2 * nbytes / told.memory,
        told.latency + nbytes / told.device_to_host,
    ]
    # Each piece waits for its stream (of three) and for the engine of the stage.
    engines, streams = [0.0] * 3, [0.0] * 3
    for i in range(n_pieces):
        at = streams[i % 3]
        for stage, lasts_s in enumerate(stages):
            at = engines[stage] = max(at, engines[stage]) + lasts_s
        streams[i % 3] = at
    took_s = max(engines) + told.sync
    result = measured("overlap", how=f"pipeline_{n_pieces}")
    assert result.cost_s is not None, result.reason
    figures = {name: figure.value for name, figure in result.figures.items()}
    assert is_(result.cost_s * MiB, took_s)
    alone = [n_pieces * each + told.sync for each in stages]
    for name, lasts_s in zip(("in", "kernel", "out"), alone, strict=True):
        assert is_(figures[f"{name}_alone"], lasts_s)
    efficiency = (sum(alone) - took_s) / (sum(alone) - max(alone))
    assert figures["overlap_efficiency"] == pytest.approx(efficiency, abs=0.01)


@configurations
def test_launches(told: Settings) -> None:
    assert is_(seconds("launch", 1, how="queued"), told.launch + told.sync / 500)
    assert is_(seconds("launch", 1, how="waited"), told.launch + told.sync)
    assert is_(seconds("launch", 1, how="graph"), told.replay + told.sync / 100)
    assert is_(seconds("launch", 1, how="wait_alone"), told.sync)


@configurations
@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_the_devices_memory(told: Settings, dtype: str) -> None:
    for op, arrays in {"copy": 2, "scale": 2, "add": 3, "triad": 3, "dot": 2}.items():
        took_s = seconds("stream", arrays * MiB, op=op, dtype=dtype)
        assert is_(took_s, told.launch + arrays * MiB / told.memory), op


@configurations
def test_products_of_matrices(told: Settings) -> None:
    times = {"f32": 1, "tf32": 8, "bf16": 16, "f16": 16, "fp8": 32, "int8": 32}
    flops = 2 * 64**3
    for dtype, factor in times.items():
        took_s = seconds("gemm", flops, n=64, dtype=dtype)
        assert is_(took_s, told.launch + flops / (factor * told.flops)), dtype


@configurations
def test_dependent_loads(told: Settings) -> None:
    for where, steps, load_s in (
        ("global", 2**12, told.global_load),
        ("local", 2**15, told.local_load),
    ):
        assert is_(seconds("latency", steps, where=where), told.launch + steps * load_s), where


@configurations
@pytest.mark.parametrize("stride", [1, 2, 8, 32])
def test_addresses_apart(told: Settings, stride: int) -> None:
    result = measured("coalesce", stride=stride)
    assert result.cost_s is not None, result.reason
    apart_s, alike_s = (told.launch + 2 * MiB * min(each, 8) / told.memory for each in (stride, 1))
    assert is_(result.cost_s * 2 * MiB, apart_s)
    assert is_(result.against["stride 1"].value, alike_s / apart_s)


@configurations
@pytest.mark.parametrize("ways", [1, 4, 32])
def test_branches(told: Settings, ways: int) -> None:
    flops = 2.0 * 2**14 * 256
    result = measured("diverge", ways=ways)
    assert result.cost_s is not None, result.reason
    apart_s, alike_s = (told.launch + flops * each / told.flops for each in (ways, 1))
    assert is_(result.cost_s * flops, apart_s)
    assert is_(result.figures["slow_down"].value, apart_s / alike_s)


@configurations
def test_the_ramp_has_its_knee_at_the_units(told: Settings) -> None:
    """Up to as many blocks as units the time stays, and the throughput grows with the blocks."""
    units = int(told.units)
    rounds, threads = 4064, 256
    one_wave_s = 8 * rounds * threads * units / told.flops
    for blocks, waves in ((1, 1), (units, 1), (units + 1, 2), (3 * units, 3)):
        result = measured("ramp", blocks=blocks)
        assert result.cost_s is not None, result.reason
        took_s = result.cost_s * 8 * rounds * threads * blocks
        assert is_(took_s, told.launch + waves * one_wave_s), blocks
        assert result.figures["compute_units"].value == units


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bandwidth=st.floats(1e8, 1e12),
    back=st.floats(1e8, 1e12),
    latency=st.floats(1e-6, 1e-3),
    nbytes=st.sampled_from([1, 7, 4064, 100_000]),
)
def test_any_link(tell: Any, bandwidth: float, back: float, latency: float, nbytes: int) -> None:
    tell(enqueue=1e-9, host_to_device=bandwidth, device_to_host=back, latency=latency)
    took_s = seconds("host_to_device", nbytes, nbytes=nbytes, memory="pinned")
    assert is_(took_s, latency + nbytes / bandwidth)
    took_s = seconds("device_to_host", nbytes, nbytes=nbytes, memory="pinned")
    assert is_(took_s, latency + nbytes / back)


def test_what_plays_a_device_says_so(tell: Any) -> None:
    tell()
    figures = measured("host_to_device", nbytes=1, memory="pinned").figures
    assert figures["device"].value == "simulated device (simulated:0)"
    assert figures["simulated"].value == "yes: says nothing of this machine"
