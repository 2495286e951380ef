"""What torch tells of a device. This module reads it, for the versions that name things anew."""

from __future__ import annotations

import platform
from typing import Any

import torch

from hwperf.devices.protocol import DeviceInfo

__all__ = ["info_of"]


def info_of(kind: str, index: int) -> DeviceInfo:
    """Return what torch tells of the device *index* of *kind*."""
    if kind == "cpu":
        return DeviceInfo(
            id="torch:cpu",
            name=platform.processor() or platform.machine() or "CPU",
            backend="torch",
            kind="cpu",
            runtime=f"torch {torch.__version__}, one thread",
            is_unified=True,
        )
    module = getattr(torch, kind, None)
    ask = getattr(module, "get_device_properties", None)
    told: Any = ask(index) if ask is not None else None
    return DeviceInfo(
        id=f"torch:{kind}:{index}",
        name=str(getattr(told, "name", "") or ("Apple GPU" if kind == "mps" else kind)),
        backend="torch",
        kind="gpu",
        vendor=_vendor(kind, told),
        driver=str(getattr(told, "driver_version", "") or _cuda_driver(kind)),
        runtime=_runtime(kind),
        memory_bytes=_whole(told, "total_memory"),
        cache_bytes=_whole(told, "L2_cache_size", "last_level_cache_size"),
        units=_whole(told, "multi_processor_count", "max_compute_units"),
        is_unified=kind == "mps" or bool(getattr(told, "is_integrated", False)),
        pci=_pci(told),
        memory_bandwidth=_memory_bandwidth(told),
    )


def _whole(told: Any, *names: str) -> int | None:
    for name in names:
        value = getattr(told, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return None


def _vendor(kind: str, told: Any) -> str:
    if kind == "cuda":
        return "AMD" if torch.version.hip else "NVIDIA"
    return str(getattr(told, "vendor", "") or {"xpu": "Intel", "mps": "Apple"}.get(kind, ""))


def _cuda_driver(kind: str) -> str:
    ask = getattr(torch._C, "_cuda_getDriverVersion", None)
    if kind != "cuda" or ask is None:
        return ""
    number = int(ask())
    return f"CUDA {number // 1000}.{number % 1000 // 10}"


def _runtime(kind: str) -> str:
    version = {"cuda": torch.version.hip or torch.version.cuda}.get(kind)
    name = "ROCm" if torch.version.hip else "CUDA"
    return f"torch {torch.__version__}" + (f", {name} {version}" if version else "")


def _pci(told: Any) -> str | None:
    bus, device = (getattr(told, name, None) for name in ("pci_bus_id", "pci_device_id"))
    if not isinstance(bus, int) or not isinstance(device, int):
        return None
    return f"{getattr(told, 'pci_domain_id', 0) or 0:04x}:{bus:02x}:{device:02x}.0"


def _memory_bandwidth(told: Any) -> float | None:
    """Return B/s: two transfers a clock (DDR), each as wide as the bus."""
    clock_khz, bits = (getattr(told, n, None) for n in ("memory_clock_rate", "memory_bus_width"))
    if not clock_khz or not bits:
        return None
    return 2.0 * float(clock_khz) * 1e3 * float(bits) / 8
