"""The first seconds of a program that uses a device: libraries, context, first kernel."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from hwperf import CheckFailed, Figure, Seen, Unsupported, Work, workload
from hwperf.checks import require_value
from hwperf.devices import DEVICE, chosen
from hwperf.domains.transfer.session import lacking
from hwperf.domains.transfer.terms import OWN_CAUSES
from hwperf.work import Timing

__all__ = ["STAGES", "first_use"]

STAGES = ("import", "context", "first_kernel", "second_kernel")

_MOST_CALLS = 3
_TIMEOUT_S = 120.0


@workload(
    "transfer.first_use",
    requires=lacking,
    answers="How long does a program take until the device has computed its first number?",
    source="Zhang et al., Dive into Deep Learning, section 13.4; NVIDIA, CUDA C++ Programming "
    "Guide, lazy loading",
)
def first_use() -> Iterator[Work]:
    """Latency from the start of a Python process to the first result of a kernel on the device.

    Counts processes. Each finds and opens the device (import), gets memory of it (context), and
    has a kernel count to 1, then to 2: the time of each is shown.
    """
    id = chosen().id
    told: list[dict[str, float]] = []

    def run() -> Timing:
        told.append(_timed(id))
        return Timing(sum(told[-1][stage] for stage in STAGES))

    def figures(seen: Seen) -> dict[str, Figure]:
        return {
            **{
                stage: Figure(statistics.median(each[stage] for each in told), "s")
                for stage in STAGES
            },
            "device": Figure(id),
        }

    counted = [-1]

    def process() -> Timing:
        timing = run()
        counted[0] = int(told[-1]["counted"])
        return timing

    yield Work(
        process,
        clock="the new process's own, from its start",
        derive=figures,
        own_causes=OWN_CAUSES,
        most_calls=_MOST_CALLS,
        precision=0.1,
        ops=1,
    )
    require_value(counted[0], 2, "what the device has counted to")


def _timed(id: str) -> dict[str, float]:
    """Return what a new process says of the device *id*.

    Raises:
        Unsupported: if it cannot be used, as the process says.
        CheckFailed: if it says nothing.
    """
    command = [sys.executable, "-m", "hwperf.devices.first_use"]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, DEVICE: id},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckFailed(f"the device gave no first result within {_TIMEOUT_S:.0f} s") from error
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode != 0 or not last.startswith("{"):
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CheckFailed(
            f"a new process that uses the device ended with {done.returncode}: {said}"
        )
    found: dict[str, Any] = json.loads(last)
    if "unsupported" in found:
        raise Unsupported(str(found["unsupported"]))
    return found
