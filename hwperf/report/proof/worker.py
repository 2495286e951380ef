"""A process that measures points of a device, one after the other. This module is run as one.

``python -m hwperf.report.proof.worker`` opens the device that ``HWPERF_DEVICE`` names, says what it
is, and then answers each line of its input (JSON: id, params, budget_s, is_full) with one line.
What drivers and libraries print goes to stderr. It ends when its input does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TextIO

__all__ = ["answer", "main", "serve"]


def main() -> None:
    """Answer on what was the standard output."""
    from hwperf.asv.forkserver import die_with_parent

    die_with_parent(signal.SIGKILL)
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, said)


def serve(asked: Iterable[str], said: TextIO) -> None:
    """Say what the device is, then answer each line of *asked*."""
    from hwperf.devices import opened
    from hwperf.errors import HwperfError

    try:
        with opened() as device:
            hello = {"device": asdict(device.info), "capabilities": sorted(device.capabilities)}
    except HwperfError as why:
        hello = {"refused": str(why).removesuffix(".")}
    _say(said, hello)
    for line in asked:
        _say(said, answer(json.loads(line)))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Measure the point that is asked for.

    Returns:
        its result as JSON has it, and the seconds that went by beside the samples.
    """
    from hwperf.measure import FULL, measure
    from hwperf.measure.profile import Profile
    from hwperf.plugins import load

    workload = load().find(request["id"])
    budget_s = float(request["budget_s"])
    short = Profile(
        "short", budget_s=budget_s, warm_up_s=min(FULL.warm_up_s, budget_s / 4), rehearsal_s=0.0
    )
    profile = FULL if request["is_full"] else short
    result = measure(workload, request["params"], profile=profile)
    wall_s = float(result.tags["wall_s"])
    shown = {**result.to_json(), "profile": profile.name, "wall_s": wall_s}
    return {"result": shown, "beside_s": max(0.0, wall_s - result.tags.get("sampling_s", 0.0))}


def _say(said: TextIO, what: dict[str, Any]) -> None:
    said.write(json.dumps(what, allow_nan=False) + "\n")
    said.flush()


if __name__ == "__main__":
    main()
