"""What a workload derives from its samples. This module turns it into what JSON can hold."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from hwperf.errors import HwperfError
from hwperf.measure.stage import Stage, StageError, raised
from hwperf.work import Figure, Seen

__all__ = ["figures"]

_MOST = int(sys.float_info.max)  # Beyond it a reader of the JSON has no number for it.
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def figures(stage: Stage, seen: Seen) -> dict[str, Figure]:
    """Return what the workload of *stage* derives from what was *seen*.

    Numbers of numpy become Python's, arrays lists, and what is not finite None: "not measured".

    Raises:
        StageError: if it raises, or gives what is no Figure by name.
    """
    derive = stage.work.derive
    if derive is None:
        return {}
    try:
        found = derive(seen)
    except HwperfError:
        raise
    except (Exception, SystemExit) as error:
        raise StageError(raised("derive", error)) from error
    if not isinstance(found, Mapping):
        raise StageError(
            f"derive gives {found!r}; return figures by name, e.g. {{'efficiency': Figure(0.98)}}"
        )
    return {name: _figure(name, value) for name, value in found.items()}


def _figure(name: Any, value: Any) -> Figure:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise StageError(f"derive gives {name!r}; a name is words in lower case, e.g. 'efficiency'")
    if not isinstance(value, Figure):
        raise StageError(f"derive gives {value!r} for {name!r}; write Figure(value, unit)")
    if not isinstance(value.unit, str):
        raise StageError(f"derive gives {name!r} the unit {value.unit!r}; expected text")
    try:
        return Figure(_plain(value.value), " ".join(value.unit.split()))
    except (TypeError, RecursionError):
        raise StageError(
            f"derive gives {value.value!r} for {name!r}; expected a number, text, or a list of them"
        ) from None


def _plain(value: Any) -> Any:
    """Return *value* as JSON has it.

    Raises:
        TypeError: if JSON has nothing like it.
    """
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _MOST else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    raise TypeError
