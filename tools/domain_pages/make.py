#!/usr/bin/env python3
"""What the pages of the domains say of a workload, for its report. This module takes it from there.

    python tools/domain_pages/make.py            write hwperf/report/data/methods.json anew

Installed, hwperf has no documentation beside it, and a number is not to be read without what
threatens it. Kept are what is counted and the threats to validity, as plain text.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = ROOT / "hwperf" / "report" / "data" / "methods.json"

_WORKLOAD = re.compile(r"^## ([a-z_0-9]+\.[a-z_0-9]+)\s*$", re.MULTILINE)
_PART = re.compile(r"^\*\*([A-Z][^*]*?)\.?\*\*\s*", re.MULTILINE)
_PARTS = {"Counted": "counted", "Threats": "threats", "Threats to validity": "threats",
          "Traps": "threats"}  # fmt: skip


def main() -> None:
    """Write the file."""
    TARGET.write_text(text(ROOT / "docs" / "domains"), encoding="utf-8")


def text(pages: Path) -> str:
    """Return the content of the file, from the directory of the pages."""
    found: dict[str, dict[str, str]] = {}
    for page in sorted(pages.glob("*.md")):
        found |= workloads(page.read_text(encoding="utf-8"))
    return json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def workloads(page: str) -> dict[str, dict[str, str]]:
    """Return what a page says of each workload: ``counted`` and ``threats``."""
    pieces = _WORKLOAD.split(page)[1:]
    return {id: _parts(section) for id, section in zip(pieces[::2], pieces[1::2], strict=True)}


def _parts(section: str) -> dict[str, str]:
    pieces = _PART.split(section.split("\n## ")[0])[1:]
    told: dict[str, list[str]] = {}
    for title, body in zip(pieces[::2], pieces[1::2], strict=True):
        name = _PARTS.get(title.partition(",")[0])
        if name:
            told.setdefault(name, []).append(plain(body))
    return {name: "\n".join(texts) for name, texts in told.items()}


def plain(markdown: str) -> str:
    """Return Markdown as plain text: paragraphs and items on a line each, without its marks."""
    paragraphs = re.split(r"\n\s*\n", markdown)
    # Lists of definitions are those of parameters, which a report shows itself.
    markdown = "\n\n".join(each for each in paragraphs if "\n: " not in each)
    markdown = re.sub(r"^\|[-|: ]+\|$", "", markdown, flags=re.MULTILINE)
    markdown = re.sub(r"\{[a-z]+\}`(?:[^`<]*<)?([^`>]*)>?`", _page, markdown)
    markdown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    markdown = re.sub(r"[`*]", "", markdown)
    lines: list[str] = []
    is_new = True
    for line in markdown.splitlines():
        is_item = line.startswith(("- ", "|"))
        if not line.strip():
            is_new = True
        elif is_new or is_item:
            lines.append(line.strip())
            is_new = False
        else:
            lines[-1] += f" {line.strip()}"
    return "\n".join(lines)


def _page(found: re.Match[str]) -> str:
    return f"the page {found[1].rpartition('/')[2]!r} of the documentation"


if __name__ == "__main__":
    main()
