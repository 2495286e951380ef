"""What the engine itself could do: the same threads and loop on a file that is in memory."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hwperf import Figure
from hwperf.kernels import io
from hwperf.units import MiB

if TYPE_CHECKING:
    from hwperf.kernels.crew import Crew

__all__ = ["ENOUGH", "figures", "operations"]

ENOUGH = 2.0
"""Times the measured rate that the engine must be able to do, or it is what is measured."""

_BLOCK = 4096  # What the engine takes is per transfer, whatever its size.
_BYTES = 2 * MiB
_LASTS_S = 0.003  # Thousands of transfers, at 1 to 2 µs each.
_MOST = 2**14  # Of one thread.


def operations(threads: Crew, depth: int) -> float | None:
    """Return the transfers per second of *depth* threads that read 4 KiB each from memory.

    None where the system has no file that is only in memory.
    """
    if not hasattr(os, "memfd_create"):
        return None
    descriptor = os.memfd_create("hwperf-ceiling", os.MFD_CLOEXEC)
    try:
        os.pwrite(descriptor, bytes(_BYTES), 0)
        offsets = np.arange(_BYTES // _BLOCK) * _BLOCK
        buffers = np.zeros((depth, _BLOCK), np.uint8)
        queue, out = np.array([0, 2**62]), np.full((depth, io.N_WORDS), -1, np.int64)
        ends = np.zeros((2, depth, _MOST), np.int64)
        end_ns = time.monotonic_ns() + int(_LASTS_S * 1e9)
        threads.run(
            [
                partial(
                    io.transfer, descriptor, buffers[i].ctypes.data, 0, 1, _BLOCK, offsets, queue,
                    0, end_ns, ends[0, i], ends[1, i], out[i],
                )
                for i in range(depth)
            ],
            timeout_s=10.0,
        )  # fmt: skip
    finally:
        os.close(descriptor)
    # A thread that found no CPU before the time was over makes one read long after the others.
    begin = int(out[:, io.BEGAN].min())
    end = max(end_ns, int(np.median(out[:, io.ENDED])))
    in_time = out[:, io.BEGAN] < end
    return float(out[in_time, io.COUNT].sum()) / (end - begin) * 1e9


def figures(ceiling: float | None, rate: float) -> dict[str, Figure]:
    """Return how many times the measured *rate* the engine could do, and whether that is enough."""
    if ceiling is None:
        return {}
    headroom = ceiling / rate
    told = {"headroom": Figure(headroom)}
    if headroom < ENOUGH:
        told["limited_by"] = Figure("the engine, not the device: it could do no more than this")
    return told
