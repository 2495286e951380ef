"""How two cores lie to one another: a line that they hand to and fro, and units they share."""

from __future__ import annotations

from typing import Any

from hwperf.kernels.atomic import atomic_load, atomic_store, compare_exchange, now_ns
from hwperf.kernels.clock import add_abreast
from hwperf.kernels.gate import arrive
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import opaque, output_address

# Nanoseconds of a batch beyond which the two threads cannot both be at work: a round trip of far
# cores takes half a microsecond, threads that wait for each other on one CPU some milliseconds.
_MOST_NS = 200_000_000
# What a word is set to when one side gives up, beyond every number that the other waits for.
_GIVEN_UP = 2**62
LINE_WORDS = 16  # int64 words: 128 B, two lines, as some cores fetch lines in pairs.


@kernel
def rally(gate: Any, balls: Any, side: int, n_rounds: int, times: Any) -> int:
    """Hand the line to and fro; both sides call it at once, one with *side* 0, the other with 1.

    A side waits, by plain loads, until the word has become the number that it waits for (it only
    grows), and then
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
    first = output_address(balls)
    if not arrive(gate, 2):
        _give_up(first, times.size)  # Who comes after all must not wait for ever.
        return -1
    n_swaps = 0
    for batch in range(times.size):
        address = opaque(first + batch * LINE_WORDS * 8)
        wanted = side
        begin = now_ns()
        for _ in range(n_rounds):
            # A load, a comparison and a jump, and nothing else: with four more instructions it
            # polls less, and a line comes in 26 ns that takes 38 otherwise (Zen 4).
            while atomic_load(address) < wanted:
                pass
            if compare_exchange(address, wanted, wanted + 1):
                n_swaps += 1
            wanted += 2
        elapsed = now_ns() - begin
        if side == 0:
            times[batch] = elapsed
        if elapsed > _MOST_NS:
            _give_up(first, times.size)
            return -1
    return n_swaps


@kernel
def _give_up(first: int, n_words: int) -> None:
    """Set all words beyond what the other side waits for; its swaps then fail."""
    for i in range(n_words):
        atomic_store(first + i * LINE_WORDS * 8, _GIVEN_UP)


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
