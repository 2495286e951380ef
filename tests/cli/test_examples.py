"""The help of every verb ends with examples, which are commands that it takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

import click
import pytest

from hwperf.cli.examples import EXAMPLES, epilog
from hwperf.cli.main import VERBS, cli

Run = Callable[..., Any]

SHOWN = [(verb, command) for verb in VERBS for command, _ in EXAMPLES.get(verb, ())]


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_ends_with_its_examples(hwperf: Run, verb: str) -> None:
    shown = hwperf(verb, "--help").out
    examples = EXAMPLES.get(verb, ())
    assert len(examples) >= 2, f"hwperf {verb} has no examples in hwperf/cli/examples.py"
    assert shown.count("Examples:") == 1
    after = shown.partition("Examples:")[2]
    for command, words in examples:
        assert command in after
        assert words in after


@pytest.mark.parametrize(("verb", "command"), SHOWN)
def test_an_example_is_a_command_that_the_verb_takes(verb: str, command: str) -> None:
    """In whatever stands around it: a pipe, a redirection, eval."""
    found = re.search(r"hwperf ([^|<)]*)", command)
    assert found, command
    name, *words = shlex.split(found[1])
    assert name == verb
    taken = cli.get_command(click.Context(cli), name)
    assert taken is not None
    taken.make_context(name, words)


def test_a_verb_without_examples_has_no_heading() -> None:
    assert epilog("no-such-verb") is None


def test_what_would_be_too_wide_goes_to_the_next_line() -> None:
    for verb in EXAMPLES:
        text = epilog(verb)
        assert text is not None
        assert max(map(len, text.splitlines())) <= 78
