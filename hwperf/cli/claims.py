"""``hwperf claims``. This module prints the textbook's laws with their counter-measurements."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hwperf.cli.card import Place, needed, painted, source_options
from hwperf.cli.exit_codes import FINDING, FINE, UNMEASURED
from hwperf.cli.layout import columns
from hwperf.cli.next_steps import Ended, show

__all__ = ["claims_command"]


@click.command("claims")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@source_options
def claims_command(
    as_json: bool, results: Path | None, config: Path, machine: str | None, commit: str | None
) -> int:
    """Show the laws of the lecture, each with the measurement that could contradict it.

    Exits with 1 if one is broken, 3 if not one could be measured.
    """
    from hwperf.report import card as forms
    from hwperf.report.claims import BROKEN

    card = needed(Place(results, config, machine, commit))
    if card is None:
        return UNMEASURED
    if as_json:
        click.echo(json.dumps(forms.claims_object(card), indent=2, allow_nan=False))
    else:
        click.echo("\n".join(forms.laws(card, columns(), paint=painted)))
        show("claims", Ended())
    found = [each for each in card.judged if each.claim.kind == "trend"]
    if any(each.verdict == BROKEN for each in found):
        return FINDING
    if not any(each.is_measurable for each in found):
        click.echo("hwperf: not one law could be measured in this run: 'hwperf run' does", err=True)
        return UNMEASURED
    return FINE
