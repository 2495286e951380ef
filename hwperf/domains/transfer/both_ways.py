"""Two things at once: both directions, copies beside kernels, and a pipeline of all three."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hwperf import Figure, MiB, Seen, Unsupported, Work, workload
from hwperf.checks import require_value
from hwperf.devices import Device
from hwperf.domains.transfer import bounds
from hwperf.domains.transfer.batch import TO_DEVICE, TO_HOST, Batch
from hwperf.domains.transfer.busy import Busy
from hwperf.domains.transfer.pipeline import Pipeline
from hwperf.domains.transfer.session import device_of_point, lacking, named
from hwperf.domains.transfer.terms import TERMS
from hwperf.domains.transfer.timing import Stopwatch
from hwperf.work import Timing

__all__ = ["bidirectional", "overlap"]

_PAYLOAD_BYTES = 64 * MiB
_PIECES = {"pipeline_1": 1, "pipeline_2": 2, "pipeline_4": 4, "pipeline_8": 8, "pipeline_16": 16}


@workload(
    "transfer.bidirectional",
    limit=bounds.both_ways,
    requires=lacking,
    answers="Can data go to the device and come back at once?",
    source="NVIDIA nvbandwidth, host_to_device_bidirectional_memcpy_ce",
)
def bidirectional() -> Iterator[Work]:
    """Bandwidth of 64 MiB to the device and 64 MiB back, in two streams at once, pinned.

    Counts the bytes of both. The overlap efficiency is (t1 + t2 - t12) / min(t1, t2): 1 where the
    shorter one costs nothing beside the longer, 0 where they take turns.
    """
    with device_of_point() as device:
        _require_streams(device)
        there, back = (
            Batch(device, way, _PAYLOAD_BYTES, is_pinned=True, n_copies=1)
            for way in (TO_DEVICE, TO_HOST)
        )
        pair = _Pair(
            device,
            [lambda stream: there.enqueue(stream), lambda stream: back.enqueue(stream)],
            poison=[there.poison, back.poison],
            look=[there.look, back.look],
        )
        yield Work(
            pair.run,
            clock=pair.watch.clock,
            derive=pair.figures,
            bytes=there.moved + back.moved,
            **TERMS,
        )
        there.check()
        back.check()
        pair.watch.check()


@workload(
    "transfer.overlap",
    params={"how": ["copy_and_kernel", *_PIECES]},
    limit=bounds.link,
    requires=lacking,
    answers="How much of a transfer can be hidden behind what the device computes?",
    source="Harris (2012), How to Overlap Data Transfers in CUDA C/C++, NVIDIA Technical Blog",
)
def overlap(how: str) -> Iterator[Work]:
    """Bandwidth of 64 MiB to the device while it computes, both directions and kernels.

    Counts the bytes to the device. *how* "copy_and_kernel": a copy beside a kernel that takes about
    as long; "pipeline_n": n pieces, each copied in, multiplied and copied out, three streams at
    work. The overlap efficiency is the part of what could be hidden that was.
    """
    with device_of_point() as device:
        _require_streams(device)
        if how in _PIECES:
            pipeline = Pipeline(device, _PAYLOAD_BYTES, _PIECES[how])
            yield Work(
                pipeline.run,
                clock=pipeline.watch.clock,
                derive=pipeline.figures,
                bytes=_PAYLOAD_BYTES,
                **TERMS,
            )
            pipeline.check()
            return
        copy = Batch(device, TO_DEVICE, _PAYLOAD_BYTES, is_pinned=True, n_copies=1)
        busy = Busy(device, Stopwatch(device).time(copy.enqueue))
        pair = _Pair(
            device,
            [lambda stream: copy.enqueue(stream), busy.enqueue],
            poison=[copy.poison, busy.poison],
            look=[copy.look, busy.look],
        )
        yield Work(pair.run, clock=pair.watch.clock, derive=pair.figures, bytes=copy.moved, **TERMS)
        copy.check()
        busy.check()
        pair.watch.check()
        require_value(pair.runs > 0, True, "both were run")


class _Pair:
    """Two things in two streams: each alone, and both at once."""

    def __init__(
        self,
        device: Device,
        parts: list[Callable[[Any], None]],
        poison: Sequence[Callable[[], None]],
        look: Sequence[Callable[[], None]],
    ) -> None:
        self.device, self.parts, self.poison, self.look = device, parts, poison, look
        # Between two streams there are no marks: the host's clock sees the end of both, and the
        # events of each say that it was waited for.
        self.watch = Stopwatch(device, by_events=False)
        self.streams = [device.stream() for _ in parts]
        self.alone: list[list[float]] = []
        self.together: list[float] = []
        self.runs = 0

    def run(self) -> Timing:
        self.alone.append([self._time([i]) for i in range(len(self.parts))])
        self.together.append(self._time(list(range(len(self.parts)))))
        self.runs += 1
        return Timing(self.together[-1])

    def figures(self, seen: Seen) -> dict[str, Figure]:
        alone = [statistics.median(column) for column in zip(*self.alone, strict=True)]
        efficiencies = [
            (sum(each) - both) / min(each)
            for each, both in zip(self.alone, self.together, strict=True)
        ]
        return {
            "overlap_efficiency": Figure(statistics.median(efficiencies)),
            "first_alone": Figure(alone[0], "s"),
            "second_alone": Figure(alone[1], "s"),
            "together": Figure(statistics.median(self.together), "s"),
            **named(self.device),
        }

    def _time(self, which: list[int]) -> float:
        for poison in self.poison:
            poison()

        def enqueue() -> None:
            for i in which:
                self.parts[i](self.streams[i])

        seconds = self.watch.time(enqueue, [self.streams[i] for i in which])
        for i in which:
            self.look[i]()
        return seconds


def _require_streams(device: Device) -> None:
    if not {"streams", "pinned"} <= device.capabilities:
        raise Unsupported(
            f"{device.info.id} has no streams with pinned memory: nothing can be at work at once"
        )
