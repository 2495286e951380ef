"""Pages as HTML. This module escapes everything, and makes one offline file of a page.

What files say is text here: it is escaped in markup and in the JSON that a page holds, and reaches
a chart as a value. A style, a script or an address is never made of it.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any
from urllib.parse import quote

from hwperf.report.pages.cards import STYLE
from hwperf.report.pages.contents import Page
from hwperf.report.pages.parts import Block, Chart, Code, Markup, Row, Section, Table, Words, plain
from hwperf.report.pages.spreadsheet import of_chart, of_table

__all__ = [
    "SCRIPTS",
    "asset",
    "body",
    "charts",
    "document",
    "json_in_html",
    "specs",
    "style",
    "whole",
]

SCRIPTS = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")
"""What draws the charts, in site/vendor."""


_SAFE = "/,:;()=*+@!$?'"  # In an address within double quotes.


def asset(name: str) -> str:
    """Return the text of a file in ``site/``."""
    return (resources.files("hwperf.report.pages") / "site" / name).read_text(encoding="utf-8")


def style() -> str:
    """Return the style of a page."""
    return asset("page.css") + STYLE


def document(page: Page) -> str:
    """Return the page as one file that needs nothing else: no server, no network."""
    data = {"specs": specs(page), "charts": charts(page)}
    scripts = "".join(
        f"<script>{asset(name)}</script>\n"
        for name in (*(f"vendor/{each}" for each in SCRIPTS), "page.js")
    )
    return whole(
        title=f"{page.machine}: what this machine can do",
        style=f"<style>{style()}</style>",
        content=f'<div id="report">{body(page)}</div>',
        scripts=f'<script type="application/json" id="hwperf-data">{json_in_html(data)}</script>\n'
        f"{scripts}<script>{asset('file.js')}</script>",
    )


def whole(*, title: str, style: str, content: str, scripts: str) -> str:
    """Return an HTML document; all but the title is markup."""
    return _clean(f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(title[:200])}</title>
{style}
</head>
<body>
{content}
<footer>Made by hwperf. Values are medians with their 99 % interval; rates are decimal (GB = 10⁹ B),
sizes binary (GiB = 2³⁰ B). The charts are drawn by Vega, under the BSD licence.</footer>
{scripts}
</body>
</html>
""")


def body(page: Page, csv_dir: str | None = None) -> str:
    """Return the markup of a page.

    Args:
        page: the page.
        csv_dir: address of the directory with its CSV files; None where the page holds them.
    """
    links = "".join(
        f'<li><a href="#{each.id}">{_text(each.title)}</a></li>' for each in page.sections
    )
    sections = "".join(_section(each, csv_dir) for each in page.sections)
    facts = (page.moment, f"commit {page.commit[:8]}", f"environment {page.environment[:60]}")
    return _clean(
        f'<header><p class="kicker">What this machine can do</p>'
        f"<h1>{_text(_short(page.machine))}</h1>"
        f'<p class="meta">{_text(page.facts)}</p>'
        f'<p class="meta">{_text(" · ".join(facts))}</p>'
        f'<span class="badge {page.trust.level}">{_text(page.trust.words)}</span></header>'
        f'<nav class="sections" aria-label="Sections"><ul>{links}</ul></nav>'
        f"<main>{sections}</main>"
    )


def charts(page: Page) -> dict[str, Any]:
    """Return the data of each chart of a page, by its name."""
    return {
        each.id: {"rows": [_drawn(row) for row in each.rows], "compares": each.compares}
        for each in _charts(page)
    }


def specs(page: Page) -> dict[str, Any]:
    """Return the specification of each chart of a page, by its name: the same for every run."""
    return {each.id: each.spec for each in _charts(page)}


def csv_files(page: Page) -> dict[str, str]:
    """Return the text of each CSV file of a page, by its name."""
    found = {f"{each.id}.csv": of_chart(each) for each in _charts(page)}
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Table) and block.csv:
                found[block.csv] = of_table(block)
    return found


def json_in_html(value: Any) -> str:
    """Return JSON that may stand in a script element: no text in it can end the element."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _drawn(row: Row) -> dict[str, Any]:
    """Return what of a row is drawn: more digits than a screen shows are in the CSV alone."""
    return {
        key: float(f"{value:.6g}") if isinstance(value, float) else value
        for key, value in row.items()
        if value is not None and value != "" and key != "of"
    }


def _charts(page: Page) -> Iterator[Chart]:
    for section in page.sections:
        for block in section.blocks:
            if isinstance(block, Chart):
                yield block


def _section(section: Section, csv_dir: str | None) -> str:
    blocks = "".join(_block(each, csv_dir) for each in section.blocks)
    return (
        f'<section id="{section.id}"><h2>{_text(section.title)}</h2>'
        f'<div class="blocks">{blocks}</div></section>'
    )


def _block(block: Block, csv_dir: str | None) -> str:
    match block:
        case Chart():
            return _chart(block, csv_dir)
        case Table():
            return _table(block, csv_dir)
        case Code():
            return _code(block)
        case Markup():
            return f"<div>{block.html}</div>"
        case Words():
            return f'<p class="{block.kind}">{_text(block.text)}</p>'


def _chart(chart: Chart, csv_dir: str | None) -> str:
    alt = _text(chart.alt or chart.title)
    return (
        f'<figure class="chart{" small" if chart.is_small else ""}" id="figure-{chart.id}">'
        f"<h3>{_text(chart.title)}</h3>"
        f'<div class="plot" data-chart="{chart.id}" role="img" aria-label="{alt}">'
        f'<noscript><p class="caption">{alt}</p></noscript></div>'
        f'<figcaption class="caption">{_text(chart.caption)} '
        f"{_link(f'{chart.id}.csv', lambda: of_chart(chart), csv_dir)}</figcaption></figure>"
    )


def _link(name: str, text: Any, csv_dir: str | None) -> str:
    # The percent-encoded text holds no quote and no angle bracket.
    if csv_dir is None:
        address = f"data:text/csv;charset=utf-8,{quote(_clean(text()), safe=_SAFE)}"
    else:
        address = f"{csv_dir}/{name}"
    return f'<a download="{name}" href="{address}">Data (CSV)</a>'


def _table(table: Table, csv_dir: str | None) -> str:
    head = "".join(f'<th scope="col">{_text(each)}</th>' for each in table.headings)
    rows = "".join(
        f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in table.rows
    )
    link = ""
    if table.csv:
        link = f'<p class="caption">{_link(table.csv, lambda: of_table(table), csv_dir)}</p>'
    drawn = (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{link}"
    )
    title = _text(table.title)
    if table.is_folded:
        return f"<details><summary>{title}</summary>{drawn}</details>"
    return f"<div>{f'<h3>{title}</h3>' if title else ''}{drawn}</div>"


def _code(code: Code) -> str:
    words = "".join(f"<dt>{_text(label)}</dt><dd>{_text(text)}</dd>" for label, text in code.words)
    if code.command:
        words += f"<dt>Again</dt><dd><code>{_text(code.command)}</code></dd>"
    source = f"<pre><code>{_text(code.source)}</code></pre>" if code.source else ""
    return (
        f"<details><summary><code>{_text(code.title)}</code></summary>"
        f"<dl>{words}</dl>{source}</details>"
    )


def _text(text: str) -> str:
    """Return text as it may stand in markup, within quotes too."""
    return html.escape(plain(text))


def _short(text: str, most: int = 120) -> str:
    return text if len(text) <= most else f"{text[:most]} …"


def _clean(text: str) -> str:
    """Return text that can be written as UTF-8: a lone surrogate, legal in JSON, cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")
