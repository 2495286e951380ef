"""Feeding a device from a data loader: batches made by workers, copied over, computed with."""

from __future__ import annotations

import importlib.util
import statistics
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Unsupported, Work, workload
from hwperf.checks import require_value
from hwperf.domains.transfer.session import device_of_point, lacking, named, require_room
from hwperf.domains.transfer.terms import OWN_CAUSES
from hwperf.work import Timing

__all__ = ["SHAPE", "feed", "lacking_torch"]

SHAPE = (3, 64, 64)
"""Channels, rows and columns of one sample, as bytes; the device gets it as f32."""

_BATCHES = 12
_COLUMNS = 512  # Of the layer that the device computes for each batch.
_MOST_CALLS = 6


def lacking_torch() -> str | None:
    """Return why there is no data loader, or None."""
    if importlib.util.find_spec("torch") is None:
        return "torch is not installed: pip install 'hwperf[torch]' adds its data loader"
    return None


@workload(
    "transfer.feed",
    params={
        "workers": [0, 1, 2, 4],
        "non_blocking": [False, True],
        "batch": [64, 256],
    },
    metric="rate",
    requires=[lacking_torch, lacking],
    answers="How is the data loader sped up, and how long does the device wait for it?",
    source="PyTorch, torch.utils.data: memory pinning, worker processes; MLPerf Storage",
)
def feed(workers: int, non_blocking: bool, batch: int) -> Iterator[Work]:
    """Rate of samples that a DataLoader makes, pins, and copies to the device, which computes.

    Counts samples (3 x 64 x 64 f32, from bytes that are shifted and scaled, as images are).
    *workers* make them, in processes of their own; *non_blocking*: from pinned memory, without
    waiting for the copy. The device multiplies each batch; the share of the time that it would have
    needed alone is told as busy, the rest as idle.
    """
    with device_of_point() as device:
        if device.info.backend != "torch":
            raise Unsupported(
                f"{device.info.id} is not a device of torch, whose data loader feeds it"
            )
        if non_blocking and "pinned" not in device.capabilities:
            raise Unsupported(f"{device.info.id} has no pinned memory to copy from")
        require_room(device, 64 * batch * int(np.prod(SHAPE)), 64 * batch * int(np.prod(SHAPE)))
        from hwperf.domains.transfer.loader import Loader

        loader = Loader(device, workers, non_blocking, batch, _BATCHES, _COLUMNS)
        sums: Any = np.full(_BATCHES, np.nan)
        idle: list[float] = []
        try:
            alone_s = loader.compute_alone_s()

            def epoch() -> Timing:
                sums[:] = np.nan
                begin = time.perf_counter()
                sums[:] = loader.epoch()
                seconds = time.perf_counter() - begin
                idle.append(max(0.0, 1 - alone_s / seconds))
                return Timing(seconds)

            def figures(seen: Seen) -> dict[str, Figure]:
                return {
                    "idle_share": Figure(statistics.median(idle)),
                    "computing": Figure(alone_s, "s"),
                    **named(device),
                }

            yield Work(
                epoch,
                clock="the host's clock around an epoch",
                derive=figures,
                own_causes=OWN_CAUSES,
                precision=0.05,
                most_calls=_MOST_CALLS,
                ops=_BATCHES * batch,
                bytes=_BATCHES * batch * 4 * int(np.prod(SHAPE)),
            )
            expected = loader.expected()
            off = np.abs(sums - expected)
            if not (off <= 1e-3 * np.abs(expected) + 1e-3).all():
                raise CheckFailed(
                    f"the device's sums of the batches are {sums[:3]} ..., not {expected[:3]} ..."
                )
            require_value(len(idle) > 0, True, "an epoch was run")
        finally:
            loader.close()
