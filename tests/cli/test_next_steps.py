"""After a verb three commands that fit are named, on a terminal alone."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click
import pytest

from hwperf.cli.main import VERBS, cli
from hwperf.cli.next_steps import _OFFERS, Ended, lines, show

Run = Callable[..., Any]

DONE = Ended(ids=("memory.copy",), n_measured=20)
BAD = ("made.up", {"nbytes": 4096, "kind": "a b"})
ENDS = {
    "done": DONE,
    "noisy": Ended(ids=("memory.copy",), n_measured=20, n_noisy=3, causes=2),
    "nothing": Ended(ids=("memory.copy",)),
    "bad": Ended(ids=("made.up",), n_measured=1, bad=BAD),
    "interrupted": Ended(n_measured=3, is_interrupted=True),
    "published": Ended(n_measured=3, is_published=True, config="a b.json"),
}


def commands(found: list[str]) -> list[list[str]]:
    starts = [line.strip() for line in found if line.startswith("  hwperf ")]
    return [shlex.split(re.split(r" {3,}", line)[0]) for line in starts]


@pytest.mark.parametrize("ended", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("verb", sorted(_OFFERS))
def test_there_are_three_commands_that_exist_with_options_that_they_have(
    verb: str, ended: Ended
) -> None:
    found = lines(verb, ended)
    assert len(commands(found)) == 3
    assert len(found) == len(set(found))
    assert max(map(len, found)) <= 80
    for program, name, *words in commands(found):
        assert program == "hwperf"
        command = cli.get_command(click.Context(cli), name)
        assert command is not None, name
        command.make_context(name, list(words), resilient_parsing=False)


@pytest.mark.parametrize("verb", sorted(_OFFERS))
def test_a_verb_that_is_not_there_is_not_offered(verb: str) -> None:
    for known in ({"list"}, {"measure", "doctor"}, set(VERBS) - {"doctor"}):
        offered = lines(verb, Ended(ids=("a.b",), n_measured=1, known=known))
        assert {words[1] for words in commands(offered)} <= known


def test_each_command_looks_where_the_run_was_recorded() -> None:
    """Where another configuration was given, the card of the usual one is another machine's."""
    for words in commands(lines("run", Ended(n_measured=9, config="a b/c.json"))):
        assert words[-2:] == ["--config", "a b/c.json"]


def test_what_failed_comes_first_and_is_quoted_for_a_shell() -> None:
    for verb in ("run", "measure"):
        first = lines(verb, ENDS["bad"])[0]
        assert "hwperf measure made.up -p nbytes=4096 -p 'kind=a b'" in first


def test_noise_leads_to_the_doctor_and_nothing_measured_to_the_reasons() -> None:
    assert commands(lines("run", ENDS["noisy"]))[0] == ["hwperf", "doctor"]
    assert commands(lines("run", ENDS["nothing"]))[0] == ["hwperf", "list"]
    assert commands(lines("measure", ENDS["nothing"]))[0] == ["hwperf", "list", "memory.copy"]


def test_pages_that_were_written_are_not_offered_again() -> None:
    offered = [words[1] for words in commands(lines("run", DONE))]
    assert "publish" in offered
    assert "publish" not in [words[1] for words in commands(lines("run", ENDS["published"]))]


def test_another_verb_has_none() -> None:
    assert lines("serve", DONE) == []


def test_a_pipe_gets_the_results_alone(capsys: pytest.CaptureFixture[str]) -> None:
    show("run", DONE)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [(("list", "core.null"), True), (("list", "core.null", "--json"), False)],
)
def test_a_terminal_gets_them_unless_json_is_asked_for(
    arguments: tuple[str, ...], verdict: bool
) -> None:
    shown = on_a_terminal(*arguments, environment={"TERM": "xterm"})
    assert ("Next:" in shown) == verdict
    if not verdict:
        assert json.loads(shown)["id"] == "core.null"


def test_no_colour_where_the_user_says_so() -> None:
    shown = on_a_terminal("list", "core.null", environment={"TERM": "xterm", "NO_COLOR": "1"})
    assert "Next:" in shown
    assert "\x1b" not in shown


def on_a_terminal(*arguments: str, environment: Mapping[str, str]) -> str:
    """Return what ``hwperf`` with *arguments* prints where its standard output is a terminal."""
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    terminal, end = pty.openpty()
    with open(end, "wb") as stdout:
        command = [sys.executable, "-m", "hwperf", *arguments]
        running = subprocess.Popen(command, stdout=stdout, env={**inherited, **environment})
    shown = b""
    try:
        while part := os.read(terminal, 2**16):
            shown += part
    except OSError:  # Linux's way to say that the other end was closed.
        pass
    os.close(terminal)
    assert running.wait() == 0
    return shown.decode()
