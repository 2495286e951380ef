"""What the documentation says of a workload. This module reads it from the package's own copy.

``hwperf/report/data/methods.json`` is made of the pages of the domains (tools/domain_pages), and a
test holds that the two agree. A plugin's workloads are not in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

__all__ = ["of"]


def of(id: str) -> Mapping[str, str]:
    """Return what is ``counted`` of a workload, and what ``threats`` to validity there are."""
    return _all().get(id, {})


@cache
def _all() -> Mapping[str, Mapping[str, str]]:
    text = (resources.files("hwperf.report") / "data" / "methods.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = json.loads(text)
    return found
