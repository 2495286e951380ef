"""CUDA devices by numba.cuda, which comes with numba, or numba's simulator of one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from hwperf.devices.numba_cuda import driver
from hwperf.devices.protocol import Absent, Candidate, Device, Found
from hwperf.host.files import HOST

__all__ = ["find"]

_WHAT = "CUDA"
_SIMULATOR = "NUMBA_ENABLE_CUDASIM"


def find(environ: Mapping[str, str] | None = None, root: Path = HOST) -> Found:
    """Return the CUDA devices that the driver tells.

    numba.cuda is imported only where there is a driver with a device, or the simulator is asked
    for; nothing of CUDA is started in this process.

    Args:
        environ: the environment, by default this process's.
        root: where /dev is looked for.
    """
    told = os.environ if environ is None else environ
    if told.get(_SIMULATOR, "0") not in ("", "0"):
        return _simulator()
    why = driver.why_unreachable(told, root)
    if why is not None:
        return _absent(why)
    names = driver.names(told)
    if isinstance(names, str):
        return _absent(names)
    why = _why_uncompiled()
    if why is not None:
        return _absent(f"{names[0]}, but {why}")
    return Found(
        tuple(
            Candidate(f"numba_cuda:{index}", name, "gpu", partial(_open, index))
            for index, name in enumerate(names)
        )
    )


def _simulator() -> Found:
    from hwperf.devices.numba_cuda.properties import is_simulated

    if not is_simulated():
        return _absent(f"{_SIMULATOR} was set after numba had been imported: set it before")
    name = "CUDA simulator of numba"
    return Found((Candidate("numba_cuda:0", name, "simulated", partial(_open, 0)),))


def _why_uncompiled() -> str | None:
    """Return why numba could compile no kernel, or None."""
    try:
        from numba.cuda.cudadrv import nvvm

        is_there = nvvm.is_available()
    except Exception as error:  # Border: an installation of CUDA in whatever state.
        return f"numba.cuda does not load: {type(error).__name__}: {' '.join(str(error).split())}"
    if is_there:
        return None
    return (
        "numba.cuda finds no libNVVM, its compiler: install the CUDA toolkit, "
        "or numba-cuda[cu12] or [cu13]"
    )


def _absent(why: str) -> Found:
    return Found(absent=(Absent(_WHAT, why),))


def _open(index: int) -> Device:
    from hwperf.devices.numba_cuda.device import CudaDevice

    return CudaDevice(index)
