"""The feed of a published site. This module writes asv's regressions.xml anew, as asv would.

A feed reader knows an entry by its id, which asv makes of the benchmark and its commits: an entry
that was there before keeps it.
"""

from __future__ import annotations

import datetime
import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Entry", "rewrite"]

_NAMESPACE = "{http://www.w3.org/2005/Atom}"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One regression in the feed.

    Attributes:
        title: one line.
        content: plain text.
        link: to the graph, relative to the site.
        context: what the id is made of: entry name, and the two commits, "" for a single one.
        committed_at: of the commit, seconds since 1970.
        updated_at: when it was measured, seconds since 1970.
    """

    title: str
    content: str
    link: str
    context: tuple[str, str, str]
    committed_at: float
    updated_at: float


def rewrite(path: Path, entries: Sequence[Entry]) -> None:
    """Put *entries* in place of those in the feed *path*; a feed that asv did not write is left.

    Args:
        path: regressions.xml.
        entries: in any order; the newest will come first.
    """
    from asv import feed

    try:
        root = ET.parse(path).getroot()
    except (OSError, ET.ParseError):
        return
    title = root.findtext(f"{_NAMESPACE}title") or ""
    author = root.findtext(f"{_NAMESPACE}author/{_NAMESPACE}name") or ""
    name = re.match(r"tag:(.*),\d{4}-\d\d-\d\d:/", root.findtext(f"{_NAMESPACE}id") or "")
    if name is None:
        return
    ordered = sorted(entries, key=lambda each: (-each.updated_at, each.title))
    feed.write_atom(
        str(path),
        [
            feed.FeedEntry(
                _text(each.title), _date(each.updated_at), _text(each.link),
                _text(html.escape(each.content)), list(each.context), _date(each.committed_at),
            )
            for each in ordered
        ],
        title=title,
        author=author,
        address=name[1],
        updated=None if ordered else _date(0.0),
    )  # fmt: skip


def _date(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
