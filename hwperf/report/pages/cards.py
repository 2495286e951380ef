"""The card on the page. This module takes it from ``hwperf.report.card``, which escapes it."""

from __future__ import annotations

from html import escape

from hwperf.asv.recorded import Run
from hwperf.report import card
from hwperf.report.pages.parts import Block, Markup

__all__ = ["STYLE", "card_of"]

STYLE = card.STYLE
"""What the markup is styled with."""


def card_of(run: Run) -> tuple[Block, ...]:
    """Return the block of the card, and behind it every claim beside this machine.

    Args:
        run: the run; a card of nothing measured is left out.
    """
    if not any(m.value is not None and m.metric is not None for m in run.measurements):
        return ()
    made = card.card_of(run)
    lines = escape("\n".join(card.block(made)))
    claims = card.fragment(made).replace("<h2>", "<h3>").replace("</h2>", "</h3>")
    return (
        Markup(
            f'<pre class="card" tabindex="0">{lines}</pre><details class="claims">'
            f"<summary>The lecture's claims beside this machine, one by one</summary>"
            f"{claims}</details>"
        ),
    )
