"""Runs as one JSON object. This module writes it; docs/reference/export.schema.json defines it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hwperf.asv.recorded import Run
from hwperf.report.export import content

__all__ = ["SCHEMA", "text"]

SCHEMA = "hwperf.export/1"
"""Name and version of the object. A key may be added; changing or removing one raises it."""


def text(runs: Sequence[Run]) -> str:
    """Return the object, in ASCII, with a line end."""
    found = {"schema": SCHEMA, "runs": [content.run(run) for run in runs]}
    return json.dumps(found, indent=1, allow_nan=False) + "\n"
