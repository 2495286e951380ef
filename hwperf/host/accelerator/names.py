"""How accelerators are called. This module asks drivers' files and NVML, and starts no device.

The name is what the data file is searched by; PCI numbers alone tell too little (one number has
several memory sizes).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from hwperf.host import elsewhere
from hwperf.host.accelerator.found import Found
from hwperf.host.accelerator.pci import DEVICES, address
from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, optional

__all__ = ["Named", "named"]

_PROC = "/proc/driver/nvidia/gpus"
_MODEL = re.compile(r"^Model:\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Named:
    """A device's name and memory in bytes (None: not told), and what tells them."""

    name: str
    memory_bytes: int | None
    source: str


def named(devices: Iterable[Found], root: Path = HOST) -> dict[str, Named]:
    """Return the names of *devices* by PCI address; those that nothing names are left out."""
    seen = tuple(devices)
    told = {each.address: found for each in seen if (found := _told(each, root))}
    if root == HOST and any(each.vendor == "NVIDIA" for each in seen):
        told |= _nvml()
    return told


def _told(device: Found, root: Path) -> Named | None:
    """Return what files say of *device*."""
    if device.kind == "Metal":
        return _apple()
    if device.vendor == "NVIDIA":
        path = f"{_PROC}/{device.address}/information"
        model = _MODEL.search(optional(root, path) or "")
        return Named(model[1], None, path) if model else None
    path = f"{DEVICES}/{device.address}/product_name"
    name = optional(root, path)
    memory = optional(root, f"{DEVICES}/{device.address}/mem_info_vram_total") or ""
    nbytes = int(memory) if memory.isdecimal() and len(memory) < 20 else None
    return Named(name, nbytes, path) if name else None


def _apple() -> Named | None:
    """Return the processor's name, which is the GPU's too: "Apple M2"."""
    if sys.platform != "darwin":
        return None
    try:
        return Named(elsewhere.cpu_model(), None, "sysctl machdep.cpu.brand_string")
    except Unavailable:
        return None


def _nvml() -> dict[str, Named]:
    """Return what NVIDIA's management library tells, through nvidia-ml-py where it is installed."""
    try:
        pynvml: Any = import_module("pynvml")
    except ImportError:  # An extra: the files of the driver have told the names already.
        return {}
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # No driver, or one that does not fit the library.
        return {}
    found = {}
    try:
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            where = address(_text(pynvml.nvmlDeviceGetPciInfo(handle).busId))
            name = _text(pynvml.nvmlDeviceGetName(handle))
            nbytes = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
            found[where] = Named(name, nbytes, "NVML")
    except (pynvml.NVMLError, ValueError):  # A device that fell off the bus; the rest is kept.
        pass
    finally:
        pynvml.nvmlShutdown()
    return found


def _text(told: Any) -> str:
    """Return what older releases give as bytes."""
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
