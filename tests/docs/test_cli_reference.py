"""The page of all verbs is made from click, says every option, and shows every mark as it is."""

from __future__ import annotations

import re
from pathlib import Path

import cli_reference
import click
import pytest

from hwperf.cli.examples import EXAMPLES
from hwperf.cli.main import VERBS, cli


def section(verb: str) -> str:
    found = re.search(rf"^## {verb}$(.*?)(?=^## |\Z)", cli_reference.page(), re.M | re.S)
    assert found, f"no section {verb}"
    return found[1]


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_and_every_example_stands_in_the_section_of_its_verb(verb: str) -> None:
    text = section(verb)
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            for name in (*parameter.opts, *parameter.secondary_opts):
                assert name in text
            assert parameter.help, f"hwperf {verb} {parameter.opts}: no help"
    for shown, words in EXAMPLES.get(verb, ()):
        assert shown in text
        assert words in text


def test_marks_of_markdown_are_shown_and_not_obeyed() -> None:
    assert cli_reference._plain("transfer.* and a_b <c> `d` [e]") == (
        r"transfer.\* and a\_b \<c\> \`d\` \[e\]"
    )


def test_a_page_that_is_the_same_is_not_written_again(tmp_path: Path) -> None:
    (tmp_path / "reference").mkdir()
    cli_reference.write(tmp_path)
    page = tmp_path / cli_reference.PAGE
    assert page.read_text("utf-8") == cli_reference.page()
    page.chmod(0o444)
    before = page.stat().st_mtime_ns
    cli_reference.write(tmp_path)
    assert page.stat().st_mtime_ns == before
