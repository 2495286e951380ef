"""There and back: what it costs to wait for the device's answer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Work, workload
from hwperf.checks import require_equal
from hwperf.devices.checksum import checksum
from hwperf.domains.transfer.batch import require_copied, require_no_alias
from hwperf.domains.transfer.session import device_of_point, lacking, named
from hwperf.domains.transfer.terms import TERMS
from hwperf.work import Timing

__all__ = ["round_trip"]

_TRIPS = 128  # Of a call.


@workload(
    "transfer.round_trip",
    requires=lacking,
    answers="What does each .item(), each print of a loss, cost?",
    source="Zhang et al., Dive into Deep Learning, section 13.2; clpeak, kernel latency",
)
def round_trip() -> Iterator[Work]:
    """Latency of 4 bytes to the device and back, the host waiting for them each time.

    Counts round trips. Each sends another number, and is refused unless that number comes back.
    """
    with device_of_point() as device:
        is_pinned = "pinned" in device.capabilities
        require_no_alias(device, is_pinned=is_pinned)
        there, back = (device.host(4, pinned=is_pinned) for _ in range(2))
        buffer = device.alloc(4)
        sent, came = there.array.view(np.int32), back.array.view(np.int32)
        answers = np.full(_TRIPS, -1, np.int32)
        state = {"last": 0}

        def trips() -> Timing:
            latencies, first = [], state["last"] + 1
            copy, sync, clock = device.copy, device.sync, device.clock
            for i in range(_TRIPS):
                came[0] = -1
                sent[0] = first + i
                begin = clock()
                copy(buffer, there)
                copy(back, buffer)
                sync()
                latencies.append(clock() - begin)
                answers[i] = came[0]
            state["last"] = first + _TRIPS - 1
            expected = np.arange(first, first + _TRIPS, dtype=np.int32)
            if not np.array_equal(answers, expected):
                raise CheckFailed(f"what came back is {answers[:3]} ..., not {expected[:3]} ...")
            # What is wrong on the way there, and again on the way back, would be right in the end.
            require_copied(device, buffer, np.array(checksum(there.array)), "what was sent last")
            return Timing(sum(latencies), latencies)

        def figures(seen: Seen) -> dict[str, Figure]:
            return {"memory": Figure("pinned" if is_pinned else "pageable")} | named(device)

        yield Work(
            trips,
            clock="the host's clock around each round trip",
            latencies=True,
            derive=figures,
            ops=_TRIPS,
            **TERMS,
        )
        last = state["last"]
        require_equal(answers, np.arange(last - _TRIPS + 1, last + 1, dtype=np.int32))
        if not last >= _TRIPS:
            raise CheckFailed("nothing was sent")
