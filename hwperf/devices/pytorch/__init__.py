"""Devices by torch: CUDA, ROCm, XPU and MPS, and the CPU as one more."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import PackageNotFoundError, version

from hwperf.devices.protocol import Absent, Candidate, Device, Found

__all__ = ["find"]

_WHAT = "CUDA, ROCm, XPU or MPS device"
_QUIETLY = (
    "PYTORCH_NVML_BASED_CUDA_CHECK"  # Counts devices without a context, which no fork shares.
)


def find() -> Found:
    """Return the accelerators that torch reaches, and the CPU.

    torch is imported only where the system has an accelerator.
    """
    if importlib.util.find_spec("torch") is None:
        why = "torch is not installed: pip install 'hwperf[torch]' adds its devices"
        return Found(absent=(Absent(_WHAT, why),))
    import hwperf.host.accelerator.found as accelerators

    cpu = Candidate("torch:cpu", "the host's processor, one core", "cpu", partial(_open, "cpu", 0))
    if not accelerators.present():
        why = f"{_version()}, but the system has {accelerators.why_absent()}"
        return Found((cpu,), (Absent(_WHAT, why),))
    import torch

    with _counting_quietly():
        is_there = torch.accelerator.is_available()
        n_devices = torch.accelerator.device_count() if is_there else 0
    if not n_devices:
        why = f"{_version()} reaches none: its build or the driver lacks what the accelerator needs"
        return Found((cpu,), (Absent(_WHAT, why),))
    kind = torch.accelerator.current_accelerator().type
    devices = tuple(
        Candidate(f"torch:{kind}:{i}", f"{kind} device {i}", "gpu", partial(_open, kind, i))
        for i in range(n_devices)
    )
    return Found((*devices, cpu))


def _open(kind: str, index: int) -> Device:
    from hwperf.devices.pytorch.device import TorchDevice

    return TorchDevice(kind, index)


def _version() -> str:
    try:
        return f"torch {version('torch')}"
    except PackageNotFoundError:
        return "torch"


@contextmanager
def _counting_quietly() -> Iterator[None]:
    before = os.environ.get(_QUIETLY)
    os.environ[_QUIETLY] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_QUIETLY]
        else:
            os.environ[_QUIETLY] = before
