"""What a collective moves. This module says how large, which values go in, and which come out.

The size S is that of nccl-tests: of all_reduce and broadcast the buffer of each rank; of all_gather
what each rank has gathered; of reduce_scatter and all_to_all what each rank gives. The last three
are made of one part for each rank: an S of which the ranks have no equal number of bytes is rounded
up to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf import CheckFailed
from hwperf.checks import require_each

__all__ = ["FACTORS", "OPS", "ROOT", "Elements", "Exchange"]

Elements: TypeAlias = NDArray[Any]

FACTORS: Mapping[str, Callable[[int], float]] = MappingProxyType(
    {
        "all_reduce": lambda n: 2 * (n - 1) / n,
        "all_gather": lambda n: (n - 1) / n,
        "broadcast": lambda n: 1.0,
        "reduce_scatter": lambda n: (n - 1) / n,
        "all_to_all": lambda n: (n - 1) / n,
    }
)
"""Bus bandwidth over algorithm bandwidth for n ranks; derived in docs/domains/network.md."""

OPS = tuple(FACTORS)
ROOT = 0
"""The rank that a broadcast comes from."""

IN_PLACE = ("all_reduce", "broadcast")
REDUCING = ("all_reduce", "reduce_scatter")

# A prime: no part, block or segment that an algorithm moves is a whole number of periods, so that
# what comes to a wrong place is seen there.
PERIOD = 65521
_PART = 2**16  # The most elements that require_each compares at a time.
# Integers, so that every sum of them is exact, in whichever order: float32 counts to 2^24, uint8 to
# 255, which stays free as the poison.
_BELOW = {"float32": 2**20, "uint8": 64}
MOST_RANKS = 4
"""4 times 63 is 252: the most that uint8 can add up."""


@dataclass(frozen=True)
class Exchange:
    """One collective of so many ranks.

    Attributes:
        op: one of :data:`OPS`.
        ranks: how many take part.
        nbytes: S as asked for.

    Raises:
        ValueError: if the ranks are not 2 to :data:`MOST_RANKS`.
    """

    op: str
    ranks: int
    nbytes: int

    def __post_init__(self) -> None:
        if not 2 <= self.ranks <= MOST_RANKS:
            raise ValueError(f"{self.ranks} ranks: expected 2 to {MOST_RANKS}")

    @property
    def size(self) -> int:
        """S in bytes."""
        if self.op in IN_PLACE:
            return self.nbytes
        return self.ranks * -(-self.nbytes // self.ranks)

    @property
    def dtype(self) -> str:
        """float32 where a rank's part is a whole number of them, and otherwise uint8."""
        part = self.size if self.op in IN_PLACE else self.size // self.ranks
        return "float32" if part % 4 == 0 else "uint8"

    @property
    def given(self) -> int:
        """Elements that each rank puts in."""
        return self._elements // (self.ranks if self.op == "all_gather" else 1)

    @property
    def received(self) -> int:
        """Elements that each rank has at the end."""
        return self._elements // (self.ranks if self.op == "reduce_scatter" else 1)

    @property
    def poison(self) -> float:
        """What outputs hold before: no rank's value, and no sum of values."""
        return float("nan") if self.dtype == "float32" else 255

    @property
    def bus_factor(self) -> float:
        """Bus bandwidth over algorithm bandwidth."""
        return FACTORS[self.op](self.ranks)

    def input_of(self, rank: int) -> Elements:
        """Return what *rank* puts in."""
        return np.resize(_table(rank, self.dtype), self.given)

    def require(self, rank: int, actual: Elements) -> None:
        """Compare every element that *rank* has at the end.

        Raises:
            CheckFailed: naming the rank and the first elements that differ.
        """
        for first, count, expected in self._pieces(rank):
            piece = actual[first : first + count]
            try:
                require_each(piece, expected)
            except CheckFailed as why:
                raise CheckFailed(
                    f"{self.op}, rank {rank}, from element {first} on: {why}"
                ) from why

    @property
    def _elements(self) -> int:
        return self.size // np.dtype(self.dtype).itemsize

    def _pieces(self, rank: int) -> Iterator[tuple[int, int, Callable[[slice], Elements]]]:
        """Yield the pieces of a rank's output: first element, elements, and what they should be."""
        part = self._elements // self.ranks
        if self.op in REDUCING:
            added = sum(_table(r, self.dtype).astype(np.int64) for r in range(self.ranks))
            table = np.asarray(added).astype(self.dtype)
            from_ = rank * part if self.op == "reduce_scatter" else 0
            yield 0, self.received, _values(table, from_)
        elif self.op == "broadcast":
            yield 0, self.received, _values(_table(ROOT, self.dtype), 0)
        else:
            from_ = rank * part if self.op == "all_to_all" else 0
            for source in range(self.ranks):
                yield source * part, part, _values(_table(source, self.dtype), from_)


@lru_cache(maxsize=2 * MOST_RANKS)
def _table(rank: int, dtype: str) -> Elements:
    """Return one period of what *rank* puts in."""
    table = np.random.default_rng(rank).integers(0, _BELOW[dtype], PERIOD).astype(dtype)
    table.flags.writeable = False
    return table


def _values(table: Elements, from_: int) -> Callable[[slice], Elements]:
    """Return what gives part after part of the repeated *table*, beginning with element *from_*."""
    longer = np.resize(table, PERIOD + _PART)

    def values(part: slice) -> Elements:
        start = (from_ + part.start) % PERIOD
        return longer[start : start + part.stop - part.start]

    return values
