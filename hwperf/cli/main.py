"""The entry of the command line. This module loads the verb that is asked for, and no other."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from hwperf.errors import HwperfError

__all__ = ["VERBS", "cli", "main"]

VERBS: Mapping[str, str] = MappingProxyType(
    {
        "doctor": "What on this machine disturbs measurements, with evidence and what to do.",
        "info": "What this machine is: every fact with its source.",
        "list": "The workloads: parameters, what each answers, what this machine cannot do.",
        "measure": "Measure one workload here and now, without asv.",
        "publish": "Write the pages of the recorded results.",
        "run": "Run the suite through asv and keep the results.",
    }
)
"""Every verb with its line of help: kept here so that ``hwperf --help`` loads none of them."""


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = import_module(f"hwperf.cli.{cmd_name}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

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
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; never a traceback for bad input.

    Returns:
        0 done, 1 something measured is broken, 2 misuse, 130 interrupted.
    """
    try:
        outcome = cli.main(args=arguments, prog_name="hwperf", standalone_mode=False)
    except click.Abort:
        return _said("interrupted; what had been measured is kept", 130)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        return _said(error.format_message(), 2)
    except HwperfError as error:
        return _said(str(error), 2)
    except BrokenPipeError:
        sys.stderr.close()  # The reader (e.g. head) has gone; Python would complain at exit.
        return 0
    except OSError as error:
        return _said(f"{error.filename or 'system'}: {error.strerror or error}", 2)
    return outcome if isinstance(outcome, int) else 0


def _said(message: str, code: int) -> int:
    click.echo(f"hwperf: {message}", err=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
