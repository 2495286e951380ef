"""Systems that are not Linux. This module asks macOS and Windows for what Linux has files for."""

from __future__ import annotations

import platform
import sys

from hwperf.host.facts import Unavailable

__all__ = ["core_count", "cpu_count", "cpu_model", "sysctl", "sysctl_caches"]


def sysctl(name: str) -> str:
    """Return the value of a macOS or BSD system variable.

    Raises:
        Unavailable: where there is no such variable, or no sysctl.
    """
    import subprocess  # 7 ms that Linux does not need to spend

    try:
        told = subprocess.run(
            ["sysctl", "-n", name], capture_output=True, text=True, timeout=2, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"sysctl {name} failed: {error}") from None
    if not told:
        raise Unavailable(f"sysctl {name} is empty")
    return told


def cpu_model() -> str:
    """Return the processor's name, e.g. "Apple M2"."""
    if sys.platform == "darwin":
        return sysctl("machdep.cpu.brand_string")
    name = platform.processor()
    if not name:
        raise Unavailable("the system does not name its processor")
    return name


def cpu_count() -> int:
    """Return the number of CPUs that the system schedules on."""
    return _count(logical=True)


def core_count() -> int:
    """Return the number of cores."""
    return _count(logical=False)


def sysctl_caches() -> dict[str, int]:
    """Return the bytes of each cache of macOS's fastest cores by name (L1d, L2 ...)."""
    found = {}
    for name, variable in (("L1d", "l1dcachesize"), ("L1i", "l1icachesize"), ("L2", "l2cachesize")):
        for where in ("hw.perflevel0.", "hw."):
            try:
                found[name] = int(sysctl(where + variable))
                break
            except (Unavailable, ValueError):
                continue
    return found


def _count(*, logical: bool) -> int:
    import psutil

    count = psutil.cpu_count(logical=logical)
    if not count:
        raise Unavailable("psutil does not know the count on this system")
    return int(count)
