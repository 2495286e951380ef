"""A shell completes verbs, options and the ids of workloads, and never sees a traceback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from hwperf.cli import completion
from hwperf.cli.main import VERBS, cli

Run = Callable[..., Any]

SHELLS = ("bash", "zsh", "fish")


def completed(*words: str) -> list[str]:
    """Return what bash is offered for the last of *words* after ``hwperf``."""
    asked = {
        "COMP_WORDS": " ".join(["hwperf", *words]),
        "COMP_CWORD": str(len(words)),
        completion.VARIABLE: "bash_complete",
    }
    done = subprocess.run(
        [sys.executable, "-m", "hwperf"], env=os.environ | asked, capture_output=True, text=True
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_asks_hwperf(hwperf: Run, shell: str) -> None:
    shown = hwperf("completion", shell)
    assert shown.code == 0
    assert f"{completion.VARIABLE}={shell}_complete" in shown.out


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_itself_takes_the_script(hwperf: Run, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    script = hwperf("completion", shell).out
    parsed = subprocess.run([program, "-n"], input=script, capture_output=True, text=True)
    assert (parsed.returncode, parsed.stderr) == (0, "")


def test_another_shell_is_refused_in_one_sentence(hwperf: Run) -> None:
    refused = hwperf("completion", "tcsh")
    assert (refused.code, refused.out) == (2, "")
    assert "'bash', 'zsh', 'fish'" in refused.err
    assert refused.err.count("\n") == 1


def test_verbs_are_completed_without_loading_them() -> None:
    assert completed("") == sorted(VERBS)
    assert "measure" in completed("me")
    program = (
        "import sys, click\nfrom hwperf.cli.main import cli\n"
        "print(len(cli.shell_complete(click.Context(cli), '')))\n"
        "print(sorted(name for name in sys.modules if name.startswith('hwperf.cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == [str(len(VERBS)), "['hwperf.cli.main']"]


def test_options_are_completed() -> None:
    assert completed("--v") == ["--version"]
    assert completed("measure", "--js") == ["--json"]


def test_a_verb_that_is_none_is_no_traceback_while_somebody_types() -> None:
    """What is offered then are the verbs."""
    assert "measure" in completed("frobnicate", "")
    assert completed("frobnicate", "xyz") == [""]  # click ends its empty list with a line.


def test_ids_of_workloads_are_completed() -> None:
    assert completed("measure", "core.n") == ["core.null"]
    assert completed("run", "-k", "core.nu") == ["core.null"]
    assert completed("run", "-k", "stor")[0] == "storage."


def test_parameters_are_completed_of_the_workload_that_stands_before(registry: Run) -> None:
    registry()
    command = cli.get_command(click.Context(cli), "measure")
    assert command is not None
    context = click.Context(command)
    context.params["id"] = "made.up"
    (option,) = [each for each in command.params if each.name == "given"]
    assert completion.parameters(context, option, "") == ["nbytes=", "kind="]
    assert completion.parameters(context, option, "nbytes=") == [
        "nbytes=4KiB", "nbytes=4089B", "nbytes=16KiB",
    ]  # fmt: skip
    assert completion.parameters(context, option, "kind=o") == ["kind=odd"]
    assert completion.parameters(context, option, "other=") == []
    context.params["id"] = "no.such"
    assert completion.parameters(context, option, "") == []


def test_a_shell_that_asks_for_a_parameter_gets_those_of_the_workload() -> None:
    """The whole way, as a shell asks: the option stands there and its value does not yet."""
    assert completed("measure", "memory.copy", "-p", "") == ["nbytes=", "pages=", "stores="]
    assert "nbytes=8KiB" in completed("measure", "memory.copy", "-p", "nbytes=")
    assert completed("measure", "memory.copy", "-p", "stores=s") == ["stores=streaming"]


def test_bash_completes_with_the_script_that_it_was_given(hwperf: Run) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    program = (
        f"{hwperf('completion', 'bash').out}\n"
        'COMP_WORDS=(hwperf meas); COMP_CWORD=1; _hwperf_completion "$HWPERF" 2>/dev/null\n'
        'echo "${COMPREPLY[@]}"\n'
    )
    command = Path(sys.executable).with_name("hwperf")
    if not command.exists():
        pytest.skip("hwperf's command is not installed beside this Python")
    done = subprocess.run(
        [bash, "--norc"],
        input=program,
        env={**os.environ, "HWPERF": str(command)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["measure"], done.stderr
