"""Devices that OpenCL reaches. This module finds them: GPUs of every vendor, and CPUs.

pyopencl is optional, and imported only when devices are looked for.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from hwperf.devices.opencl.facts import kind_of
from hwperf.devices.opencl.failures import NO_PLATFORM, sentence
from hwperf.devices.protocol import Absent, Candidate, Found

if TYPE_CHECKING:
    from hwperf.devices.opencl.device import OpenCLDevice

__all__ = ["find"]

_NO_PYOPENCL = "pyopencl is not installed: pip install 'hwperf[opencl]'"
_NO_DRIVER = (
    "pyopencl is installed, but no OpenCL driver (ICD) is: install the one of your device, or for "
    "the CPU PoCL: pip install pocl-binary-distribution"
)


def find() -> Found:
    """Return the devices of all OpenCL platforms; one that fails costs the others nothing."""
    if importlib.util.find_spec("pyopencl") is None:
        return Found(absent=(Absent("OpenCL", _NO_PYOPENCL),))
    try:
        import pyopencl
    except Exception as error:  # Border: an installation without its libraries.
        why = f"pyopencl cannot be imported: {sentence(error)}"
        return Found(absent=(Absent("OpenCL", why),))
    return _of_platforms(pyopencl)


def _of_platforms(cl: Any) -> Found:
    try:
        platforms = cl.get_platforms()
    except cl.Error as error:
        why = _NO_DRIVER if error.code == NO_PLATFORM else sentence(error)
        return Found(absent=(Absent("OpenCL", why),))
    if not platforms:
        return Found(absent=(Absent("OpenCL", _NO_DRIVER),))
    devices: list[Candidate] = []
    absent: list[Absent] = []
    for number, platform in enumerate(platforms):
        what = f"OpenCL platform {number}"
        try:
            what = f"devices of the OpenCL platform {platform.name.strip()!r}"
            there = platform.get_devices()
            for place, device in enumerate(there):
                id = f"opencl:{number}:{place}"
                lack = _lack(device)
                if lack is None:
                    devices.append(_candidate(cl, device, id))
                else:
                    absent.append(Absent(id, lack))
            if not there:
                absent.append(Absent(what, "there is none"))
        except Exception as error:  # Border: a vendor's driver; the others are used.
            absent.append(Absent(what, sentence(error)))
    return Found(tuple(devices), tuple(absent))


def _lack(device: Any) -> str | None:
    """Return why nothing can be run on *device*, or None."""
    if not device.available:
        return f"{device.name.strip()} is not available: the driver says so"
    if not device.compiler_available:
        return f"{device.name.strip()} has no compiler, so hwperf's kernels cannot be built"
    if not device.endian_little:
        return (
            f"{device.name.strip()} keeps numbers big-endian; hwperf's payloads are little-endian"
        )
    return None


def _candidate(cl: Any, device: Any, id: str) -> Candidate:
    def open_it() -> OpenCLDevice:
        from hwperf.devices.opencl.device import OpenCLDevice

        return OpenCLDevice(cl, device, id)

    return Candidate(id, " ".join(device.name.split()), kind_of(device), open_it)
