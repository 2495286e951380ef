"""Numbers to take away. This module writes what a chart or a table shows as CSV (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from hwperf.report.pages.parts import Chart, Table

__all__ = ["of_chart", "of_table"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that spreadsheets take for a formula (OWASP, CSV injection)."""


def of_chart(chart: Chart) -> str:
    """Return the rows of a chart, numbers as they are drawn, unrounded."""
    keys = list(chart.columns)
    return _written(
        [chart.columns[key] for key in keys],
        ([row.get(key) for key in keys] for row in chart.rows),
    )


def of_table(table: Table) -> str:
    """Return the rows of a table."""
    return _written(table.headings, table.rows)


def _written(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(headings)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return stream.getvalue()


def _harmless(cell: Any) -> Any:
    if isinstance(cell, str) and cell.startswith(_FORMULA):
        return f"'{cell}"
    return "" if cell is None else cell
