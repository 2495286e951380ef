"""The loop that stands for pure-Python work is made turn by turn when it is compiled, too."""

from __future__ import annotations

import platform

import pytest

from hwperf.domains.multicore import interpreter, turns

from .assembly import count, loops, native


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
@pytest.mark.parametrize("state", [0, 1, 65536])
def test_where_the_loop_ends_is_known_without_it(state: int, n: int) -> None:
    assert turns.loop(state, n) == turns.after(state, n)
    assert interpreter._compiled()(state, n) == turns.after(state, n)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="reads the code of x86-64")
def test_no_turns_are_put_together() -> None:
    """Each multiplies twice, by the factor and for the modulus, in every loop that LLVM made."""
    code = native(interpreter._compiled(), 1, 1)
    assert turns.FACTOR == 75
    made = [count(loop, r"imulq \$75, .*") for loop in loops(code)]
    assert made == [count(loop, r"imulq %\w+") for loop in loops(code)]
    assert sorted(made)[-1] in (1, 2, 4, 8), "as many as the loop was unrolled"
    assert count(code, r"imulq \$(?!75,).*") == 0, "no power of the factor"
