"""The options of every verb. This module writes reference/commands.md from what click knows.

It runs at each build of the pages, so that the page cannot differ from ``--help``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hwperf.cli.examples import EXAMPLES
from hwperf.cli.main import VERBS, cli

PAGE = "reference/commands.md"

_HEAD = """# All verbs and options

Made by the build of these pages from what `hwperf VERB --help` knows; {doc}`cli` says more of each.
"""


def page() -> str:
    """Return the page: for each verb its usage, what it does, its options, and examples."""
    sections = ["\n".join(_section(verb)) for verb in sorted(VERBS)]
    return "\n".join([_HEAD, *sections])


def _section(verb: str) -> Iterator[str]:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None, verb
    context = click.Context(command, info_name=f"hwperf {verb}")
    yield f"## {verb}\n"
    yield f"{_plain(VERBS[verb])}\n"
    yield "```text\n" + " ".join([context.info_name or "", *command.collect_usage_pieces(context)])
    yield "```\n"
    for paragraph in _paragraphs(command.help or ""):
        yield f"{_plain(paragraph)}\n"
    for parameter in command.params:
        names, words = parameter.get_help_record(context) or ("", "")
        if words:  # An argument has none: the verb's own words say what it is.
            yield f"`{names}`\n: {_plain(words)}\n"
    if EXAMPLES.get(verb):
        yield "```text"
        width = max(len(shown) for shown, _ in EXAMPLES[verb])
        yield from (f"{shown:<{width}}   # {words}" for shown, words in EXAMPLES[verb])
        yield "```\n"


def _paragraphs(words: str) -> list[str]:
    found = re.split(r"\n\s*\n", inspect.cleandoc(words).replace("\b\n", ""))
    return [" ".join(each.split()) for each in found if each.strip()]


def _plain(words: str) -> str:
    """Return *words* so that Markdown shows them as they are."""
    return re.sub(r"([\\`*_<>\[\]|{}$#])", r"\\\1", " ".join(words.split()))


def write(directory: Path) -> None:
    """Write the page below *directory*; a page that is the same stays, and is not built again."""
    path, text = directory / PAGE, page()
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx when to write: before it looks for pages."""
    app.connect("builder-inited", lambda builder: write(Path(builder.srcdir)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
