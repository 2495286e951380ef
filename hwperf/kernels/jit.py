"""The decorator that compiles a kernel, and keeps what it compiled.

For kernels of plugins too::

    from hwperf.kernels.jit import kernel

    @kernel
    def total(data): ...

What it does differently from ``numba.njit(cache=True)``: see :mod:`hwperf.kernels.cache`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

import numba

from hwperf.kernels.cache import KernelCache

P = ParamSpec("P")
R = TypeVar("R")

# The lock is released, so that kernels run side by side in threads; a division by zero is inf, not
# a branch in the loop. No fastmath: a kernel must compute what is written.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


@overload
def kernel(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def kernel(
    *, name: str | None = None, **options: Any
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def kernel(
    function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any
) -> Any:
    """Compile *function* when it is first called, or load what an earlier process compiled.

    Args:
        function: a function that numba compiles in nopython mode.
        name: another name for it. A factory must give each of its kernels one of its own: numba
            tells compiled functions apart by their names.
        options: further options of ``numba.njit``, beside and above :data:`OPTIONS`.

    Raises:
        TypeError: if a function with values of an enclosing scope has no name of its own, or has
            default arguments.
    """
    if function is None:
        return lambda inner: _compiled(inner, name, options)
    return _compiled(function, name, options)


def _compiled(function: Callable[..., Any], name: str | None, options: dict[str, Any]) -> Any:
    if name is not None:
        function.__name__ = function.__qualname__ = name
    elif function.__closure__:
        raise TypeError(
            f"{function.__module__}.{function.__qualname__}: a kernel that a factory makes needs "
            "a name of its own; use @kernel(name=...)"
        )
    if function.__defaults__ or function.__kwdefaults__:
        # Numba 0.68 may look a default up anew in each call: 0.1 to 0.2 ms, measured.
        raise TypeError(
            f"{function.__module__}.{function.__qualname__}: a kernel with default arguments is "
            "slow to call; give the defaults to a function around it"
        )
    dispatcher = numba.njit(**{**OPTIONS, **options})(function)
    if isinstance(dispatcher, numba.core.dispatcher.Dispatcher):
        dispatcher._cache = KernelCache(function, dispatcher.targetoptions)
    return dispatcher
