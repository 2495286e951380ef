"""What data sheets and others' measurements say. This module finds an accelerator's row by name.

The rows are those of ``hwperf/host/data/accelerators.toml`` and, before them, those of the file
that ``HWPERF_ACCELERATORS`` names. A device without a row has no figures: nothing is guessed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from hwperf.errors import UsageError
from hwperf.host.accelerator.row import DTYPES, TYPICAL, Accelerator, Figure, Range
from hwperf.host.accelerator.table import read
from hwperf.units import format_bytes

__all__ = [
    "DTYPES", "TABLE", "TYPICAL", "VARIABLE", "Accelerator", "Figure", "Range", "known", "lookup",
    "rows",
]  # fmt: skip

VARIABLE = "HWPERF_ACCELERATORS"
"""Environment variable: a file of the user's with further rows, or with better ones."""

TABLE = Path(__file__).parents[1] / "data" / "accelerators.toml"

# Part of the nominal memory that a whole device reports. The driver keeps 1 to 2 %; ECC in GDDR
# memory takes a sixteenth (an L4 of 24 GiB reports 22.5). A half of a device reports a half.
_LEAST, _MOST = 0.90, 1.02


def known(
    name: str,
    memory_bytes: int | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
) -> Accelerator | None:
    """Return the row of the accelerator that reports *name*, or None: hwperf knows none.

    Args:
        name: as torch, NVML, ROCm or OpenCL report it.
        memory_bytes: as the device reports it. It tells variants of one name apart, and a part of
            a device (MIG, a partition, a virtual GPU) from the whole.
        environment: where the user's file is named.

    Raises:
        UsageError: for a fault in the user's file; one sentence.
    """
    found = _candidates(name, memory_bytes, environment)
    return found[0] if found else None


def lookup(
    name: str,
    memory_bytes: int | None = None,
    *,
    environment: Mapping[str, str] = os.environ,
) -> tuple[Accelerator | None, str]:
    """Return (the row, "") as `known` does, or (None, why): for limits, which raise nothing."""
    try:
        found = known(name, memory_bytes, environment=environment)
    except UsageError as fault:
        return None, str(fault)
    return (found, "") if found else (None, _unknown(name, memory_bytes, environment))


def rows(environment: Mapping[str, str] = os.environ) -> tuple[Accelerator, ...]:
    """Return every row, the user's first.

    Raises:
        UsageError: for a fault in the user's file.
    """
    return tuple(row for rows_of_file in _files(environment) for row in rows_of_file)


def _files(environment: Mapping[str, str]) -> tuple[tuple[Accelerator, ...], ...]:
    own = environment.get(VARIABLE)
    return (*((_read(Path(own), VARIABLE),) if own else ()), _read(TABLE, "hwperf"))


@lru_cache(maxsize=8)
def _read(path: Path, owner: str) -> tuple[Accelerator, ...]:
    return read(path, owner)


def _candidates(
    name: str, memory_bytes: int | None, environment: Mapping[str, str]
) -> tuple[Accelerator, ...]:
    """Return the rows of the first file that has any for *name* and *memory_bytes*.

    Raises:
        UsageError: where one file has two.
    """
    for found in _files(environment):
        fitting = [row for row in found if _fits(row, name, memory_bytes)]
        if len(fitting) > 1:
            names = " and ".join(repr(row.name) for row in fitting)
            raise UsageError(
                f"{fitting[0].file}: the rows {names} both match {name!r}. "
                "Make their 'match' tell them apart, or give them 'match_with_memory'."
            )
        if fitting:
            return tuple(fitting)
    return ()


def _fits(row: Accelerator, name: str, memory_bytes: int | None) -> bool:
    if memory_bytes is None:
        return row.matches(name)
    return row.matches(name, with_memory=True) and _is_whole(row, memory_bytes)


def _is_whole(row: Accelerator, memory_bytes: int) -> bool:
    nominal = row.memory_bytes
    return nominal is None or _LEAST * nominal <= memory_bytes <= _MOST * nominal


def _unknown(name: str, memory_bytes: int | None, environment: Mapping[str, str]) -> str:
    """Return the sentence for an accelerator without a row."""
    advice = f"{VARIABLE} can name a file with a row for it, see docs/reference/accelerators.md."
    if not name.strip():
        return "the accelerator has no name to look its figures up by."
    named = [row for row in rows(environment) if row.matches(name, with_memory=True)]
    if not named:
        return f"hwperf knows no accelerator {name!r}: {advice}"
    sizes = " or ".join(format_bytes(row.memory_bytes) for row in named if row.memory_bytes)
    if memory_bytes is None:
        return f"hwperf knows {name!r} only together with its memory ({sizes}), which is not told."
    return (
        f"hwperf knows {name!r} with {sizes} of memory, not with {format_bytes(memory_bytes)}: "
        f"a part of a device, or another variant. {advice}"
    )
