"""What the simulated device is told to be. This module reads its figures and its fault."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from hwperf.errors import UsageError

__all__ = ["FAULTS", "SIMULATED", "Settings", "read"]

SIMULATED = "HWPERF_SIMULATED"
"""Environment variable: figures of the simulated device, ``"host_to_device=12e9,fault=full"``."""

_COUNTS = ("units", "nbytes")

FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "lost_copy": "every third copy is not made, and takes no time",
        "last_byte": "the last byte of each copy between host and device is wrong",
        "symmetric": "the first byte of each copy between host and device is flipped, either way",
        "swapped": "two words of each copy between host and device have changed places",
        "milliseconds": "the time between two marks is told in milliseconds as if it were seconds",
        "kiloseconds": "the time between two marks is told a thousand times too short",
        "missing_sync": "waiting for the device returns at once",
        "dead_kernel": "kernels do nothing",
        "wrong_kernel": "kernels write a NaN as their last element",
        "zero_copy": "pinned host memory is what the device uses: copies of it move nothing",
        "compressing": "more than a word of one value all over is copied ten times as fast",
        "impossible": "the bytes of a copy take a tenth of the time that the link allows",
        "disappears": "after 200 operations each one fails",
        "full": "there is no memory",
    }
)
"""Every fault that can be injected, by name."""


@dataclass(frozen=True)
class Settings:
    """The figures of a simulated device, in base units.

    Attributes:
        host_to_device: B/s of a copy from pinned memory.
        device_to_host: B/s of a copy to pinned memory.
        pageable: part of these that copies of pageable memory reach.
        device_to_device: B/s of a copy within the device, the bytes read and written counted.
        peer: B/s of a copy to the other simulated device.
        latency: seconds that a copy takes beside its bytes.
        launch: seconds that a kernel takes beside its work.
        enqueue: seconds that the host is held up by each operation.
        sync: seconds that waiting takes beside what is waited for.
        replay: seconds that a kernel of a graph takes beside its work.
        memory: B/s of the device's memory under kernels.
        flops: FLOP/s of f32; other types as many times as on current devices.
        global_load: seconds of a dependent load from the device's memory.
        local_load: seconds of a dependent load from the memory of a block.
        units: compute units.
        nbytes: bytes of memory.
        fault: one of `FAULTS`, or "".
    """

    host_to_device: float = 25e9
    device_to_host: float = 24e9
    pageable: float = 0.4
    device_to_device: float = 1.5e12
    peer: float = 50e9
    latency: float = 8e-6
    launch: float = 4e-6
    enqueue: float = 5e-7
    sync: float = 1e-6
    replay: float = 1.5e-6
    memory: float = 1.8e12
    flops: float = 20e12
    global_load: float = 5e-7
    local_load: float = 3e-8
    units: float = 64
    nbytes: float = 8e9
    fault: str = ""


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that the environment names.

    Raises:
        UsageError: if it names one that there is not, or a value that is none.
    """
    text = (os.environ if environ is None else environ).get(SIMULATED, "")
    known = {field.name for field in fields(Settings)}
    values: dict[str, float | str] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, value = part.partition("=")
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(
                f"{SIMULATED}: {name!r} is no figure of the simulated device.{hint} There are "
                f"{', '.join(sorted(known))}."
            )
        values[name] = value if name == "fault" else _number(name, value)
    fault = values.get("fault", "")
    if fault and fault not in FAULTS:
        raise UsageError(
            f"{SIMULATED}: fault={fault!r} is no fault. There are {', '.join(FAULTS)}."
        )
    return Settings(**values)  # type: ignore[arg-type]


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise UsageError(f"{SIMULATED}: {name}={value!r} is no number above 0; write {name}=25e9.")
    if name in _COUNTS and number < 1:
        raise UsageError(f"{SIMULATED}: {name}={value!r} is no number of 1 or more.")
    return number
