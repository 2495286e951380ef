"""Reads at random places that do not depend on one another: words, and bursts of lines.

The places come from four linear congruential generators in registers, which take turns: an array
of places would itself have to be read, and one generator alone would yield a place every 4 cycles
at best. The state goes on from call to call, so that a short call does not find the places of the
call before in the cache.

Bytes: *burst_bytes* per burst are useful; a word of 8 B moves a whole line.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import address_of, high_product, load_word
from hwperf.kernels.splitmix import splitmix
from hwperf.kernels.vector import LINE_BYTES, load_i64, plus, splat, sum_lanes

State: TypeAlias = NDArray[np.uint64]
N_STREAMS = 4

# Knuth (The Art of Computer Programming, volume 2, 3.3.4), as in MMIX; a full period of 2**64.
_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407


def seeded(seed: int = 0) -> State:
    """Return a state: uint64 of shape (4,), the generators. A seed is the same on every host."""
    state = np.empty(N_STREAMS, dtype=np.uint64)
    _seed(state, np.uint64(seed))
    return state


@kernel
def _seed(state: State, seed: Any) -> None:
    for i in range(N_STREAMS):
        state[i] = splitmix(splitmix(seed) + np.uint64(i))


@kernel
def _next(x: Any) -> Any:
    return x * np.uint64(_MULTIPLIER) + np.uint64(_INCREMENT)


@kernel
def _require(data: Any, burst_bytes: int, n_bursts: int) -> None:
    if n_bursts % N_STREAMS != 0 or data.nbytes < burst_bytes:
        raise ValueError("scattered: expected room for a burst, and a multiple of 4 bursts")
    if address_of(data) % LINE_BYTES != 0:
        raise ValueError("scattered: expected an array that starts on a 64 B boundary")


@kernel
def read_words(data: Any, n_words: int, state: State, out: Any) -> None:
    """Read *n_words* (a multiple of 4) aligned 8-byte words at random places of *data*.

    Adds their sum, modulo 2**64, to the int64 ``out[0]``, and leaves the generators in *state*.
    """
    _require(data, 8, n_words)
    base, n_places = address_of(data), np.uint64(data.nbytes // 8)
    x0, x1, x2, x3 = state[0], state[1], state[2], state[3]
    s0 = s1 = s2 = s3 = 0
    for _ in range(n_words // N_STREAMS):
        x0, x1, x2, x3 = _next(x0), _next(x1), _next(x2), _next(x3)
        s0 += load_word(base + 8 * np.intp(high_product(x0, n_places)))
        s1 += load_word(base + 8 * np.intp(high_product(x1, n_places)))
        s2 += load_word(base + 8 * np.intp(high_product(x2, n_places)))
        s3 += load_word(base + 8 * np.intp(high_product(x3, n_places)))
    state[0], state[1], state[2], state[3] = x0, x1, x2, x3
    out[0] += s0 + s1 + s2 + s3


@kernel
def read_bursts(data: Any, burst_bytes: int, n_bursts: int, state: State, out: Any) -> None:
    """Read *n_bursts* (a multiple of 4) bursts of whole lines at random places of *data*.

    A burst is *burst_bytes* long, a multiple of 64, and starts at a multiple of its length. Adds
    the sum of all 8-byte words, modulo 2**64, to the int64 ``out[0]``, and leaves the generators
    in *state*.
    """
    _require(data, burst_bytes, n_bursts)
    if burst_bytes < LINE_BYTES or burst_bytes % LINE_BYTES != 0:
        raise ValueError("scattered.read_bursts: expected bursts of whole lines of 64 B")
    base, n_places = address_of(data), np.uint64(data.nbytes // burst_bytes)
    x0, x1, x2, x3 = state[0], state[1], state[2], state[3]
    sums = splat(0, LINE_BYTES)
    for _ in range(n_bursts // N_STREAMS):
        for _ in range(N_STREAMS):
            x0, x1, x2, x3 = x1, x2, x3, _next(x0)
            p = base + burst_bytes * np.intp(high_product(x3, n_places))
            end = p + burst_bytes
            while p < end:
                sums = plus(sums, load_i64(p, LINE_BYTES))
                p += LINE_BYTES
    state[0], state[1], state[2], state[3] = x0, x1, x2, x3
    out[0] += sum_lanes(sums)


def places(nbytes: int, burst_bytes: int, n_bursts: int, seed: int = 0) -> NDArray[np.int64]:
    """Return which place each of the first *n_bursts* bursts reads, counted in bursts.

    For checks: computed one by one, apart from the kernels that are timed.
    """
    found = np.empty(n_bursts, dtype=np.int64)
    _places(seeded(seed), nbytes // burst_bytes, found)
    return found


@kernel
def _places(state: State, n_places: int, found: NDArray[np.int64]) -> None:
    for i in range(found.size):
        state[i % N_STREAMS] = _next(state[i % N_STREAMS])
        found[i] = high_product(state[i % N_STREAMS], np.uint64(n_places))
