"""``hwperf devices``. This module lists the devices that are found, and what is absent and why."""

from __future__ import annotations

import json

import click

from hwperf.cli.layout import columns, wrapped
from hwperf.devices import Listing, listing
from hwperf.devices.sound import one_line
from hwperf.errors import Unsupported

__all__ = ["devices_command"]

_INDENT = 4


@click.command("devices")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def devices_command(as_json: bool) -> int:
    """List the devices that transfer.* can measure, and what was looked for in vain."""
    found = listing()
    default = _default(found)
    if as_json:
        record = {
            "schema": 1,
            "default": default,
            "devices": [
                {"id": each.id, "name": each.name, "kind": each.kind}
                for each in found.devices.values()
            ],
            "absent": [
                {"backend": name, "what": each.what, "why": each.why} for name, each in found.absent
            ],
        }
        click.echo(json.dumps(record, indent=1))
        return 0
    width = columns()
    for each in found.devices.values():
        note = "  (measured by default)" if each.id == default else ""
        click.echo(
            "\n".join(wrapped(f"{each.id}  {each.kind}: {one_line(each.name)}{note}", width))
        )
    for name, absent in found.absent:
        line = one_line(f"{name}: no {absent.what}: {absent.why}")
        click.echo("\n".join(wrapped(line, width, hanging=_INDENT)))
    if default is None:
        click.echo("No accelerator: transfer.* is n/a unless --device names one of these.")
    return 0


def _default(found: Listing) -> str | None:
    try:
        return found.default().id
    except Unsupported:
        return None
