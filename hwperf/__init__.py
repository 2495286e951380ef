"""hwperf: what a machine can do, measured and kept. This module holds the public names.

They are loaded when they are first used, so that ``hwperf --help`` starts at once.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import hwperf.limits as limits
    from hwperf.errors import CheckFailed, DeclarationError, HwperfError, Unsupported, UsageError
    from hwperf.metrics import Metric
    from hwperf.units import GiB, KiB, MiB
    from hwperf.work import Figure, Seen, Work
    from hwperf.workload import Workload, workload

    # Not imported, even for types: whatever imports hwperf would then depend on its reports.
    roofline: Any

__all__ = [
    "CheckFailed",
    "DeclarationError",
    "Figure",
    "GiB",
    "HwperfError",
    "KiB",
    "Metric",
    "MiB",
    "Seen",
    "Unsupported",
    "UsageError",
    "Work",
    "Workload",
    "limits",
    "roofline",
    "workload",
]

__version__ = "0.1.0"

_HOMES: Mapping[str, str] = {
    **dict.fromkeys(
        ("CheckFailed", "DeclarationError", "HwperfError", "Unsupported", "UsageError"),
        "hwperf.errors",
    ),
    **dict.fromkeys(("GiB", "KiB", "MiB"), "hwperf.units"),
    **dict.fromkeys(("Figure", "Seen", "Work"), "hwperf.work"),
    **dict.fromkeys(("Workload", "workload"), "hwperf.workload"),
    "Metric": "hwperf.metrics",
    "roofline": "hwperf.report.roofline",
}


def __getattr__(name: str) -> Any:
    if name == "limits":
        return import_module("hwperf.limits")
    if name not in _HOMES:
        raise AttributeError(f"module 'hwperf' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # Importing the module hwperf.workload binds it here, over the decorator of that name.
        if name == "workload" and isinstance(value, ModuleType):
            value = value.workload
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
