"""The card as HTML. This module writes one page that needs nothing else, or a part of a page."""

from __future__ import annotations

from html import escape

from hwperf.report.card.block import block, machine_line
from hwperf.report.card.content import Card, Source, card_of
from hwperf.report.card.text import by_reason
from hwperf.report.card.words import NOISY, against, here, plain, ratio, textbook
from hwperf.report.claims import NOT_MEASURABLE, Judged

__all__ = ["STYLE", "fragment", "html"]

STYLE = """
.hwperf-card { font: 15px/1.45 system-ui, sans-serif; color: CanvasText; }
.hwperf-card pre { overflow-x: auto; padding: .8em 1em; border: 1px solid #8886;
  border-radius: 6px; }
.hwperf-card .wide { overflow-x: auto; }
.hwperf-card table { border-collapse: collapse; width: 100%; }
.hwperf-card th, .hwperf-card td { text-align: left; vertical-align: top; padding: .3em .6em;
  border-bottom: 1px solid #8884; }
.hwperf-card caption { text-align: left; padding: .3em .6em; }
.hwperf-card tbody th, .hwperf-card td:last-child { min-width: 12em; }
.hwperf-card .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.hwperf-card code { font-size: .95em; overflow-wrap: anywhere; }
.hwperf-card .says { font-weight: 400; opacity: .8; font-size: .9em; overflow-wrap: anywhere; }
.hwperf-card .verdict { font-weight: 600; white-space: nowrap; }
.hwperf-card .better { color: light-dark(#0b6b2f, #6fdc95); }
.hwperf-card .worse { color: light-dark(#8a4b00, #f2b35c); }
.hwperf-card .broken { color: light-dark(#b00020, #ff8a80); }
"""
"""Of the part; colours follow the page's scheme."""


def html(source: Source) -> str:
    """Return a whole page: no script, nothing linked, light or dark as the reader has it."""
    card = card_of(source)
    title = escape(f"hwperf: {machine_line(card)}")
    return (
        "<!doctype html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n"
        "<style>\n:root { color-scheme: light dark; }\n"
        "body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; background: Canvas; }\n"
        f"{STYLE}</style>\n</head>\n<body>\n<h1>Textbook and machine</h1>\n"
        f"{fragment(card)}</body>\n</html>\n"
    )


def fragment(source: Source) -> str:
    """Return the card as a part of a page that holds :data:`STYLE`."""
    card = card_of(source)
    parts = [
        '<div class="hwperf-card">',
        f'<pre tabindex="0">{escape(chr(10).join(block(card)))}</pre>',
        *_table(card),
        *_missed(card),
        "</div>",
    ]
    return "\n".join(parts) + "\n"


def _table(card: Card) -> list[str]:
    measured = [each for each in card.judged if each.verdict != NOT_MEASURABLE]
    if not measured:
        return []
    heads = "".join(
        f'<th scope="col"{kind}>{name}</th>'
        for name, kind in (
            ("claim", ""),
            ("textbook", ' class="number"'),
            ("this machine", ' class="number"'),
            ("ratio", ' class="number"'),
            ("verdict", ""),
            ("measured by", ""),
        )
    )
    note = f"<p>{NOISY} rests on a noisy point.</p>" if any(e.is_noisy for e in measured) else ""
    return [
        '<div class="wide" tabindex="0" role="region" aria-label="Claims and what was measured">',
        "<table>\n<caption>What the textbook says, and what was measured</caption>",
        f"<thead><tr>{heads}</tr></thead>\n<tbody>",
        *map(_row, measured),
        f"</tbody>\n</table>\n</div>{note}",
    ]


def _row(each: Judged) -> str:
    assert each.quantity is not None
    notes = "; ".join(part for part in (against(each), plain(each.reason, 240)) if part)
    by = ", ".join(f"<code>{escape(id)}</code>" for id in each.workloads)
    noisy = f" {NOISY}" if each.is_noisy else ""
    return (
        f'<tr><th scope="row"><code>{escape(each.claim.id)}</code>'
        f'<div class="says">{escape(each.claim.says)}</div></th>'
        f'<td class="number">{escape(textbook(each.claim))}</td>'
        f'<td class="number">{escape(here(each.quantity))}</td>'
        f'<td class="number">{escape(ratio(each))}</td>'
        f'<td class="verdict {each.verdict}">{escape(each.verdict)}{noisy}</td>'
        f'<td>{by}<div class="says">{escape(notes)}</div></td></tr>'
    )


def _missed(card: Card) -> list[str]:
    found = by_reason(card)
    if not found:
        return []
    count = card.counts.get(NOT_MEASURABLE, 0)
    items = []
    for reason, ids in found.items():
        named = ", ".join(f"<code>{escape(id)}</code>" for id in ids)
        items.append(f'<li>{named}<div class="says">{escape(reason)}</div></li>')
    return [f"<h2>Not measurable here ({count})</h2>", "<ul>", *items, "</ul>"]
