"""Chases through memory, where each load gives the address of the next: latency.

The working set is a buffer of lines. An *order* says which line comes after which; all of them
lie on one cycle, so that a chase of n_lines steps touches each line once. :func:`link` writes it
into the buffer as addresses, and :func:`follow` walks: one load per step, nothing beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numpy.typing import NDArray

from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import (
    high_product,
    hold,
    intrinsic,
    literal,
    output_address,
    store_word,
)
from hwperf.kernels.splitmix import splitmix

Words: TypeAlias = NDArray[np.int64]

# Loads per turn of the loop and chain: its counter and branch run beside the loads.
STEPS_PER_TURN = 16
CHAINS = (1, 2, 4, 8, 16, 24, 32)


def chase_order(n_lines: int, *, seed: int = 0) -> Words:
    """Return a random cyclic order that visits each cache line exactly once.

    Args:
        n_lines: number of cache lines in the working set, at least 2.
        seed: the same seed gives the same order on every host.

    Returns:
        int64 array of shape (n_lines,); ``order[i]`` is the line after line i.

    Raises:
        ValueError: if n_lines < 2; a shorter chase has no dependent load.

    Source: Sattolo (1986), "An algorithm to generate a random cyclic permutation".
    """
    _require_lines(n_lines)
    # Half the bytes to shuffle in, half the cache misses.
    order = np.arange(n_lines, dtype=np.int32 if n_lines < 2**31 else np.int64)
    _shuffle(order, np.uint64(seed), 1)
    return order.astype(np.int64)


def chase_order_windowed(n_lines: int, window_lines: int, *, seed: int = 0) -> Words:
    """Return a cyclic order that visits one window of neighbouring lines wholly, then another.

    Windows come in random order, and so do the lines in each. A window of a few hundred KiB stays
    within reach of the TLB: this latency is the memory's own, without address translation.

    Args:
        n_lines: number of cache lines in the working set, at least 2.
        window_lines: lines of a window, at least 1; the last window may be shorter.
        seed: the same seed gives the same order on every host.

    Returns:
        int64 array of shape (n_lines,); ``order[i]`` is the line after line i.

    Raises:
        ValueError: if n_lines < 2 or window_lines < 1.
    """
    _require_lines(n_lines)
    if window_lines < 1:
        raise ValueError(f"window_lines={window_lines!r}: expected at least 1")
    windows = np.arange(-(-n_lines // window_lines), dtype=np.int64)
    _shuffle(windows, np.uint64(seed), 0)
    visits = np.empty(n_lines, dtype=np.int64)
    _fill_windows(visits, windows, window_lines, np.uint64(seed))
    order = np.empty(n_lines, dtype=np.int64)
    order[visits] = np.roll(visits, -1)
    return order


def _require_lines(n_lines: int) -> None:
    if n_lines < 2:
        raise ValueError(f"n_lines={n_lines!r}: expected at least 2, else there is no chase")


@kernel
def _shuffle(items: NDArray[Any], seed: Any, gap: int) -> None:
    """Shuffle in place: a uniform permutation (gap 0, Fisher-Yates) or cycle (gap 1, Sattolo)."""
    first = splitmix(seed)
    for i in range(items.size - 1, 0, -1):
        j = np.intp(high_product(splitmix(first + np.uint64(i)), np.uint64(i + 1 - gap)))
        items[i], items[j] = items[j], items[i]


@kernel
def _fill_windows(visits: Words, windows: Words, window_lines: int, seed: Any) -> None:
    at = 0
    for window in windows:
        first = window * window_lines
        n = min(window_lines, visits.size - first)
        for i in range(n):
            visits[at + i] = first + i
        _shuffle(visits[at : at + n], splitmix(seed) + np.uint64(window), 0)
        at += n


def position(order: Words, start: int, n_steps: int) -> int:
    """Return the line that a chase from line *start* reaches after *n_steps* steps."""
    return int(_position(order, start, n_steps % order.size))


@kernel
def _position(order: Words, line: int, n_steps: int) -> int:
    for _ in range(n_steps):
        line = order[line]
    return line


def link(buffer: Any, order: Words, line_bytes: int = 64, offset_bytes: int = 0) -> None:
    """Write into each line of *buffer* the address of the line after it.

    Args:
        buffer: C-contiguous array of at least ``order.size * line_bytes`` bytes.
        order: which line comes after which, from :func:`chase_order`.
        line_bytes: distance of two lines.
        offset_bytes: where in its line the address stands; at 60 it crosses into the next line.

    Raises:
        ValueError: if the addresses do not fit into the buffer.
    """
    last_byte = offset_bytes + (order.size - 1) * line_bytes + 8
    if line_bytes < 8 or offset_bytes < 0 or last_byte > buffer.nbytes:
        raise ValueError(
            f"chase.link: {order.size} lines at line_bytes={line_bytes!r}, offset_bytes="
            f"{offset_bytes!r} do not fit into the buffer of {buffer.nbytes} B"
        )
    _link(buffer, order, line_bytes, offset_bytes)


@kernel
def _link(buffer: Any, order: Words, line_bytes: int, offset_bytes: int) -> None:
    start = output_address(buffer) + offset_bytes
    for i in range(order.size):
        store_word(start + i * line_bytes, start + order[i] * line_bytes)


@intrinsic
def _take(typingctx, state, n_chains):  # type: ignore[no-untyped-def]
    """``_take(address, n)``: the current addresses of *n* chains, one register each."""
    n = literal(n_chains, "n_chains")
    kind = types.UniTuple(types.int64, n)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        words = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        at = [builder.gep(words, [ir.Constant(ir.IntType(64), 2 * i)]) for i in range(n)]
        return context.make_tuple(builder, kind, [builder.load(word, align=8) for word in at])

    return kind(types.intp, n_chains), generate


@intrinsic
def _advance(typingctx, chains, n_steps):  # type: ignore[no-untyped-def]
    """``_advance(chains, n)``: each chain *n* loads further, the chains side by side."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> ir.Value:
        word = ir.IntType(64).as_pointer()
        at = [builder.extract_value(args[0], i) for i in range(chains.count)]
        for _ in range(literal(n_steps, "n_steps")):
            at = [builder.load(builder.inttoptr(address, word), align=1) for address in at]
            # The step of one chain must not wait in line behind several steps of another.
            hold(builder)
        return context.make_tuple(builder, chains, at)

    return chains(chains, n_steps), generate


def make_follow(n_chains: int, name: str) -> Callable[[Words, int], None]:
    """Compile ``follow(state, n_steps)``: *n_chains* chases side by side, *n_steps* steps each.

    ``state`` is an int64 array of shape (n_chains, 2): per chain the address where it stands and
    the steps done so far. The kernel goes on from there and writes both back. One step is one
    load, whose address is the value of the load before it (4 cycles in L1 on most cores); loads
    of different chains do not wait for one another.
    """

    @kernel(name=name)
    def follow(state: Words, n_steps: int) -> None:
        if state.itemsize != 8 or state.size != 2 * n_chains:
            raise ValueError("chase.follow: expected a state of two int64 per chain")
        chains = _take(output_address(state), n_chains)
        for _ in range(n_steps // STEPS_PER_TURN):
            chains = _advance(chains, STEPS_PER_TURN)
        for _ in range(n_steps % STEPS_PER_TURN):
            chains = _advance(chains, 1)
        words = state.reshape(-1)
        for i in range(n_chains):
            words[2 * i] = chains[i]
            words[2 * i + 1] += n_steps

    return follow


# From 16 chains on some addresses do not fit into the 16 registers of x86-64 and live in the
# stack, 5 cycles beside a load from memory of several hundred.
follow_many = {n: make_follow(n, f"follow_{n}") for n in CHAINS}
follow = follow_many[1]
