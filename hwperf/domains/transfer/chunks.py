"""One payload in one piece, and in thousands: many small copies in place of a large one."""

from __future__ import annotations

from collections.abc import Iterator

from hwperf import Figure, MiB, Seen, Work, workload
from hwperf.domains.transfer import bounds
from hwperf.domains.transfer.batch import TO_DEVICE, Batch
from hwperf.domains.transfer.session import device_of_point, lacking
from hwperf.domains.transfer.terms import TERMS

__all__ = ["chunks"]

_PAYLOAD_BYTES = 16 * MiB


@workload(
    "transfer.chunks",
    params={"pieces": [1, 16, 256, 4096], "memory": ["pinned", "pageable"]},
    limit=bounds.link,
    requires=lacking,
    answers="What does it cost to transfer 16 MiB in many pieces in place of one?",
    source="NVIDIA, CUDA C++ Best Practices Guide, section 10.1: batch many small transfers into "
    "one; Zhang et al., Dive into Deep Learning, section 13.4",
)
def chunks(pieces: int, memory: str) -> Iterator[Work]:
    """Bandwidth of 16 MiB to the device in so many *pieces*, with one wait at the end.

    Counts the bytes once. In turn with it the same payload is copied in one piece: "x one piece" is
    the part of its bandwidth that is left.
    """
    with device_of_point() as device:
        is_pinned = memory == "pinned"
        batch = Batch(
            device, TO_DEVICE, _PAYLOAD_BYTES // pieces, is_pinned=is_pinned, n_copies=pieces
        )
        whole = Batch(device, TO_DEVICE, _PAYLOAD_BYTES, is_pinned=is_pinned, n_copies=1)

        def figures(seen: Seen) -> dict[str, Figure]:
            ratio = seen.ratio("one piece")
            slow_down = {} if ratio is None else {"slow_down": Figure(1 / ratio, "x one piece")}
            return slow_down | batch.figures(seen)

        yield Work(
            batch.run,
            clock=batch.watch.clock,
            against={"one piece": Work(whole.run, clock=whole.watch.clock, bytes=whole.moved)},
            derive=figures,
            bytes=batch.moved,
            ops=pieces,
            **TERMS,
        )
        batch.check()
        if whole.has_run:
            whole.check()
