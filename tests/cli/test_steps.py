"""``hwperf steps`` reads a CSV file, tells what changed, and ends with a code that says so."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], str]:
    """Return a function that writes a file and returns its path."""

    def write(text: str) -> str:
        path = tmp_path / "series.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def stepped(n: int = 60, at: int = 40, ratio: float = 1.2) -> list[float]:
    chance = random.Random(1)
    return [(ratio if i >= at else 1.0) * (1 + chance.gauss(0, 0.01)) for i in range(n)]


def column(values: list[float]) -> str:
    return "".join(f"{value}\n" for value in values)


def test_a_step_is_a_finding(hwperf: Run, csv: Run) -> None:
    answer = hwperf("steps", csv("value\n" + column(stepped())))
    assert answer.code == 1
    assert answer.err == ""
    header, line, *_ = answer.out.splitlines()
    assert " ".join(header.split()) == "index kind change 95 % interval certainty where"
    assert line.split()[:2] == ["40", "step"]
    assert all(len(each) <= 80 for each in answer.out.splitlines())


def test_nothing_is_no_finding(hwperf: Run, csv: Run) -> None:
    answer = hwperf("steps", csv(column(stepped(ratio=1.0))))
    assert (answer.code, answer.out) == (0, "Nothing changed (60 points).\n")


def test_json_has_what_is_promised(hwperf: Run, csv: Run) -> None:
    answer = hwperf("steps", csv(column(stepped())), "--json")
    (step,) = json.loads(answer.out)
    assert answer.code == 1
    assert (step["index"], step["kind"]) == (40, "step")
    assert step["interval"][0] < step["ratio"] < step["interval"][1]
    assert 0.99 < step["certainty"] <= 1


def test_json_of_nothing_is_an_empty_array(hwperf: Run, csv: Run) -> None:
    answer = hwperf("steps", "--json", csv(column(stepped(ratio=1.0))))
    assert (answer.code, json.loads(answer.out)) == (0, [])


@pytest.mark.parametrize("text", ["", "value\n", "1\n2\n3\n", "value\n" + "nan\n" * 50])
def test_too_few_points_are_a_code_of_their_own(hwperf: Run, csv: Run, text: str) -> None:
    answer = hwperf("steps", csv(text), "--json")
    assert answer.code == 3
    assert json.loads(answer.out) == []
    assert "a change needs 8: four before it" in " ".join(answer.err.split())


@pytest.mark.parametrize("header", ["", "value\n", "seconds\n", "\ufeffvalue\n", "Value\r\n"])
def test_one_column_needs_no_name(hwperf: Run, csv: Run, header: str) -> None:
    answer = hwperf("steps", csv(header + column(stepped())), "--json")
    assert [step["index"] for step in json.loads(answer.out)] == [40]


def test_times_sort_the_series_and_that_is_said(hwperf: Run, csv: Run) -> None:
    rows = [f"{i},{value}" for i, value in enumerate(stepped())]
    answer = hwperf("steps", csv("\n".join(["time,value", *rows[::-1]])), "--json")
    assert [step["index"] for step in json.loads(answer.out)] == [40]
    assert "not in order of time; sorted" in " ".join(answer.err.split())


def test_times_in_order_are_not_worth_a_word(hwperf: Run, csv: Run) -> None:
    rows = [f"2026-01-01T00:{i:02}:00Z,{v},{v * 0.99},{v * 1.01}" for i, v in enumerate(stepped())]
    answer = hwperf("steps", csv("\n".join(["time,value,low,high", *rows])))
    assert (answer.code, answer.err) == (1, "")
    assert "from 0 in order of time" in " ".join(answer.out.split())


def test_missing_values_keep_their_index(hwperf: Run, csv: Run) -> None:
    cells = [str(value) for value in stepped()]
    for at, cell in ((3, '""'), (10, "NaN"), (11, "None"), (12, "inf"), (13, "n/a")):
        cells[at] = cell
    answer = hwperf("steps", csv("value\n" + "\n".join(cells)))
    assert answer.out.splitlines()[1].split()[0] == "40"
    assert "55 points, 5 missing" in answer.out


def test_other_columns_are_passed_over(hwperf: Run, csv: Run) -> None:
    rows = [f'"a, <b>{i}",{value}' for i, value in enumerate(stepped())]
    answer = hwperf("steps", csv("\n".join(["commit,value", *rows])), "--json")
    assert [step["index"] for step in json.loads(answer.out)] == [40]


def test_standard_input_is_a_dash(hwperf: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given = SimpleNamespace(buffer=io.BytesIO(column(stepped()).encode()))
    monkeypatch.setattr("sys.stdin", given)
    assert hwperf("steps", "-").code == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "no column 'value' among 'a', 'b'"),
        ("1,2\n3,4\n", "2 columns without names"),
        ("value\n1\nfast\n", "line 3 has value 'fast'"),
        ("time,value\n1,1\n,2\n", "line 3 has no time"),
        ("time,value\n1,1\nlast week,2\n", "line 3 has time 'last week'"),
        ("time,value\n1,1,1\n", "line 2 has 3 cells for 2 columns"),
        ("value\n" + "x\n" * 9, "line 4 has value 'x', and 6 more"),
        ("value,value\n1,2\n", "a column is there twice"),
        ('time,value\n1,"2\n', "is no CSV"),
        ("value\n" + "9" * 200_000 + "\n", "is no CSV"),
        ("value\n1\x00\n", "value"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(hwperf: Run, csv: Run, text: str, said: str) -> None:
    answer = hwperf("steps", csv(text))
    assert answer.code == 2
    assert said in answer.err
    assert answer.out == ""
    assert len(answer.err.splitlines()) == 1


def test_bytes_that_are_no_text_are_refused(hwperf: Run, tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    path.write_bytes(b"value\n1\n\xff\xfe\n")
    answer = hwperf("steps", str(path))
    assert answer.code == 2
    assert "byte 8 is no UTF-8" in answer.err


def test_a_file_that_is_not_there_is_named(hwperf: Run, tmp_path: Path) -> None:
    answer = hwperf("steps", str(tmp_path / "absent.csv"))
    assert answer.code == 2
    assert "absent.csv: No such file" in answer.err


def test_strange_series_are_printed_all_the_same(hwperf: Run, csv: Run) -> None:
    """A level of 0 has no ratio; JSON has no NaN."""
    text = column([0.0] * 30 + [5.0] * 30)
    assert "n/a" in hwperf("steps", csv(text)).out
    (step,) = json.loads(hwperf("steps", csv(text), "--json").out)
    assert step["ratio"] is None
