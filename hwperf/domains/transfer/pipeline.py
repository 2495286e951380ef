"""Copy in, compute, copy out, in pieces. This module overlaps the three and says how well."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np

from hwperf import Figure, Seen
from hwperf.checks import require_equal
from hwperf.devices import Device
from hwperf.devices.checksum import checksum
from hwperf.domains.transfer import payload
from hwperf.domains.transfer.batch import require_copied, require_no_alias
from hwperf.domains.transfer.session import named, require_room
from hwperf.domains.transfer.timing import Stopwatch
from hwperf.work import Timing

__all__ = ["Pipeline"]

_STREAMS = 3
_STAGES = ("in", "kernel", "out")


class Pipeline:
    """*nbytes* of f32 in *n_pieces*, each copied in, multiplied by 3 and copied out.

    Args:
        device: with streams and pinned memory.
        nbytes: of the payload.
        n_pieces: pieces, which take streams in turn.
    """

    def __init__(self, device: Device, nbytes: int, n_pieces: int) -> None:
        require_room(device, 2 * nbytes, 3 * nbytes)
        require_no_alias(device, is_pinned=True)
        self.device, self.n_pieces = device, n_pieces
        self.watch = Stopwatch(device, by_events=False)
        there, self.back = (device.host(nbytes, pinned=True) for _ in range(2))
        numbers = np.random.default_rng(0).integers(-(2**20), 2**20, nbytes // 4)
        there.array.view(np.float32)[:] = numbers
        self.expected = 3.0 * numbers
        self.on_device = first, second = device.alloc(nbytes), device.alloc(nbytes)
        should = self.expected.astype(np.float32).view(np.uint8)
        self.sums = [np.array(checksum(data), np.int64) for data in (there.array, should)]
        each = nbytes // n_pieces
        self.streams = [device.stream() for _ in range(min(_STREAMS, n_pieces))]
        self.pieces: list[tuple[Any, ...]] = []
        for i in range(n_pieces):
            here, to, product, home = (
                whole.part(i * each, each) for whole in (there, first, second, self.back)
            )
            kernel = device.kernel("scale", [product, to], n=each // 4, dtype="f32", scalar=3.0)
            self.pieces.append((here, to, kernel, product, home))
        self.values: Any = np.full(1, np.nan)
        self.alone: list[list[float]] = []
        self.together: list[float] = []

    def run(self) -> Timing:
        self._poison()
        self.alone.append([self.watch.time(lambda s=stage: self._enqueue(s)) for stage in _STAGES])  # type: ignore[misc]
        self._look()
        self._poison()
        self.together.append(self.watch.time(self._enqueue_all, self.streams))
        self._look()
        return Timing(self.together[-1])

    def _poison(self) -> None:
        for buffer in self.on_device:
            self.device.fill(buffer, payload.POISON)
        self.back.array.fill(payload.POISON)
        self.device.sync()

    def _look(self) -> None:
        """See that each piece went all the way, by the device's sums and the bytes at the host."""
        self.values = self.back.array.view(np.float32).astype(np.float64)
        require_equal(self.values, self.expected)
        for buffer, expected, what in zip(
            self.on_device, self.sums, ("what arrived", "what was computed"), strict=True
        ):
            require_copied(self.device, buffer, expected, what)

    def check(self) -> None:
        """Compare every product of the last run.

        Raises:
            CheckFailed: if one is wrong.
        """
        require_equal(self.values, self.expected[: self.values.size])
        require_equal(np.array([self.values.size]), np.array([self.expected.size]))
        self.watch.check()

    def figures(self, seen: Seen) -> dict[str, Figure]:
        """Return the efficiency: 0 as slow as one stage after another, 1 as fast as the longest."""
        efficiencies = [
            (sum(stages) - took) / (sum(stages) - max(stages))
            for stages, took in zip(self.alone, self.together, strict=True)
        ]
        medians = [statistics.median(column) for column in zip(*self.alone, strict=True)]
        return {
            "overlap_efficiency": Figure(statistics.median(efficiencies)),
            **{
                f"{name}_alone": Figure(value, "s")
                for name, value in zip(_STAGES, medians, strict=True)
            },
            **named(self.device),
        }

    def _enqueue(self, stage: str) -> None:
        for here, to, kernel, product, home in self.pieces:
            if stage == "in":
                self.device.copy(to, here)
            elif stage == "kernel":
                kernel(None)
            else:
                self.device.copy(home, product)

    def _enqueue_all(self) -> None:
        for i, (here, to, kernel, product, home) in enumerate(self.pieces):
            stream = self.streams[i % len(self.streams)]
            self.device.copy(to, here, stream)
            kernel(stream)
            self.device.copy(home, product, stream)
