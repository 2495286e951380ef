"""The decorator that compiles a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

import numba

P = ParamSpec("P")
R = TypeVar("R")

OPTIONS = {"nogil": True, "error_model": "numpy"}


@overload
def kernel(function: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def kernel(*, name: str) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def kernel(function: Callable[..., Any] | None = None, /, *, name: str | None = None) -> Any:
    if function is None:
        return lambda inner: _compiled(inner, name)
    return _compiled(function, name)


def _compiled(function: Callable[..., Any], name: str | None) -> Any:
    if name is not None:
        function.__name__ = function.__qualname__ = name
    return numba.njit(**OPTIONS)(function)
