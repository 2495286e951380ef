"""Accelerators and what plays one: found by entry point, chosen, reached through one protocol."""

from hwperf.devices.found import DEVICE, GROUP, Listing, chosen, lacking, listing, opened
from hwperf.devices.protocol import (
    CAPABILITIES,
    Absent,
    Candidate,
    Device,
    DeviceBuffer,
    DeviceInfo,
    Enqueue,
    Found,
    HostBuffer,
)

__all__ = [
    "CAPABILITIES",
    "DEVICE",
    "GROUP",
    "Absent",
    "Candidate",
    "Device",
    "DeviceBuffer",
    "DeviceInfo",
    "Enqueue",
    "Found",
    "HostBuffer",
    "Listing",
    "chosen",
    "lacking",
    "listing",
    "opened",
]
