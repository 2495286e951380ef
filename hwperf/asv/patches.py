"""How asv is changed. This module replaces a function of asv once, keeping the original.

asv offers no hook for most of what the plugin does; what is replaced is internal to asv, so its
version is held to one minor series and a test holds the shape of every replaced function.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["SERIES", "replaced", "unsupported_version", "wrap"]

SERIES = {"asv": ("0.6", 6), "asv_runner": ("0.3", 2)}
"""Series of each package whose internals are known, and the first release of it that is."""

replaced: dict[str, tuple[str, ...]] = {}
"""Names of the replaced functions, with the parameters that they had."""


def wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Replace ``owner.name`` by a function that calls ``around(original, *args, **kwargs)``.

    For class and static methods *original* is bound as asv would call it. A second call does
    nothing: a process may load the plugin twice.
    """
    held = inspect.getattr_static(owner, name)
    inner = held.__func__ if isinstance(held, (classmethod, staticmethod)) else held
    if hasattr(inner, "_hwperf_original"):
        return

    if isinstance(held, classmethod):

        @functools.wraps(inner)
        def method(cls: Any, *args: Any, **kwargs: Any) -> Any:
            return around(functools.partial(inner, cls), *args, **kwargs)

        method._hwperf_original = inner  # type: ignore[attr-defined]
        setattr(owner, name, classmethod(method))
    else:

        @functools.wraps(inner)
        def function(*args: Any, **kwargs: Any) -> Any:
            return around(inner, *args, **kwargs)

        function._hwperf_original = inner  # type: ignore[attr-defined]
        setattr(owner, name, staticmethod(function) if isinstance(held, staticmethod) else function)
    label = f"{getattr(owner, '__module__', '')}.{owner.__name__}.{name}".lstrip(".")
    replaced[label] = tuple(inspect.signature(inner).parameters)


def unsupported_version(
    version_of: Callable[[str], str] = importlib.metadata.version,
) -> str | None:
    """Return None, or the sentence that says which installed package the plugin does not know."""
    for package, (series, first) in SERIES.items():
        version = version_of(package)
        major, minor, patch = (*version.split("."), "0", "0")[:3]
        digits = "".join(c for c in patch if c.isdigit()) or "0"
        if f"{major}.{minor}" != series or int(digits) < first:
            return (
                f"{package} {version} is installed; this hwperf knows {series}.{first} and later"
                f" releases of {series}. Run: pip install '{package}>={series}.{first},<"
                f"{series.split('.')[0]}.{int(series.split('.')[1]) + 1}'"
            )
    return None
