"""What OpenCL tells of a device. This module asks for it; what a driver does not know is None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hwperf.devices.protocol import DeviceInfo, Kind

__all__ = ["Abilities", "abilities", "describe", "kind_of"]


@dataclass(frozen=True)
class Abilities:
    """What bounds the kernels on a device.

    Attributes:
        is_cpu: whether the work-items are loops of the host's cores.
        units: compute units, at least 1.
        has_f64: whether it computes in float64.
        has_f16: whether it computes in float16.
        local_bytes: memory that the items of a group share.
        group_items: items of a group, at most.
        item_sizes: items of a group along each dimension, at most.
        allocation_bytes: bytes of one allocation, at most.
        memory_bytes: bytes of all allocations, at most.
    """

    is_cpu: bool
    units: int
    has_f64: bool
    has_f16: bool
    local_bytes: int
    group_items: int
    item_sizes: tuple[int, ...]
    allocation_bytes: int
    memory_bytes: int


def abilities(device: Any) -> Abilities:
    """Return what bounds the kernels on *device*, a ``pyopencl.Device``."""
    extensions = set(device.extensions.split())
    return Abilities(
        is_cpu=kind_of(device) == "cpu",
        units=max(1, device.max_compute_units),
        has_f64="cl_khr_fp64" in extensions,
        has_f16="cl_khr_fp16" in extensions,
        local_bytes=device.local_mem_size,
        group_items=device.max_work_group_size,
        item_sizes=tuple(device.max_work_item_sizes),
        allocation_bytes=device.max_mem_alloc_size,
        memory_bytes=device.global_mem_size,
    )


def kind_of(device: Any) -> Kind:
    """Return what kind of device this is."""
    # CL_DEVICE_TYPE_*: a set of bits, CPU 2, GPU 4, ACCELERATOR 8 (Khronos, CL/cl.h).
    if device.type & 4:
        return "gpu"
    return "cpu" if device.type & 2 else "accelerator"


def describe(device: Any, id: str, pyopencl_version: str) -> DeviceInfo:
    """Return what is known of *device*, a ``pyopencl.Device``."""
    return DeviceInfo(
        id=id,
        name=" ".join(device.name.split()),
        backend="opencl",
        kind=kind_of(device),
        vendor=device.vendor.strip(),
        driver=device.driver_version.strip(),
        runtime=f"pyopencl {pyopencl_version}, {' '.join(device.platform.version.split())}",
        memory_bytes=device.global_mem_size,
        cache_bytes=device.global_mem_cache_size or None,
        units=device.max_compute_units or None,
        is_unified=bool(_told(lambda: device.host_unified_memory)),
        pci=_told(lambda: _khronos_pci(device)) or _told(lambda: _nvidia_pci(device)),
    )


def _told(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except Exception:  # Border: a driver that does not know the question.
        return None


def _khronos_pci(device: Any) -> str:
    where = device.pci_bus_info_khr  # cl_khr_pci_bus_info
    return (
        f"{where.pci_domain:04x}:{where.pci_bus:02x}:{where.pci_device:02x}.{where.pci_function:x}"
    )


def _nvidia_pci(device: Any) -> str:
    slot = device.pci_slot_id_nv  # Device in the upper five bits, function in the lower three.
    return f"{device.pci_domain_id_nv:04x}:{device.pci_bus_id_nv:02x}:{slot >> 3:02x}.{slot & 7:x}"
