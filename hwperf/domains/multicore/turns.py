"""A loop in pure Python whose result is known. This module runs it for whoever asks on stdin.

It is started as a program, too, and imports nothing that takes time.
"""

from __future__ import annotations

import sys

__all__ = ["after", "loop"]

# A linear congruential generator with a prime modulus, 2**16 + 1, that of the Sinclair ZX81. With a
# power of two a compiler makes one multiplication of several turns; with a prime it has to go
# through all of them. All products stay below 2**30, one digit of Python's integers.
FACTOR, INCREMENT, MODULUS = 75, 74, 65537


def loop(state: int, n: int) -> int:
    """Return what *n* turns of the loop make of *state*, one after the other."""
    for _ in range(n):
        state = (state * 75 + 74) % 65537
    return state


def after(state: int, n: int) -> int:
    """Return the same without the loop: f**n s + (f**n - 1) / (f - 1) i, modulo m."""
    power = pow(FACTOR, n, MODULUS * (FACTOR - 1))
    return (power * state + (power - 1) // (FACTOR - 1) * INCREMENT) % MODULUS


def serve() -> None:
    """Answer each line "STATE N" with the state after N turns, until there are no more."""
    for line in sys.stdin:
        state, n = map(int, line.split())
        print(loop(state, n), flush=True)


if __name__ == "__main__":
    serve()
