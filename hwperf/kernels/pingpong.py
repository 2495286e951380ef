"""How two cores lie to one another: a line that they hand to and fro, and units they share."""

from __future__ import annotations

from typing import Any

from hwperf.kernels.atomic import atomic_load, compare_exchange, give_way, now_ns
from hwperf.kernels.clock import add_abreast
from hwperf.kernels.gate import WAIT_NS, arrive
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import output_address

# Loads between two looks at the clock: some 50 µs, a hundred times what a far core takes.
_LOADS = 2**17
LINE_WORDS = 16  # int64 words: 128 B, two lines, as some cores fetch lines in pairs.


@kernel
def rally(gate: Any, balls: Any, side: int, n_rounds: int, times: Any) -> int:
    """Hand the line to and fro; both sides call it at once, one with *side* 0, the other with 1.

    A side waits, by plain loads, until the word has become the number that it waits for, and then
    replaces it by the next one with a compare-and-swap. So the line moves twice per round trip and
    is fetched once each time by a load and once owned by the swap, as a lock is.

    Each batch plays with another line: which part of a last-level cache keeps track of a line
    depends on its address, and some parts are nearer (33 or 41 ns on one Zen 4).

    Args:
        gate: int64 array for :func:`hwperf.kernels.gate.arrive`.
        balls: int64 array, zeros, whose words LINE_WORDS apart are the lines.
        side: 0 begins.
        n_rounds: round trips of one batch.
        times: int64 array, one element per batch and line: side 0 writes the nanoseconds.

    Returns:
        The number of swaps that this side made, or -1 where the other side did not come, or was
        away for seconds.
    """
    if balls.size < times.size * LINE_WORDS:
        raise ValueError("pingpong.rally: expected a line for each batch")
    if not arrive(gate, 2):
        return -1
    n_swaps = 0
    for batch in range(times.size):
        address = output_address(balls) + batch * LINE_WORDS * 8
        wanted = side
        begin = now_ns()
        for _ in range(n_rounds):
            n_loads = 0
            began = 0
            while atomic_load(address) != wanted:
                n_loads += 1
                if n_loads % _LOADS == 0:
                    # So long takes no core: the other thread has lost its CPU, or waits for ours.
                    give_way()
                    if began == 0:
                        began = now_ns()
                    elif now_ns() - began > WAIT_NS:
                        return -1
            if compare_exchange(address, wanted, wanted + 1):
                n_swaps += 1
            wanted += 2
        if side == 0:
            times[batch] = now_ns() - begin
    return n_swaps


@kernel
def fill_core(gate: Any, n_threads: int, n: int, n_rounds: int) -> int:
    """Return the nanoseconds of *n* additions abreast, begun when all threads have come.

    Two threads that call it at once take as long as one alone on two cores, and twice as long on
    the two hardware threads of one core. Of several rounds the shortest counts: a thread that was
    just woken is slow at first, and whoever disturbs can only make a round longer. -1 where the
    others did not come.
    """
    least = -1
    for _ in range(n_rounds):
        if not arrive(gate, n_threads):
            return -1
        begin = now_ns()
        made = add_abreast(n)
        elapsed = now_ns() - begin
        if made == 4 * n and (least < 0 or elapsed < least):
            least = elapsed
    return least
