"""What is compared of storage: the same transfers by hwperf's engine and by fio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ratios import Goal

from hwperf.units import KiB, MiB

PSYNC = Goal(least=1.00)
"""Of the rate of fio's psync, which does the same: one blocking thread for each transfer."""

BEST = Goal(least=0.97)
"""Of the rate of fio's fastest engine on this machine."""

SHIPPED = Goal(least=1.5)
"""Of fio's bandwidth with the buffers that it has of its own, on small pages."""

MEDIAN = Goal(most=1.05)
"""Of half of the latencies."""

TAIL = Goal(most=1.15)
"""Of all but a hundredth of the latencies."""

WRITE_BYTES = 128 * MiB
"""That a side of a pair writes at most: what keeps the wear of a whole comparison small."""


@dataclass(frozen=True)
class StorageCase:
    """The same transfers for both.

    Attributes:
        name: what a person reads and ``--case`` matches.
        rw: as fio calls it.
        block: bytes of one transfer.
        depth: transfers under way at once.
        engines: of fio, that compete.
        pages: of hwperf's buffers; fio's are small.
    """

    name: str
    rw: str
    block: int
    depth: int
    engines: tuple[str, ...]
    pages: str = "small"

    @property
    def is_random(self) -> bool:
        """Whether the places are random: then latencies are compared, too."""
        return self.rw.startswith("rand")

    @property
    def is_writing(self) -> bool:
        """Whether it writes."""
        return self.rw.endswith("write")


def cases() -> Iterator[StorageCase]:
    """Yield every case of storage, in the order in which they are run."""
    for rw in ("randread", "randwrite"):
        for depth in (1, 32):
            yield StorageCase(
                f"storage.random_{rw[4:]} 4KiB {depth}", rw, 4 * KiB, depth,
                ("psync", "libaio", "io_uring"),
            )  # fmt: skip
    for rw in ("read", "write"):
        for depth in (1, 8):
            yield StorageCase(
                f"storage.sequential_{rw} 1MiB {depth}", rw, MiB, depth,
                ("psync", "libaio"), "huge",
            )  # fmt: skip
