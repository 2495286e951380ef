"""Machine or code: what caused a change of a series, by the canaries that were measured beside it.

``attribute`` judges changes that are known already, ``detect`` finds and judges them, and
``canaries_beside`` picks the canaries of a series out of all series. Nothing is ever rescaled: a
verdict stands beside the values as they were measured. See docs/history/verdict.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwperf.history.attribution.beside import Beside, canaries_beside, is_canary
    from hwperf.history.attribution.cause import Attribution, Cause, Moved
    from hwperf.history.attribution.judgement import attribute
    from hwperf.history.attribution.residual import detect

__all__ = [
    "Attribution",
    "Beside",
    "Cause",
    "Moved",
    "attribute",
    "canaries_beside",
    "detect",
    "is_canary",
]

_HOMES = {
    **dict.fromkeys(("Beside", "canaries_beside", "is_canary"), "beside"),
    **dict.fromkeys(("Attribution", "Cause", "Moved"), "cause"),
    "attribute": "judgement",
    "detect": "residual",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
