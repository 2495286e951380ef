"""The penalty of small writes: at random places, without a pause, beside large ones in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np

from hwperf import Figure, KiB, MiB, Seen, Unsupported, Work, workload
from hwperf.domains.storage import wear
from hwperf.domains.storage.bounds import operations
from hwperf.domains.storage.engine import Engine, Task, running
from hwperf.domains.storage.engines import ours_alone
from hwperf.domains.storage.layout import scratch
from hwperf.domains.storage.random import shuffled
from hwperf.domains.storage.steadiness import is_steady, windows
from hwperf.domains.storage.terms import CLOCK, WAITING
from hwperf.scratch import Session, lacking
from hwperf.units import format_bytes
from hwperf.work import Timing

__all__ = ["write_penalty"]

BLOCK = 4 * KiB
LARGE = 1 * MiB
SEQUENTIAL = "sequential, 1 MiB"

# The end of the file is for the large writes, so that neither overwrites what the other is checked
# by; both overwrite what was written before.
_AREA_BYTES = 16 * MiB
_PAIRS = 10  # At least, in which small and large writes take turns.
_CALL_S = 0.02  # Longer than others' calls: small writes shall last, not come in bursts.
_EACH = 4  # Writes of each thread in a call, at least.


@workload(
    "storage.write_penalty",
    params={"queue_depth": [1, 32]},
    metric="rate",
    limit=lambda: operations(BLOCK),
    requires=[lacking, ours_alone],
    answers="What do small random writes cost a drive that works in large blocks?",
    source="SNIA, Solid State Storage Performance Test Specification 2.0.2 (its test of steady "
    "state, not its preconditioning); fio: rw=randwrite, bs=4k, direct=1, beside rw=write, bs=1M",
)
def write_penalty(queue_depth: int) -> Iterator[Work]:
    """Rate of direct writes of 4 KiB at random places, until the point's share or time is over.

    Counts writes; *queue_depth* of them are under way at any time. Set against them are writes of
    1 MiB, one after the other, which take turns with them: the ratio is that of the bytes. The
    drive is measured as it was found; how the rate went is kept, and whether it passes the test of
    steady state.
    """
    with ExitStack() as stack:
        session, descriptor, size = stack.enter_context(scratch())
        call_bytes, most = _shares(session, queue_depth)
        small = Task(
            BLOCK,
            queue_depth,
            shuffled(size - _AREA_BYTES, BLOCK),
            writes_in_ten=10,
            call_bytes=call_bytes,
            has_ops=True,
        )
        area = size - _AREA_BYTES + np.arange(_AREA_BYTES // LARGE, dtype=np.int64) * LARGE
        large = Task(LARGE, 1, area, writes_in_ten=10, call_bytes=LARGE)
        engine = stack.enter_context(running(session, descriptor, small))
        other = stack.enter_context(running(session, descriptor, large))
        engine.call_s = _CALL_S
        course = _Course(engine)
        yield Work(
            course.run,
            clock=CLOCK,
            against={
                # As many operations as blocks of the small size: the ratio is that of the bytes.
                SEQUENTIAL: Work(other.run, clock=CLOCK, most_calls=most, ops=LARGE // BLOCK)
            },
            derive=course.figures,
            own_causes=WAITING,
            most_calls=most,
            ops=1,
            bytes=BLOCK,
        )
        engine.check()
        if other.calls:
            other.check()


class _Course:
    """How the rate of small writes goes, call after call."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.seconds: list[float] = []
        self.writes: list[int] = []

    def run(self) -> Timing:
        timing = self.engine.run()
        n = len(timing.latencies)
        self.writes.append(n)
        self.seconds.append(n * timing.seconds)
        return timing

    def figures(self, seen: Seen) -> dict[str, Figure]:
        times = np.cumsum(self.seconds)
        rates = np.array(self.writes) / np.array(self.seconds)
        ratio = seen.ratio(SEQUENTIAL)
        fifth = max(1, len(rates) // 5)
        return {
            "sequential_over_random": Figure(None if not ratio else 1 / ratio),
            "steady": Figure(is_steady(windows(self.seconds, self.writes))),
            "last_over_first": Figure(np.median(rates[-fifth:]) / np.median(rates[:fifth])),
            "rate_over_time": Figure(np.column_stack([times, rates])),
        } | self.engine.figures(seen)


def _shares(session: Session, queue_depth: int) -> tuple[int, int]:
    """Return the bytes of a call of small writes, and how many calls there may be of either kind.

    Raises:
        Unsupported: if what the point may write is too little.
    """
    allowed = wear.share(session, "write_penalty")
    pairs = max(_PAIRS, min(100, allowed // (2 * MiB)))
    # One more of the small ones, for seeing that the check can fail.
    each = (allowed - pairs * LARGE) // (pairs + 1) // BLOCK * BLOCK
    if each < _EACH * queue_depth * BLOCK:
        raise Unsupported(
            f"{pairs} times {_EACH * queue_depth} writes of {format_bytes(BLOCK)} and one of "
            f"{format_bytes(LARGE)} are more than the {format_bytes(allowed)} that this point may "
            "write in such a run. Use --full"
        )
    return each, pairs
