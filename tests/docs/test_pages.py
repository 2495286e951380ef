"""What the pages say of exit codes and commands is what the command line has."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from docs.conftest import DOCS
from hwperf.cli import exit_codes
from hwperf.cli.main import VERBS, cli

BLOCK = re.compile(r"^```(?:\{code-block\} )?text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ["first-run.md", "tutorial.md", *(f"howto/for-{who}.md" for who in
         ("asv-maintainers", "operators", "teachers"))]  # fmt: skip


@pytest.mark.parametrize("name", exit_codes.__all__)
def test_every_exit_code_is_documented(name: str) -> None:
    text = (DOCS / "reference" / "exit-codes.md").read_text("utf-8")
    assert f"| {getattr(exit_codes, name)} | " in text


def test_every_verb_that_judges_says_in_the_page_when_it_ends_with_1() -> None:
    text = (DOCS / "reference" / "exit-codes.md").read_text("utf-8")
    quiet = {"completion", "devices", "doctor", "info", "list", "publish"}  # fmt: skip
    assert {verb for verb in VERBS if verb not in quiet and f"`{verb}`" not in text} == set()


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_running_examples_are_ones_that_there_are(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    for line in lines:
        words = shlex.split(line, comments=True)
        if words[:1] != ["hwperf"]:
            continue
        command = cli.get_command(click.Context(cli), words[1])
        assert command is not None, line
        options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
        given = {w.partition("=")[0] for w in words[2:] if re.match(r"--?[a-z]", w)}
        assert given <= options, line
