"""The decorator compiles what third parties write too, and refuses kernels without a name."""

from __future__ import annotations

import math

import pytest

from hwperf.kernels.jit import kernel


def test_a_kernel_divides_by_zero_as_the_processor_does():
    @kernel
    def divide(a, b):
        return a / b

    assert divide(1.0, 0.0) == math.inf


def test_a_kernel_keeps_its_docstring_and_its_function():
    @kernel
    def documented():
        """Say what one call does."""

    assert documented.__doc__ == "Say what one call does."
    assert documented.py_func.__name__ == "documented"
    assert documented.targetoptions["nogil"] is True
    assert not documented.targetoptions.get("fastmath")


def test_a_factory_must_name_its_kernels():
    factor = 3

    def inner(x):
        return x * factor

    with pytest.raises(TypeError, match=r"needs a name of its own; use @kernel\(name=\.\.\.\)"):
        kernel(inner)
    assert kernel(name="triple")(inner)(2) == 6
    assert inner.__name__ == "triple"


def test_default_arguments_are_refused():
    def by_position(x, n=1):
        return x * n

    def by_name(x, *, n=1):
        return x * n

    for function in (by_position, by_name):
        with pytest.raises(TypeError, match="give the defaults to a function around it"):
            kernel(function)


def test_options_of_numba_are_handed_on():
    @kernel(name="loose", fastmath=True)
    def loose(x):
        return x + 0.0

    assert loose.targetoptions["fastmath"] is True
