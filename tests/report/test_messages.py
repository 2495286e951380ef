"""The summary's lines about devices and the network."""

from __future__ import annotations

from hwperf.report import messages
from hwperf.report.readings import Reading, Readings
from hwperf.units import MiB


def copied(word: str, memory: str, value: float) -> Reading:
    return Reading(f"transfer.{word}", {"nbytes": 64 * MiB, "memory": memory}, value)


def test_a_device_is_told_by_its_link_its_launch_and_its_rates() -> None:
    readings = [
        copied("host_to_device", "pinned", 55e9), copied("host_to_device", "pageable", 12e9),
        copied("device_to_host", "pageable", 9e9),
        Reading("transfer.launch", {"how": "queued"}, 2.5e-6),
        Reading("transfer.stream", {"op": "triad", "dtype": "f32"}, 3e12),
        Reading("transfer.gemm", {"n": 1024, "dtype": "bf16"}, 4e14),
        Reading("transfer.gemm", {"n": 8192, "dtype": "bf16"}, 7.9e14),
    ]  # fmt: skip
    assert messages.device(Readings(readings)) == [
        "to it 55.0 GB/s pinned", "from it 9.00 GB/s pageable", "launch 2.50 µs",
        "triad 3.00 TB/s", "bf16 790 TFLOP/s",
    ]  # fmt: skip


def test_the_network_is_told_by_round_trips_and_a_stream() -> None:
    readings = [
        Reading("network.round_trip", {"transport": "tcp", "nbytes": 1}, 19e-6),
        Reading("network.round_trip", {"transport": "tcp", "nbytes": 4096}, 99e-6),
        Reading("network.round_trip", {"transport": "shared_memory", "nbytes": 1}, 2e-7),
        Reading(
            "network.bandwidth", {"transport": "tcp", "nbytes": MiB, "zero_copy": "off"}, 3.5e9
        ),
    ]
    assert messages.network(Readings(readings)) == [
        "TCP 19.0 µs", "shared memory 200 ns", "TCP 3.50 GB/s at 1 MiB",
    ]  # fmt: skip


def test_of_what_was_not_measured_nothing_is_said() -> None:
    assert messages.device(Readings([])) == messages.network(Readings([])) == []
