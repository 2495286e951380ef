"""What a finding is called. This module gives it a name that outlives new data.

As points arrive, the place of a step moves by some commits and its size by some tenths of a per
cent, so neither is in the name. A change is the n-th that a benchmark shows in its direction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from hwperf.history.series import Series

__all__ = ["id_of"]


def id_of(group: Sequence[Series], kind: str, number: int) -> str:
    """Return the id of a finding, e.g. ``hp-3f9a1c2b7d04``.

    Args:
        group: the series of the benchmark.
        kind: "worse", "better" or "failing".
        number: how many changes of this kind the benchmark shows before it.
    """
    key = group[0].key
    alone = [list(pair) for pair in key.params] if len(group) == 1 else []
    told = [key.benchmark, alone, key.version, key.machine, key.environment, kind, number]
    text = json.dumps(told, ensure_ascii=True, separators=(",", ":"))
    return f"hp-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
