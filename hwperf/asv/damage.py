"""What is wrong with a result file. This module tells a damaged file from one that asv can read."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

__all__ = ["of_result_file", "of_results"]

NEEDED = ("params", "requirements", "commit_hash", "date", "python", "env_name", "results")


def of_result_file(path: Path) -> str | None:
    """Return None, or what is wrong with the result file *path*, as a clause.

    A file of an older or newer version of asv's format is not damaged: asv says what to do.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        return "it is not text"
    except (ValueError, RecursionError) as error:
        return f"it is not JSON: {error}"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if isinstance(data, dict) and data.get("version") not in (2, None):
        return None
    return of_results(data)


def of_results(data: Any) -> str | None:
    """Return None, or what is wrong with the content of a result file (format 2)."""
    if not isinstance(data, dict):
        return "it holds no object"
    if data.get("version") is None:
        return "it names no version"
    missing = [name for name in NEEDED if name not in data]
    if missing:
        return f"it has no {', '.join(missing)}"
    if not isinstance(data["commit_hash"], str):
        return f"its commit_hash is {data['commit_hash']!r}, no text"
    if isinstance(data["date"], bool) or not isinstance(data["date"], (int, float)):
        return f"its date is {data['date']!r}, no number"
    if not isinstance(data["params"], dict) or not isinstance(data["results"], dict):
        return "params or results is no object"
    columns = data.get("result_columns")
    if (
        not isinstance(columns, list)
        or not all(isinstance(name, str) for name in columns)
        or not {"result", "params"} <= set(columns)
    ):
        return "result_columns is no list with result and params"
    for name, row in data["results"].items():
        cause = _of_row(columns, row)
        if cause is not None:
            return f"{name}: {cause}"
    return None


def _of_row(columns: list[Any], row: Any) -> str | None:
    if not isinstance(row, list):
        return "its row is no list"
    cells = dict(zip(columns, row, strict=False))
    axes, values = cells.get("params"), cells.get("result")
    if not isinstance(axes, list) or not all(isinstance(axis, list) for axis in axes):
        return "its params are no lists"
    if values is None:
        return None
    count = math.prod(len(axis) for axis in axes)
    if not isinstance(values, list) or len(values) != count:
        return f"it has not the {count} values of its parameters"
    for value in values:
        if not (value is None or isinstance(value, (int, float))):
            return f"{value!r} is no number"
    for column, cell in cells.items():
        if (column == "samples" or str(column).startswith("stats_")) and not (
            cell is None or (isinstance(cell, list) and len(cell) == count)
        ):
            return f"its {column} have not {count} entries"
    return None
