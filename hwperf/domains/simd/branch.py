"""Conditional jumps, whether the core can foresee them or not: what a misprediction costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hwperf import CheckFailed, Figure, Seen, Work, limits, workload
from hwperf.checks import Words, require_value
from hwperf.kernels import branch as kernels

__all__ = ["branch"]

# Jumps before the first comes again: more than any predictor remembers.
_JUMPS = 2**20
# Jumps of one call: 0.15 ms at 0.3 ns where they are foreseen, 0.2 ms at 3 ns where they are not.
_PER_CALL = {"predictable": 2**19, "sorted": 2**19, "random": 2**16, "unsorted": 2**16}
_FORESEEN = {"random": "predictable", "unsorted": "sorted"}
_MISSED = 0.5  # Of jumps that are as good as coins, whatever the core guesses.


@dataclass
class Parts:
    """The bytes that decide, a part for each call, and what each part added up to."""

    parts: list[kernels.Bytes]
    totals: Words
    n_calls: int = 0

    def add_up(self) -> None:
        """Add up the next part: one call."""
        place = self.n_calls % len(self.parts)
        self.totals[place] = kernels.sum_large(self.parts[place])
        self.n_calls += 1

    def require_totals(self) -> None:
        """Compare what the parts added up to.

        Raises:
            CheckFailed: if no part was added up, or one to something else.
        """
        if not self.n_calls > 0:
            raise CheckFailed("no part was added up")
        for place, part in enumerate(self.parts[: self.n_calls]):
            should = part[part >= kernels.LARGE].sum(dtype=np.int64)
            require_value(self.totals[place], should, f"sum of the large bytes of part {place}")


@workload(
    "simd.branch",
    params={"pattern": ["predictable", "random", "sorted", "unsorted"]},
    limit=limits.branches,
    source="Fog, The microarchitecture of Intel, AMD and VIA CPUs, chapter 3",
)
def branch(pattern: str) -> Iterator[Work]:
    """Time per conditional jump of ``if byte >= 128: total += byte``.

    Counts jumps. Half of them are taken: every other one ("predictable"), by chance ("random"), or
    as random numbers say that are "sorted" or "unsorted". What is missed costs the penalty.
    """
    data = parts_of(pattern)
    easy = _FORESEEN.get(pattern)
    if easy is None:
        yield Work(data.add_up, ops=_PER_CALL[pattern])
        data.require_totals()
        return
    foreseen = parts_of(easy)

    def penalty(seen: Seen) -> Mapping[str, Figure]:
        return penalty_of(seen, easy)

    yield Work(
        data.add_up,
        ops=_PER_CALL[pattern],
        against={easy: Work(foreseen.add_up, ops=_PER_CALL[easy])},
        derive=penalty,
    )
    data.require_totals()


def penalty_of(seen: Seen, easy: str) -> dict[str, Figure]:
    """Return what one misprediction costs: what a jump takes longer, over the share missed."""
    if easy not in seen.against:
        return {}
    seconds = (seen.cost_s - seen.against[easy]) / _MISSED
    found = {"penalty": Figure(seconds, "s")}
    if seen.clock_hz is not None:
        found["penalty_cycles"] = Figure(seconds * seen.clock_hz, "cycles")
    return found


def parts_of(pattern: str) -> Parts:
    """Return 2**20 bytes in the order of *pattern*, half of them large, in parts for one call."""
    data = kernels.random_bytes(_JUMPS)
    if pattern == "predictable":
        data[0::2], data[1::2] = 0, 255
    elif pattern == "random":
        data[:] = np.where(data >= kernels.LARGE, 255, 0)
    parts = list(data.reshape(-1, _PER_CALL[pattern]))
    if pattern == "sorted":
        parts = [np.sort(part, kind="stable") for part in parts]  # Counts bytes: quick.
    return Parts(parts, np.full(len(parts), -1))
