"""Memory under many threads: how the bandwidth grows, and what a loaded memory costs a load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hwperf import CheckFailed, KiB, MiB, Work, limits, workload
from hwperf.checks import POISON, Floats, Words, require_each, require_equal
from hwperf.domains.multicore.teams import CLOCK, THREADS, alone, scaling, team_of, timed
from hwperf.host import caches, memory, topology
from hwperf.host import pages as working_memory
from hwperf.kernels import parallel, stream

if TYPE_CHECKING:
    from hwperf.kernels.team import Team

__all__ = ["Slice", "array_bytes", "bandwidth", "slices"]

# Of each array in all. STREAM's rule is four times the last-level caches that the threads can fill,
# which most machines have less than 64 MiB of; a machine of many cores has more.
LEAST_BYTES = 256 * MiB
EACH_BYTES = 64 * MiB
STREAMS_RULE = 4
PART_BYTES = 512 * KiB  # Of each array between two readings of the clock: 30 to 100 µs.
PART = PART_BYTES // 8  # elements
N_PARTS = 128  # Parts that each thread goes through in one call: 2 to 6 ms.
SCALAR = 3.0  # STREAM's

N_ARRAYS = {"read": 1, "copy": 2, "triad": 3}


def array_bytes(threads: int) -> int:
    """Return the bytes of each array in all."""
    beyond = STREAMS_RULE * caches.last_level_bytes(threads)
    return max(LEAST_BYTES, threads * EACH_BYTES, beyond // EACH_BYTES * EACH_BYTES)


def _lacks_memory(threads: int, kernel: str) -> str | None:
    return memory.lacking(N_ARRAYS[kernel] * array_bytes(threads))


@workload(
    "multicore.bandwidth",
    params={"threads": THREADS, "kernel": list(N_ARRAYS)},
    limit=lambda threads, kernel: limits.copy_bandwidth(
        n_threads=threads, nbytes=array_bytes(threads)
    ),
    requires=[topology.lacking, lambda: working_memory.lacking("huge"), _lacks_memory],
    source="McCalpin, STREAM; likwid-bench copy_mem_avx, stream_mem_avx",
)
def bandwidth(threads: int, kernel: str) -> Iterator[Work]:
    """Bandwidth of main memory when many threads stream through it at once.

    Counts as STREAM does: read one load per element, copy a load and a store, triad two loads and
    a store. Stores are streaming ones, pages are huge, and each thread has a slice of its own
    that it has touched first.
    """
    with team_of(topology.spread(threads)) as team:
        mine = slices(team, N_ARRAYS[kernel], array_bytes(threads) // threads)
        amount = N_ARRAYS[kernel] * PART_BYTES * N_PARTS
        member = getattr(parallel, f"{kernel}_member")
        args = [each.args(kernel) for each in mine]
        against, derive = scaling(alone(team, member, args, N_PARTS), threads, bytes=amount)
        yield Work(
            timed(team, member, args, N_PARTS),
            bytes=threads * amount,
            clock=CLOCK,
            team=team,
            against=against,
            derive=derive,
        )
        for each in mine:
            each.require(kernel)


@dataclass(frozen=True)
class Slice:
    """What one thread works on.

    Attributes:
        done: parts done so far, one word.
        arrays: the output first, where there is one, then the inputs.
        sums: what reading gave, one element for each part.
    """

    done: Words
    arrays: list[Floats]
    sums: Floats

    def args(self, kernel: str) -> tuple[Any, ...]:
        """Return the arguments of a step of *kernel* in hwperf.kernels.parallel."""
        rest = {"read": (self.sums, PART), "copy": (PART,), "triad": (SCALAR, PART)}
        return (self.done, *self.arrays, *rest[kernel])

    def require(self, kernel: str) -> None:
        """Compare every part that was worked on with what it should hold.

        Raises:
            CheckFailed: naming the first elements that differ, or that nothing was done.
        """
        n_parts = min(int(self.done[0]), self.sums.size)
        if n_parts < 1:
            raise CheckFailed("no part was worked on")
        if kernel == "read":
            # The elements are 0, 1, 2 ... and all sums below 2**53, so that they are exact.
            first = np.arange(n_parts) * float(PART)
            require_equal(self.sums[:n_parts], PART * first + PART * (PART - 1) / 2)
            return
        a, b, *c = (array[: n_parts * PART] for array in self.arrays)
        require_each(a, lambda part: b[part] + SCALAR * c[0][part] if c else b[part])


def slices(team: Team, n_arrays: int, nbytes: int) -> list[Slice]:
    """Return what each thread works on, written by that thread, on huge pages."""
    nbytes = nbytes // PART_BYTES * PART_BYTES
    mine = [
        Slice(
            done=np.zeros(1, np.int64),
            arrays=[_untouched(nbytes, place) for place in range(n_arrays)],
            sums=np.full(nbytes // PART_BYTES, POISON),
        )
        for _ in team.cpus
    ]
    team.run([partial(_fill, each.arrays) for each in mine])
    for each in mine:
        for array in each.arrays:
            working_memory.require_pages(array, "huge")
    return mine


def _untouched(nbytes: int, place: int) -> Floats:
    # Arrays that start alike meet in the same cache sets: see memory.copy.
    apart = place * working_memory.APART_BYTES
    return working_memory.untouched(apart + nbytes, pages="huge")[apart // 8 :]


def _fill(arrays: list[Floats]) -> None:
    """Write whole arrays: 0, 1, 2 ... and 7, 12, 17 ...; an output is poisoned.

    Compiled code and numpy let go of the interpreter's lock meanwhile.
    """
    *output, b = arrays[:2]
    stream.fill["regular"](b, 1)
    for array in output:
        array.fill(POISON)
    for c in arrays[2:]:
        np.multiply(b, 5.0, out=c)
        np.add(c, 7.0, out=c)
