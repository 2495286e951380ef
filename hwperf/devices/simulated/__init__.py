"""A simulated device: a virtual clock, known figures, faults on request."""

from __future__ import annotations

from functools import partial

from hwperf.devices.protocol import Candidate, Device, Found
from hwperf.devices.simulated.device import Simulated
from hwperf.devices.simulated.settings import FAULTS, SIMULATED, Settings, read
from hwperf.devices.simulated.timeline import Timeline

__all__ = ["FAULTS", "SIMULATED", "Settings", "Simulated", "find", "simulate"]

_N_DEVICES = 2


def find() -> Found:
    """Return two simulated devices; they are measured when they are asked for by name only."""
    return Found(
        tuple(
            Candidate(
                f"simulated:{index}",
                "simulated device",
                "simulated",
                partial(_open, index),
            )
            for index in range(_N_DEVICES)
        )
    )


def _open(index: int) -> Device:
    return simulate(read())[index]


def simulate(told: Settings, n_devices: int = _N_DEVICES) -> tuple[Simulated, ...]:
    """Return devices that are *told* what to be, with one clock, each the others' peer."""
    timeline = Timeline(told.enqueue)
    devices = tuple(Simulated(index, told, timeline) for index in range(n_devices))
    for device in devices:
        device.join(devices)
    return devices
