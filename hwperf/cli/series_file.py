"""A series in a CSV file. This module reads it, and names every line that it cannot read."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from hwperf.errors import UsageError

__all__ = ["Rows", "read"]

_COLUMNS = ("value", "time", "low", "high")
_MISSING = {"", "nan", "none", "null", "na", "n/a", "inf", "+inf", "-inf", "infinity", "-infinity"}
_MOST_NAMED = 3  # Faults that are told one by one.


@dataclass(frozen=True)
class Rows:
    """A series as it was read.

    Attributes:
        name: of the file, for messages.
        values: NaN where one is missing.
        times: seconds since 1970, or whatever numbers stood there; None without the column.
        low: lower bounds, None without the column.
        high: upper bounds.
    """

    name: str
    values: Sequence[float]
    times: Sequence[float] | None
    low: Sequence[float] | None
    high: Sequence[float] | None

    @property
    def usable(self) -> int:
        """Count of the values that are there."""
        return sum(math.isfinite(value) for value in self.values)

    @property
    def is_unsorted(self) -> bool:
        """Whether a time is earlier than the one before it."""
        return self.times is not None and any(b < a for a, b in pairwise(self.times))


def read(path: str) -> Rows:
    """Return the series in the file *path*, that of standard input for ``-``.

    Raises:
        UsageError: if it cannot be read as one; the sentence names the lines.
    """
    name = "standard input" if path == "-" else path
    lines = _records(_text(path, name), name)
    header, body = _split(lines, name)
    wanted = {column: header.index(column) for column in _COLUMNS if column in header}
    if lines and "value" not in wanted:
        raise UsageError(
            f"{name}: no column 'value' among {', '.join(map(repr, header))[:200]}. Name the "
            "columns in the first line: value, and time, low, high where there are any."
        )
    faults: list[str] = []
    cells = {
        column: [
            _cell(column, row[at] if at < len(row) else "", number, faults) for number, row in body
        ]
        for column, at in wanted.items()
    }
    faults += [
        f"line {number} has {len(row)} cells for {len(header)} columns"
        for number, row in body
        if len(row) > len(header)
    ]
    if faults:
        more = f", and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
        raise UsageError(
            f"{name}: {'; '.join(faults[:_MOST_NAMED])}{more}. Write a number in each cell, "
            "nothing where one is missing; a time may be ISO 8601."
        )
    return Rows(
        name, cells.get("value", []), cells.get("time"), cells.get("low"), cells.get("high")
    )


def _text(path: str, name: str) -> str:
    raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{name}: byte {error.start} is no UTF-8. Save the series as UTF-8 text."
        ) from error


def _records(text: str, name: str) -> list[tuple[int, list[str]]]:
    """Return each line that is not empty with its number."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found = []
    try:
        for row in reader:
            if row:
                found.append((reader.line_num, [cell.strip() for cell in row]))
    except csv.Error as error:
        raise UsageError(
            f"{name}: line {reader.line_num} is no CSV ({error}). Separate cells by commas."
        ) from error
    return found


def _split(
    lines: list[tuple[int, list[str]]], name: str
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the names of the columns and the lines below them."""
    if not lines:
        return ["value"], []
    first = lines[0][1]
    header = [cell.lower() for cell in first]
    if len(first) == 1 and header != ["value"]:
        return ["value"], lines if _is_number(first[0]) else lines[1:]
    if any(header.count(column) > 1 for column in _COLUMNS):
        raise UsageError(f"{name}: a column is there twice in the first line. Keep one.")
    if all(_is_number(cell) for cell in first):
        raise UsageError(
            f"{name}: {len(first)} columns without names. Name them in the first line: value, and "
            "time, low, high where there are any."
        )
    return header, lines[1:]


def _is_number(cell: str) -> bool:
    return cell.lower() in _MISSING or not math.isnan(_number(cell, float))


def _number(cell: str, convert: Callable[[str], float]) -> float:
    try:
        return convert(cell)
    except (ValueError, OverflowError):
        return math.nan


def _cell(column: str, cell: str, number: int, faults: list[str]) -> float:
    missing = cell.lower() in _MISSING
    if missing and column != "time":
        return math.nan
    found = _number(cell, float)
    if column == "time" and math.isnan(found):
        found = _number(cell, _timestamp)
    if math.isnan(found):
        what = "has no time" if missing else f"has {column} {cell[:40]!r}"
        faults.append(f"line {number} {what}")
    return found


def _timestamp(cell: str) -> float:
    """Return seconds since 1970; a time without a zone is taken as UTC."""
    when = datetime.fromisoformat(cell)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
