"""A program that uses a device for the first time. This module is run as one, and says its times.

``python -m hwperf.devices.first_use`` prints one JSON object: seconds of each stage, and what the
device has counted to; or why the device cannot be used.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Use the chosen device and print how long each stage took, or why it cannot be used."""
    begin = time.monotonic()
    from hwperf.errors import Unsupported

    try:
        told: dict[str, Any] = _stages(begin, _since_start(begin))
    except Unsupported as why:
        told = {"unsupported": str(why)}
    print(json.dumps(told))


def _stages(begin: float, started: float) -> dict[str, Any]:
    from hwperf.devices import chosen

    candidate = chosen()
    device = candidate.open()
    opened = time.monotonic()
    counter, zero = device.alloc(4), device.host(4, pinned=False)
    zero.array[:] = 0
    device.copy(counter, zero)
    device.sync()
    ready = time.monotonic()
    count = device.kernel("count", [counter])
    count(None)
    device.sync()
    first = time.monotonic()
    count(None)
    device.sync()
    second = time.monotonic()
    device.copy(zero, counter)
    device.sync()
    return {
        "import": opened - begin + started,
        "context": ready - opened,
        "first_kernel": first - ready,
        "second_kernel": second - first,
        "counted": int.from_bytes(zero.array.tobytes(), "little"),
    }


def _since_start(now: float) -> float:
    """Return the seconds since the process was started, where Linux tells; else 0."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        boot_s = float(fields[19]) / os.sysconf("SC_CLK_TCK")  # starttime, proc(5)
    except (OSError, IndexError, ValueError):
        return 0.0
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - boot_s)


if __name__ == "__main__":
    main()
