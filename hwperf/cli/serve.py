"""``hwperf serve``. This module lets one other host measure against this one, and then leaves."""

from __future__ import annotations

from pathlib import Path

import click

from hwperf import peer
from hwperf.errors import UsageError
from hwperf.units import format_duration, parse_seconds

__all__ = ["NOBODY", "serve_command"]

NOBODY = 3
"""Exit code when nobody proved the token before the time was over, or wrong ones came."""


@click.command("serve")
@click.option("--once", is_flag=True, help="Serve one session and leave; it has to be said.")
@click.option(
    "--bind", metavar="ADDRESS",
    help="Listen on this address of this machine, and on no other.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N",
    help="Listen on this port; by default on one that is free.",
)  # fmt: skip
@click.option(
    "--timeout", default="10min", show_default=True, metavar="TIME",
    help="Leave when no client came for so long.",
)  # fmt: skip
@click.option(
    "--points", type=click.IntRange(min=1), metavar="N",
    help="Leave as soon as so many points were measured.",
)  # fmt: skip
@click.option(
    "--token-file", type=click.Path(path_type=Path), metavar="FILE",
    help="Take the token from this file instead of making one.",
)  # fmt: skip
def serve_command(
    once: bool,
    bind: str | None,
    port: int,
    timeout: str,
    points: int | None,
    token_file: Path | None,
) -> int:
    """Let one other host measure the network against this one: network.host.

    Exits with 0 after a session, with 3 if nobody proved the token.
    """
    address, timeout_s = _checked(once, bind, timeout)
    token = peer.new() if token_file is None else peer.read(token_file)
    with peer.listening(address, port) as (listener, where):
        click.echo(f"address: {where}")
        if token_file is None:
            click.echo(f"token: {token.secret}")
        _say(
            f"listens on {where} and nowhere else, for {format_duration(timeout_s)}. On the other "
            f"host set {peer.HOST} to the address and {peer.TOKEN} to the token, and run "
            "'hwperf measure network.host'."
        )
        outcome = peer.serve(listener, token, timeout_s=timeout_s, points=points, say=_say)
    return _told(outcome, timeout_s)


def _checked(once: bool, bind: str | None, timeout: str) -> tuple[str, float]:
    if not once:
        raise UsageError("say --once: hwperf serves one session and leaves.")
    if bind is None:
        raise UsageError(
            "say --bind ADDRESS: hwperf listens on the address that it is given, and has no "
            "default. Give that of the interface that faces the other host."
        )
    return peer.to_listen_on(bind), parse_seconds(timeout)


def _told(outcome: peer.Outcome, timeout_s: float) -> int:
    """Say what came of the session; return the exit code."""
    if outcome.is_attacked:
        _say(f"leaves: {outcome.wrong} wrong tokens came.")
        return NOBODY
    if not outcome.connections:
        _say(f"leaves: nobody proved the token in {format_duration(timeout_s)}.")
        return NOBODY
    _say(
        f"leaves: {outcome.client} measured {outcome.points} point"
        f"{'' if outcome.points == 1 else 's'} over {outcome.connections} connection"
        f"{'' if outcome.connections == 1 else 's'}."
    )
    return 0


def _say(sentence: str) -> None:
    click.echo(f"hwperf serve: {sentence}", err=True)
