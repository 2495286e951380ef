"""The card: the lecture's claims beside this machine, led by a block to paste into a chat.

Each form takes a run, its measurements, or the `Card` that `card_of` makes of either::

    from hwperf.asv.recorded import newest
    from hwperf.report import card

    print("\\n".join(card.text(newest(results_dir), 80)))
"""

from __future__ import annotations

from hwperf.report.card.as_html import STYLE, fragment, html
from hwperf.report.card.as_json import SCHEMA, claims_object, to_json
from hwperf.report.card.block import MOST_LINES, block
from hwperf.report.card.content import Card, Source, Trust, card_of
from hwperf.report.card.headline import Headline
from hwperf.report.card.laws import laws
from hwperf.report.card.markdown import markdown
from hwperf.report.card.svg import svg
from hwperf.report.card.text import by_reason, text

__all__ = [
    "MOST_LINES", "SCHEMA", "STYLE", "Card", "Headline", "Source", "Trust", "block", "by_reason",
    "card_of", "claims_object", "fragment", "html", "laws", "markdown", "svg", "text", "to_json",
]  # fmt: skip
