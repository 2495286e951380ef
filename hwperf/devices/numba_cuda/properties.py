"""What a CUDA device says of itself. This module reads it through numba.cuda."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hwperf.devices.protocol import DeviceInfo

__all__ = ["describe", "is_simulated"]

_TRANSFERS_A_CLOCK = 2  # The driver tells the memory's clock; GDDR and HBM transfer on both edges.
_KHZ = 1e3


def is_simulated() -> bool:
    """Return whether numba.cuda is the simulator in this process."""
    from numba.core import config

    return bool(config.ENABLE_CUDASIM)


def describe(index: int, context: Any) -> DeviceInfo:
    """Return what is known of the device number *index*, whose context is *context*."""
    import numba

    id = f"numba_cuda:{index}"
    runtime = f"numba {numba.__version__} ({_implementation()})"
    if is_simulated():
        name = "CUDA simulator of numba"
        return DeviceInfo(id, name, "numba_cuda", "simulated", runtime=runtime)
    device = context.device
    domain, bus, number = (
        _attribute(device, f"PCI_{part}_ID") for part in ("DOMAIN", "BUS", "DEVICE")
    )
    return DeviceInfo(
        id=id,
        name=_text(device.name),
        backend="numba_cuda",
        kind="gpu",
        vendor="NVIDIA",
        driver=_driver_version(),
        runtime=f"{runtime}, CUDA {_cuda_version()}",
        memory_bytes=int(context.get_memory_info().total),
        cache_bytes=_attribute(device, "L2_CACHE_SIZE") or None,
        units=_attribute(device, "MULTIPROCESSOR_COUNT"),
        is_unified=bool(_attribute(device, "INTEGRATED")),
        pci=None if None in (domain, bus, number) else f"{domain:04x}:{bus:02x}:{number:02x}.0",
        memory_bandwidth=_memory_bandwidth(device),
    )


def _memory_bandwidth(device: Any) -> float | None:
    clock_khz = _attribute(device, "MEMORY_CLOCK_RATE")
    width_bits = _attribute(device, "GLOBAL_MEMORY_BUS_WIDTH")
    if not clock_khz or not width_bits:
        return None
    return _TRANSFERS_A_CLOCK * clock_khz * _KHZ * width_bits / 8


def _attribute(device: Any, name: str) -> int | None:
    try:
        return int(getattr(device, name))
    except Exception:  # Border: an attribute that this driver or this numba does not have.
        return None


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)


def _implementation() -> str:
    """Return whose numba.cuda it is: numba's own, or that of the package numba-cuda."""
    from numba import cuda

    if getattr(cuda, "implementation", "Built-in") == "Built-in":
        return "its own numba.cuda"
    try:
        return f"numba-cuda {version('numba-cuda')}"
    except PackageNotFoundError:
        return "numba-cuda"


def _cuda_version() -> str:
    from numba.cuda.cudadrv import driver

    return ".".join(map(str, driver.driver.get_version()))


def _driver_version() -> str:
    from hwperf.host.files import HOST, optional

    return optional(HOST, "/sys/module/nvidia/version") or ""
