"""How exact a figure of a storage device can be. This module holds what is asked for."""

from __future__ import annotations

__all__ = ["PRECISION"]

PRECISION = 0.05
"""Relative half-width of the 99 % interval of the median at which samples suffice. A device's own
rate moves by 7 to 17 % from second to second (docs/measured.md): 1 % is never reached, and waiting
for it would only cost time and, of writes, wear."""
