"""The proof of I/O: did the bytes come from where they are said to come from?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwperf import CheckFailed, Figure
from hwperf.domains.storage.watch import Happened
from hwperf.host import storage
from hwperf.host.facts import Unavailable

__all__ = ["DEVICE", "MEMORY", "Proof"]

DEVICE, MEMORY = "device", "memory"

LEAST = 0.98
"""Of the bytes asked for, how many must have reached the device: real I/O gives 1.000."""

_MOST_CACHED = 0.02  # Of the same: pages of our own code may be fetched meanwhile.


@dataclass
class Proof:
    """Bytes that reached the device beside bytes asked for, over all calls.

    Attributes:
        expected: "device" or "memory": what the workload says that it measures.
        directory: where the file is.
        asked: bytes asked for.
        reached: bytes that the kernel counted.
        is_told: whether it counts at all.
    """

    expected: str
    directory: Path
    asked: int = 0
    reached: int = 0
    is_told: bool = True

    def count(self, happened: Happened, asked_to_read: int, asked_to_write: int) -> None:
        """Add one call. What was written counts only where something was."""
        if happened.read_bytes is None or happened.written_bytes is None:
            self.is_told = False
            return
        self.asked += asked_to_read + asked_to_write
        self.reached += happened.read_bytes if asked_to_read else 0
        self.reached += happened.written_bytes if asked_to_write else 0

    @property
    def ratio(self) -> float | None:
        """Bytes that reached the device over bytes asked for; None where it is not told."""
        if not self.is_told or not self.asked or storage.is_second_hand(self.directory):
            return None
        if self.reached == 0 and self.expected == DEVICE and not _is_counted(self.directory):
            return None
        return self.reached / self.asked

    def check(self) -> None:
        """See that the device answered where it should, and memory where it should.

        Raises:
            CheckFailed: if not; where the system does not count, nothing is raised.
        """
        ratio = self.ratio
        if ratio is None:
            return
        if self.expected == DEVICE and not ratio >= LEAST:
            raise CheckFailed(
                f"only {ratio:.3f} of the bytes asked for reached the device (/proc/self/io; real "
                "I/O gives 1.000): the page cache, a hole in the file or memory has answered"
            )
        if self.expected == MEMORY and not ratio <= _MOST_CACHED:
            raise CheckFailed(
                f"{ratio:.3f} of the bytes asked for came from the device (/proc/self/io), and "
                "none should: the page cache did not hold the file"
            )

    def figures(self) -> dict[str, Figure]:
        """Return the ratio, or that there is none."""
        ratio = self.ratio
        return {"io_proof": Figure("unproven") if ratio is None else Figure(round(ratio, 4))}


def _is_counted(directory: Path) -> bool:
    """Whether the file system is one whose transfers the kernel counts for each process."""
    try:
        found = storage.file_system(directory)
    except Unavailable:
        return True
    return not (found.is_network or found.type.startswith("fuse"))
