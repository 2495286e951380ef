"""What a proof ran on and with. This module tells the host, the versions and the device's state.

No name of the host and no address but the device's own on its bus is told: a proof is to be shown.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from hwperf.asv.machine import describe
from hwperf.host import topology
from hwperf.host.accelerator.known import lookup
from hwperf.host.accelerator.numa import near
from hwperf.host.accelerator.pci import attachment
from hwperf.host.accelerator.row import Accelerator
from hwperf.host.facts import Unavailable
from hwperf.host.files import HOST, optional
from hwperf.host.processor import format_cpu_list
from hwperf.host.virtualization import hypervisor

__all__ = ["environment", "link", "machine", "nvml", "row"]

_PACKAGES = ("hwperf", "numpy", "numba", "numba-cuda", "torch", "pyopencl", "nvidia-ml-py")
_REAL = ("gpu", "accelerator")
_MHZ = 1e6


def machine() -> dict[str, Any]:
    """Return the host in short."""
    told: dict[str, Any] = {key: value for key, value in describe().items() if key != "machine"}
    told["kernel"] = platform.release()
    told["usable_cpus"] = topology.most_threads()[0]
    try:
        told["hypervisor"] = hypervisor()[0]
    except Unavailable as why:
        told["hypervisor"] = f"n/a: {why}"
    return told


def environment(device: Mapping[str, Any]) -> dict[str, Any]:
    """Return versions: of Python, the packages, and what the device and its driver tell."""
    found: dict[str, Any] = {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": {name: told for name in _PACKAGES if (told := _version(name))},
        "driver": device["driver"],
        "runtime": device["runtime"],
    }
    module = optional(HOST, "/proc/driver/nvidia/version")
    if module and device["vendor"] == "NVIDIA":
        found["kernel_module"] = " ".join(module.partition("\n")[0].split())
    return found


def row(device: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """Return the data file's row for *device* as JSON has it, or None and why there is none."""
    if device["kind"] not in _REAL:
        return None, f"a device of kind {device['kind']!r} has no data sheet"
    found, why = lookup(device["name"], device["memory_bytes"])
    return (None, why.removesuffix(".")) if found is None else (_as_json(found), "")


def link(pci: str | None) -> dict[str, Any] | None:
    """Return how the device at *pci* is attached, or None where that is not told."""
    if pci is None:
        return None
    try:
        where = attachment(pci)
    except (ValueError, Unavailable):
        return None
    cpus = near(pci)
    return {
        "hops": [str(hop) for hop in where.hops],
        "bandwidth": where.bandwidth,
        "numa_node": where.numa_node,
        "near_cpus": format_cpu_list(cpus) if cpus else None,
    }


def nvml(pci: str | None, module: str = "pynvml") -> dict[str, Any] | None:
    """Return clocks, power and temperature of NVIDIA's device at *pci*, in base units.

    None where nvidia-ml-py is not installed or NVML does not know the device; a value that it does
    not tell is left out.
    """
    if pci is None:
        return None
    try:
        library: Any = import_module(module)
        library.nvmlInit()
    except Exception:  # Border: not installed, or no driver that fits.
        return None
    try:
        handle = library.nvmlDeviceGetHandleByPciBusId(pci.encode())
        told = {name: _told(ask) for name, ask in _asked(library, handle)}
        return {name: value for name, value in told.items() if value is not None}
    except Exception:  # Border: NVML's; the device is not NVIDIA's, or fell off the bus.
        return None
    finally:
        library.nvmlShutdown()


def _asked(nvml: Any, handle: Any) -> list[tuple[str, Any]]:
    sm, memory = "NVML_CLOCK_SM", "NVML_CLOCK_MEM"

    def clock(ask: str, which: str) -> Any:
        return lambda: getattr(nvml, ask)(handle, getattr(nvml, which)) * _MHZ

    return [
        ("driver", lambda: _text(nvml.nvmlSystemGetDriverVersion())),
        ("sm_hz", clock("nvmlDeviceGetClockInfo", sm)),
        ("sm_max_hz", clock("nvmlDeviceGetMaxClockInfo", sm)),
        ("memory_hz", clock("nvmlDeviceGetClockInfo", memory)),
        ("memory_max_hz", clock("nvmlDeviceGetMaxClockInfo", memory)),
        ("power_w", lambda: nvml.nvmlDeviceGetPowerUsage(handle) / 1e3),
        ("power_limit_w", lambda: nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1e3),
        (
            "temperature_c",
            lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU),
        ),
        ("throttle_reasons", lambda: nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)),
        ("link_generation", lambda: nvml.nvmlDeviceGetCurrPcieLinkGeneration(handle)),
        ("link_lanes", lambda: nvml.nvmlDeviceGetCurrPcieLinkWidth(handle)),
    ]


def _told(ask: Any) -> Any:
    try:
        return ask()
    except Exception:  # Border: a card or a release that lacks it; the rest is told.
        return None


def _text(told: Any) -> str:
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _as_json(found: Accelerator) -> dict[str, Any]:
    from hwperf.host.accelerator.row import TYPICAL

    return {
        "name": found.name,
        "vendor": found.vendor,
        "arch": found.arch,
        "form": found.form,
        "link_kind": found.link_kind,
        "figures": {
            key: {"value": figure.value, "source": str(figure.source)}
            for key, figure in found.figures.items()
        },
        "typical": {
            key: {
                "lo": told.lo,
                "hi": told.hi,
                "unit": TYPICAL[key],
                "source": str(told.source),
            }
            for key, told in found.typicals.items()
        },
    }
