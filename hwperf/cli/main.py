"""The entry of the command line. This module loads the verb that is asked for, and no other."""

from __future__ import annotations

import contextlib
import difflib
import errno
import os
import signal
import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any

import click

from hwperf.errors import HwperfError, Unsupported, UsageError
from hwperf.printable import printable

__all__ = ["VERBS", "cli", "main"]

VERBS: Mapping[str, str] = MappingProxyType(
    {
        "aa": "Measure a suite against itself: what change is noise, kept for each metric.",
        "ab": "Compare two revisions of a project, measured in turns on this machine.",
        "completion": "Print what makes a shell complete verbs, options and workloads.",
        "compare": "Two recorded runs: what got worse, what is within the noise.",
        "card": "The textbook beside this machine, led by a block to paste.",
        "claims": "The textbook's laws, each with what could contradict it.",
        "devices": "The devices that transfer.* can measure, and what is absent and why.",
        "doctor": "What on this machine disturbs measurements, with evidence and what to do.",
        "export": "Recorded runs for other programs: JSON, CSV, JUnit, Prometheus.",
        "gpu-proof": "Measure a whole device within minutes, check it, and write one JSON.",
        "info": "What this machine is: every fact with its source.",
        "list": "The workloads: parameters, what each answers, what this machine cannot do.",
        "measure": "Measure one workload here and now, without asv.",
        "napkin": "How long a plan takes by this machine's numbers, and what bounds it.",
        "publish": "Write the pages of the recorded results.",
        "regress": "Say what got worse in asv's results, and fail where it matters.",
        "report": "Draw a recorded run: one HTML page that needs no network.",
        "roofline": "What bounds code on this machine: bandwidths, arithmetic, ridge points.",
        "run": "Run the suite through asv and keep the results.",
        "serve": "Let one other host measure the network against this one, once.",
        "steps": "Find the steps and drifts in a series of numbers, from a CSV file.",
        "verdict": "What changed between two commits: did the code do it, or the machine?",
    }
)
"""Every verb with its line of help: kept here so that ``hwperf --help`` loads none of them."""


_KEPT = "\n\t"  # In a message; the rest of what does not print is somebody's name.


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        is_known = args[0] in VERBS or args[0].startswith("-")
        if not is_known and not ctx.resilient_parsing:  # As it is while a shell completes.
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(f"{args[0]!r} is no verb.{hint} There are {', '.join(VERBS)}.")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        try:
            module = import_module(f"hwperf.cli.{cmd_name.replace('-', '_')}")
        except ModuleNotFoundError as error:
            if error.name != "fcntl":
                raise
            raise UsageError(
                f"hwperf {cmd_name} needs a POSIX system (Python's module fcntl, to hold results): "
                "use Linux, macOS or WSL. 'hwperf measure' works here."
            ) from error
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        if command.epilog is None:
            from hwperf.cli.examples import epilog

            command.epilog = epilog(cmd_name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        from click.shell_completion import CompletionItem

        # Without loading them, as click would to see which are hidden.
        fitting = [verb for verb in sorted(VERBS) if verb.startswith(incomplete)]
        return [CompletionItem(verb, help=VERBS[verb]) for verb in fitting]

    def invoke(self, ctx: click.Context) -> Any:
        # Here, as click itself takes a reader that has gone (e.g. head) for a failure.
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard_output()
            return 0

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(sorted(VERBS.items()))


@click.group(
    cls=_Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="hwperf", prog_name="hwperf")
@click.pass_context
def cli(context: click.Context) -> None:
    """Hardware benchmarks with a history, on airspeed velocity."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":  # https://no-color.org
        context.color = False
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; never a traceback for bad input.

    Returns:
        0 done, 1 a finding, 2 misuse, 3 nothing could be measured, 130 interrupted.
    """
    if threading.current_thread() is threading.main_thread():
        # As after Ctrl-C: what was begun is torn down.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        # A locale without µ or ± is no reason to fail.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        outcome = cli.main(args=arguments, prog_name="hwperf", standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):  # The latter while click was already at it.
        return _said("interrupted", 130)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        return _said(f"{_sentence(error)} See '{_path(error)} --help'.", 2)
    except click.ClickException as error:
        return _said(_sentence(error), 2)
    except Unsupported as error:
        return _said(str(error), 3)
    except HwperfError as error:
        return _said(str(error), 2)
    except OSError as error:
        _discard_output()
        return _said(f"{_place(error)}{error.strerror or error}", 2)
    return outcome if isinstance(outcome, int) else 0


def _sentence(error: click.ClickException) -> str:
    message = error.format_message().strip()
    return message if message.endswith((".", "?", "!")) else f"{message}."


def _path(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "hwperf"


def _place(error: OSError) -> str:
    if error.filename:
        return f"{error.filename}: "
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
    return "cannot write the output: " if is_full else ""


def _said(message: str, code: int) -> int:
    with contextlib.suppress(OSError):  # Nobody may be listening any more.
        click.echo(f"hwperf: {printable(message, keep=_KEPT)}", err=True)
    return code


def _discard_output() -> None:
    """Let what is still in the buffer go nowhere: Python would fail again when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
