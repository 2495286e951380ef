"""The table: how each claim of the textbook is judged, by its id."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hwperf.report.claims.rules import Rule
from hwperf.report.claims.table import device, memory, network, processor, storage

__all__ = ["RULES"]

RULES: Mapping[str, Rule] = MappingProxyType(
    {**memory.RULES, **processor.RULES, **storage.RULES, **network.RULES, **device.RULES}
)
"""Every claim's rule."""
