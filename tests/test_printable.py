"""What a terminal would obey is written out."""

from __future__ import annotations

import pytest

from hwperf.cli.main import main
from hwperf.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain µ ± 中", "plain µ ± 中"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\0", "a\\nb\\tc\\x00"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\ud800", "\\ud800"),
        ("", ""),
    ],
)
def test_controls_become_their_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_ends_of_lines_stay_where_they_are_meant() -> None:
    assert printable("a\nb\x1bc", keep="\n") == "a\nb\\x1bc"


def test_a_name_in_an_error_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--config", "no\x1b[2Jsuch.json", "--dry-run"]) == 2
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert "no\\x1b[2Jsuch.json is not there" in shown
