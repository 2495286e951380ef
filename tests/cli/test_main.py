"""The command line's entry: one sentence and exit code 2 for bad input, and only what is needed."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import click
import pytest

from hwperf.cli import main as entry
from hwperf.cli.main import VERBS
from hwperf.errors import HwperfError, Unsupported, UsageError

Run = Callable[..., Any]


def started(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hwperf", *arguments], capture_output=True, text=True, **options
    )


def test_alone_it_prints_the_help(hwperf: Run) -> None:
    assert hwperf() == hwperf("--help") == hwperf("-h")
    assert hwperf().code == 0
    assert all(f"  {verb} " in hwperf().out for verb in VERBS)


def test_a_system_without_file_locks_gets_a_sentence(
    hwperf: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has no fcntl; a library that is missing is another matter, and is shown."""

    def missing(name: str) -> Any:
        raise ModuleNotFoundError(f"No module named {lacking!r}", name=lacking)

    monkeypatch.setattr(entry, "import_module", missing)
    lacking = "fcntl"
    refused = hwperf("run")
    assert refused.code == 2
    assert "hwperf run needs a POSIX system" in refused.err
    lacking = "numpy"
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        hwperf("run")


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_the_help_fits_80_columns(hwperf: Run, verb: str) -> None:
    shown = hwperf(*verb.split(), "--help")
    assert shown.code == 0
    assert max(map(len, shown.out.splitlines())) <= 80


def test_the_version_is_told(hwperf: Run) -> None:
    assert hwperf("--version").out.startswith("hwperf, version ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("lst", f"'lst' is no verb. Did you mean list? There are {', '.join(VERBS)}."),
        ("frobnicate", f"'frobnicate' is no verb. There are {', '.join(VERBS)}."),
        ("--vresion", "No such option"),
        ("list --jsno", "--json"),
        ("list a b", "Got unexpected extra argument (b). See 'hwperf list --help'."),
        ("measure", "Missing argument 'ID'. See 'hwperf measure --help'."),
        ("measure core.null --budget", "'--budget' requires an argument. See 'hwperf"),
        ("measure core.nul", "'core.nul' is no workload. Did you mean core.null"),
        ("measure core.null -p n=1", "core.null has no parameter 'n'. It has: none."),
        ("measure core.null -p", "requires an argument"),
        ("measure core.null --budget -1", "'-1' is not above zero: expected a time such as 1s"),
        ("measure core.null --budget 0ms", "'0ms' is not above zero"),
        ("measure core.null --budget soon", "'soon' is no time: expected a number and a unit"),
        ("measure core.null --budget nan", "'nan' is no time"),
        (f"measure core.null --budget {400 * '9'}", "is too long"),
        ("list no.such", "no workload's id contains 'no.such'."),
        ("run --config /nonexistent.json", "/nonexistent.json is not there. Run in a directory"),
        ("publish --config /nonexistent.json", "/nonexistent.json is not there."),
        ("run --fast", "No such option"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    hwperf: Run, arguments: str, sentence: str
) -> None:
    refused = hwperf(*arguments.split())
    assert refused.code == 2
    assert refused.out == ""
    assert refused.err.startswith("hwperf: ")
    assert refused.err.count("\n") == 1
    assert sentence in refused.err


def test_every_verb_is_a_command_of_its_own_name() -> None:
    context = click.Context(entry.cli)
    assert entry.cli.list_commands(context) == sorted(VERBS)
    for verb in VERBS:
        command = entry.cli.get_command(context, verb)
        assert command is not None
        assert command.name == verb
    assert entry.cli.get_command(context, "frobnicate") is None


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (UsageError("a is wrong. Expected b."), 2, "hwperf: a is wrong. Expected b.\n"),
        (HwperfError("c"), 2, "hwperf: c\n"),
        (Unsupported("no device"), 3, "hwperf: no device\n"),
        (KeyboardInterrupt(), 130, "\nhwperf: interrupted\n"),
        (PermissionError(13, "Permission denied", "/x"), 2, "hwperf: /x: Permission denied\n"),
        (OSError(28, "No space left"), 2, "hwperf: cannot write the output: No space left\n"),
        (click.exceptions.Exit(3), 3, ""),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_what_a_verb_raises_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, hwperf: Run, raised: BaseException, code: int, said: str
) -> None:
    @click.command("list")
    def list_command() -> None:
        raise raised

    monkeypatch.setattr(entry, "_discard_output", lambda: None)
    monkeypatch.setattr("hwperf.cli.list.list_command", list_command)
    ended = hwperf("list")
    assert (ended.code, ended.err) == (code, said)


def test_a_defect_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch, hwperf: Run) -> None:
    @click.command("list")
    def list_command() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hwperf.cli.list.list_command", list_command)
    with pytest.raises(ZeroDivisionError):
        hwperf("list")


def test_the_help_imports_nothing_that_it_does_not_need() -> None:
    program = (
        "import json, sys\nfrom hwperf.cli.main import main\ncode = main(['--help'])\n"
        "print(json.dumps([code, sorted(sys.modules)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    code, modules = json.loads(done.stdout.splitlines()[-1])
    heavy = {"archspec", "asv", "asv_runner", "llvmlite", "numba", "numpy", "psutil", "rich"}
    assert code == 0
    assert heavy & set(modules) == set()
    assert {name for name in modules if name.startswith("hwperf.cli.")} == {"hwperf.cli.main"}


def test_listing_imports_no_compiler() -> None:
    program = (
        "import sys\nfrom hwperf.cli.main import main\nmain(['list'])\n"
        "print({'asv', 'llvmlite', 'numba', 'rich', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_a_reader_that_goes_early_is_no_failure() -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m hwperf list | head -n 1"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "core.clock  (clock, 1 point)\n"


def test_an_output_that_cannot_be_written_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hwperf", "list"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert done.stderr == "hwperf: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("redirection", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_failure(redirection: str) -> None:
    command = f"{sys.executable} -m hwperf list {redirection}"
    assert subprocess.run(["bash", "-c", command], stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb"},
        {"COLUMNS": "nonsense"},
        {"COLUMNS": "1"},
    ],
    ids=lambda variables: " ".join(map("=".join, variables.items())),
)
def test_no_locale_and_no_terminal_is_a_reason_to_fail(variables: dict[str, str]) -> None:
    """A µ or a ± that the terminal does not have is shown as a question mark."""
    program = (
        "import sys\nfrom hwperf.cli.main import main\n"
        "code = main(['list'])\nprint(chr(0xb5), chr(0xb1))\nsys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **variables},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("variables", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colours_unless_it_says_no(
    variables: dict[str, str], is_coloured: bool
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
    terminal, end = pty.openpty()
    with open(end, "wb") as stdout:
        command = [sys.executable, "-m", "hwperf", "info"]
        running = subprocess.Popen(command, stdout=stdout, env=environment | variables)
    shown = b""
    try:
        while part := os.read(terminal, 2**16):
            shown += part
    except OSError:  # Linux's way to say that the other end was closed.
        pass
    os.close(terminal)
    assert running.wait() == 0
    assert (b"\x1b" in shown) == is_coloured


def test_the_module_is_the_command() -> None:
    assert started("lst").stderr.startswith("hwperf: 'lst' is no verb. Did you mean list?")
