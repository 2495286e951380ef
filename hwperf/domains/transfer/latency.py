"""Loads that wait for each other, by one thread of the device."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwperf import Figure, Seen, Unsupported, Work, workload
from hwperf.checks import require_value
from hwperf.domains.transfer.computed import Computed, put
from hwperf.domains.transfer.session import beyond_cache, device_of_point, lacking, require_room
from hwperf.domains.transfer.terms import TERMS
from hwperf.units import MiB, format_bytes

__all__ = ["latency"]

_LINE_INTS = 64  # 256 B: no two places share a line or a pair of them.
_LOCAL_INTS = 1024  # 4 KiB: fits into what threads of a block share on every device.
_STEPS = {"global": 4096, "local": 2**16}
_MOST_BYTES = 512 * MiB


@workload(
    "transfer.latency",
    params={"where": ["global", "local"]},
    requires=lacking,
    answers="How long does the device wait for its memory, and for the memory that a block shares?",
    source="Mei and Chu (2017), Dissecting GPU Memory Hierarchy through Microbenchmarking, IEEE "
    "TPDS 28(1), section 3: fine-grained pointer chase",
)
def latency(where: str) -> Iterator[Work]:
    """Latency of a load whose address is what the load before it gave, by a single thread.

    Counts loads. *where* "global": the device's memory, in random order over four times its
    last-level cache, which is written over before each run; "local": 4 KiB of the memory that the
    threads of a block share (shared or local memory).
    """
    with device_of_point() as device:
        steps = _STEPS[where]
        nbytes = beyond_cache(device) if where == "global" else 4 * _LOCAL_INTS
        if nbytes > _MOST_BYTES:
            raise Unsupported(f"the device's cache takes {format_bytes(nbytes)} to go beyond")
        require_room(device, 2 * nbytes, 4 * nbytes)
        order, ends_at = _chain(nbytes // 4, 1 if where == "local" else _LINE_INTS, steps)
        on_device = put(device, order)
        flush = device.alloc(nbytes) if where == "global" else None
        chased = Computed(
            device,
            4,
            lambda out: device.kernel(
                "chase", [out, on_device], n=order.size, steps=steps, where=where
            ),
            lambda written: require_value(
                int(written.view(np.int32)[0]), ends_at, "the place it ends at"
            ),
            flush=flush,
        )

        def figures(seen: Seen) -> dict[str, Figure]:
            return {"working_set": Figure(nbytes, "B"), **chased.figures(seen)}

        yield Work(
            chased.run,
            clock=chased.watch.clock,
            derive=figures,
            ops=steps * chased.n,
            **TERMS,
        )
        chased.check()


def _chain(n: int, apart: int, steps: int) -> tuple[np.ndarray, int]:
    """Return a random cycle over each *apart*-th of *n* places, and where *steps* from 0 end."""
    places = np.random.default_rng(0).permutation(n // apart).astype(np.int64)
    places = np.concatenate([[0], places[places != 0]]) * apart
    order = np.zeros(n, np.int32)
    order[places] = np.roll(places, -1)
    return order, int(places[steps % places.size])
