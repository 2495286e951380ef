"""A kernel that lasts as long as asked. This module finds one that computes and hardly loads."""

from __future__ import annotations

from typing import Any

import numpy as np

from hwperf import CheckFailed, MiB, Unsupported
from hwperf.checks import require_equal, require_value
from hwperf.devices import Device
from hwperf.domains.transfer.timing import Stopwatch

__all__ = ["Busy"]

_THREADS = 128
_BLOCKS_PER_UNIT = 4
_FIRST_ROUNDS = 256
_MOST_ROUNDS = 2**24
_SCALED_BYTES = 16 * MiB
_MOST_PASSES = 512


class Busy:
    """Work for the device that lasts some *seconds*.

    Chains of multiply-adds where the device offers them, otherwise passes of "scale" over 16 MiB.

    Raises:
        Unsupported: if it offers neither.
    """

    def __init__(self, device: Device, seconds: float) -> None:
        self.device = device
        self.watch = Stopwatch(device)
        self.n_launches = 1
        self.values: Any = np.full(1, np.nan)
        try:
            self._prepare_chains(seconds)
        except Unsupported:
            self._prepare_passes(seconds)

    def enqueue(self, stream: Any = None) -> None:
        """Put the work into the stream."""
        for _ in range(self.n_launches):
            self.kernel(stream)

    def poison(self) -> None:
        """Write over what it computes."""
        self.device.fill(self.out, 0xFF)
        self.device.sync()

    def look(self) -> None:
        """See what it has computed.

        Raises:
            CheckFailed: if that is wrong.
        """
        back = self.device.host(self.out.nbytes, pinned=False)
        back.array.fill(0xFF)
        self.device.copy(back, self.out)
        self.device.sync()
        self.values = back.array.view(np.float32).astype(np.float64)
        if not (self.values == self.expected).all():
            raise CheckFailed("the kernel beside the copy computed something else")

    def check(self) -> None:
        """As `look`, for what was seen last."""
        require_value(self.values.size, self.out.nbytes // 4, "numbers that it computed")
        require_equal(self.values, np.full(self.values.size, self.expected))

    def _prepare_chains(self, seconds: float) -> None:
        blocks = _BLOCKS_PER_UNIT * (self.device.info.units or 8)
        self.out, self.expected = self.device.alloc(4 * blocks * _THREADS), 8.0
        rounds = _FIRST_ROUNDS
        while True:
            self.kernel = self.device.kernel(
                "ramp", [self.out], blocks=blocks, threads=_THREADS, rounds=rounds
            )
            self.kernel(None)
            lasts_s = min(self.watch.time(lambda: self.kernel(None)) for _ in range(2))
            if lasts_s >= 0.7 * seconds or rounds >= _MOST_ROUNDS:
                return
            factor = seconds / max(lasts_s, 1e-9)
            rounds = min(_MOST_ROUNDS, int(rounds * min(16.0, max(1.2, factor))) + 1)

    def _prepare_passes(self, seconds: float) -> None:
        n = _SCALED_BYTES // 4
        host, source = self.device.host(_SCALED_BYTES, pinned=False), None
        host.array.view(np.float32)[:] = 1.0
        source, self.out = self.device.alloc(_SCALED_BYTES), self.device.alloc(_SCALED_BYTES)
        self.device.copy(source, host)
        self.device.sync()
        self.expected = 3.0
        self.kernel = self.device.kernel("scale", [self.out, source], n=n, dtype="f32", scalar=3.0)
        self.kernel(None)
        lasts_s = min(self.watch.time(lambda: self.kernel(None)) for _ in range(3))
        self.n_launches = min(_MOST_PASSES, max(1, round(seconds / max(lasts_s, 1e-9))))
