"""hwperf: what a machine can do, measured and kept. This module holds the public names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hwperf.errors import CheckFailed, DeclarationError, HwperfError, Unsupported, UsageError
from hwperf.units import GiB, KiB, MiB
from hwperf.workload import Work, Workload, workload

if TYPE_CHECKING:
    from hwperf import limits

__all__ = [
    "CheckFailed",
    "DeclarationError",
    "GiB",
    "HwperfError",
    "KiB",
    "MiB",
    "Unsupported",
    "UsageError",
    "Work",
    "Workload",
    "limits",
    "workload",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name == "limits":  # Loads the host's facts only where a workload is declared.
        return import_module("hwperf.limits")
    raise AttributeError(f"module 'hwperf' has no attribute {name!r}")
