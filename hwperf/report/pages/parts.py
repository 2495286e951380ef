"""What a page is made of. This module has the sections, charts and tables, as plain data.

Names of machines, workloads and parameters come from files that anybody may have written: they are
values here, never markup and never the name of a field. ``document`` escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "Block",
    "Chart",
    "Code",
    "Markup",
    "Row",
    "Section",
    "Table",
    "Words",
    "plain",
    "shortened",
]

Row = Mapping[str, Any]
"""One line of a chart's data; its keys are those of ``marks``."""

MOST_CHARACTERS = 90
"""A name is cut to this length: it may have ten thousand."""


@dataclass(frozen=True)
class Chart:
    """One chart with the numbers that it shows.

    Attributes:
        id: name of it within the page: letters, digits and hyphens.
        title: what it shows.
        spec: Vega-Lite, the same for every run: all that differs is in the rows.
        rows: the data, numbers in the units of the axes.
        columns: heading of each key of a row that the CSV has.
        caption: what to look for.
        alt: the chart in words, for those who do not see it.
        compares: how an earlier run is shown: over this one, or beside it.
        is_small: whether two of it fit beside each other on a narrow page.
    """

    id: str
    title: str
    spec: Mapping[str, Any]
    rows: Sequence[Row]
    columns: Mapping[str, str]
    caption: str = ""
    alt: str = ""
    compares: Literal["over", "beside"] = "over"
    is_small: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        headings: of the columns.
        rows: cells, as many as there are headings.
        numeric: indices of the columns that are aligned right.
        csv: name of the file that it can be saved as, empty where it cannot.
        title: heading above it, empty for none.
        is_folded: whether it is shown when asked for.
    """

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    numeric: tuple[int, ...] = ()
    csv: str = ""
    title: str = ""
    is_folded: bool = False


@dataclass(frozen=True)
class Words:
    """A paragraph.

    Attributes:
        text: plain text.
        kind: ``lead`` for the first sentence of a section, ``missing`` for what was not measured.
    """

    text: str
    kind: Literal["plain", "lead", "missing"] = "plain"


@dataclass(frozen=True)
class Code:
    """What is folded away until asked for: words, then source text.

    Attributes:
        title: the line that is shown.
        words: label and text, one after the other.
        source: source text, empty for none.
        command: what to type to measure it again, empty for nothing.
    """

    title: str
    words: Sequence[tuple[str, str]] = ()
    source: str = ""
    command: str = ""


@dataclass(frozen=True)
class Markup:
    """What another report has drawn and escaped itself.

    Attributes:
        html: the markup, as it goes into the page.
    """

    html: str


Block = Chart | Table | Words | Code | Markup


@dataclass(frozen=True)
class Section:
    """One part of a page.

    Attributes:
        id: name of it within the page.
        title: its heading.
        blocks: what is in it.
    """

    id: str
    title: str
    blocks: tuple[Block, ...]


def plain(text: str) -> str:
    """Return *text* with a mark in place of what cannot be seen, but turns or hides the rest.

    Such are controls, half surrogates and overrides of the direction of writing; ends of lines
    stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def shortened(text: object, most: int = MOST_CHARACTERS) -> str:
    """Return *text* on one line, its middle left out where it is long."""
    line = " ".join(plain(str(text)).split())
    if len(line) <= most:
        return line
    return f"{line[: most // 2]} … {line[-(most // 3) :]}"
