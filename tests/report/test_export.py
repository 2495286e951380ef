"""Whole runs in the formats of other programs: complete, valid, and safe whatever they hold."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwperf.asv.recorded import of_file
from hwperf.errors import UsageError
from hwperf.metrics import METRICS
from hwperf.report.export import FORMATS, destination
from hwperf.report.export.as_csv import COLUMNS
from tests.test_docs import faults

from .made_runs import Row, measured, run_of, stored

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "export.schema.json").read_text("utf-8")
)
ODD = '=HYPERLINK("http://x")<script>\n"quoted", \\back | `tick` \x00\x1b \ud800' + "ü" * 10_000
RUN = run_of(
    measured(value=10e9, params={"nbytes": 8, "pages": "small"}),
    measured("memory.latency", 1e-9, metric="latency", verdict="noisy"),
    measured("multicore.flops", None, metric="throughput", record={
        "verdict": "n/a", "reason": "no <cores>", "tags": {"wall_s": 1.5, "clock_hz": math.inf},
    }),
    measured("simd.fma", None, metric="throughput", verdict="impossible"),
    measured("time_parse", 2.0, metric=None, n_samples=0, benchmark="suite.time_parse"),
)  # fmt: skip
HOSTILE = run_of(
    measured(ODD, 1.0, metric=None, unit=ODD, params={ODD: ODD, "machine": 1}, benchmark=ODD,
             record={"verdict": "n/a", "reason": ODD, "tags": {ODD: [math.nan, {"a": math.inf}]}}),
    measured(params={"nbytes": ODD}, verdict="failed"),
    machine=ODD, commit=ODD, environment=ODD, facts={ODD: ODD}, measured_at=1e300,
)  # fmt: skip


def rows_of(*runs: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(FORMATS["csv"](runs), newline="")))


@pytest.mark.parametrize("run", [RUN, HOSTILE, run_of()], ids=["plain", "hostile", "empty"])
def test_the_json_follows_the_published_schema(run: Any) -> None:
    shown = json.loads(FORMATS["json"]([run]))
    assert faults(SCHEMA, shown) == []


def test_the_schema_rejects_what_is_wrong() -> None:
    shown = json.loads(FORMATS["json"]([RUN]))
    shown["runs"][0]["points"][0]["value"] = "fast"
    shown["runs"][0]["points"][1]["more"] = 1
    del shown["runs"][0]["points"][2]["unit"]
    assert len(faults(SCHEMA, shown)) == 3


def test_the_json_has_the_rate_and_the_cost() -> None:
    point = json.loads(FORMATS["json"]([RUN]))["runs"][0]["points"][0]
    assert (point["value"], point["unit"]) == (pytest.approx(10e9), "B/s")
    assert (point["cost"], point["cost_unit"]) == (pytest.approx(1e-10), "seconds")
    assert point["interval"][0] < point["value"] < point["interval"][1]
    assert point["params"] == {"nbytes": 8, "pages": "small"}
    assert len(point["samples"]) == 9


@pytest.mark.parametrize("run", [RUN, HOSTILE], ids=["plain", "hostile"])
def test_the_table_has_one_row_for_each_point(run: Any) -> None:
    rows = rows_of(run)
    assert len(rows) == len(run.measurements)
    assert all(set(row) == set(COLUMNS) for row in rows)
    first = FORMATS["csv"]([run]).split("\r\n")[0]
    assert first == ",".join(COLUMNS)


def test_no_cell_of_text_is_a_formula() -> None:
    """But numbers stay numbers, below zero, too."""
    run = run_of(
        *(measured(f"{sign}1+1", -1.5, metric=None, n_samples=0, benchmark=f"{sign}1+1",
                   params={"x": f"{sign}2"}) for sign in "=+-@\t\r"),
        machine="-m",
    )  # fmt: skip
    for row in rows_of(run):
        assert row["benchmark"].startswith("'")
        assert row["machine"] == "'-m"
        assert row["value"] == "-1.5"


def test_a_value_that_is_not_there_is_an_empty_cell() -> None:
    row = rows_of(RUN)[2]
    assert (row["value"], row["low"], row["verdict"], row["reason"]) == (
        "", "", "n/a", "no <cores>",
    )  # fmt: skip


def test_the_test_report_skips_and_fails() -> None:
    root = ElementTree.fromstring(FORMATS["junit"]([RUN]))
    suite = root.find("testsuite")
    assert suite is not None
    for counted in (root, suite):
        assert (counted.get("tests"), counted.get("failures")) == ("5", "1")
    assert suite.get("skipped") == "1"
    cases = root.findall("testsuite/testcase")
    assert [[child.tag for child in case] for case in cases] == [
        ["system-out"], ["system-out"], ["skipped"], ["failure"], ["system-out"],
    ]  # fmt: skip
    assert (cases[0].get("classname"), cases[0].get("name")) == (
        "memory.copy", "nbytes=8, pages=small",
    )  # fmt: skip
    assert "noisy" in (cases[1][0].text or "")
    assert (cases[2][0].get("message"), cases[2].get("time")) == ("no <cores>", "1.500")


ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {
        "name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname",
        "id", "package", "file", "log", "url",
    },
    "testcase": {"name", "time", "classname", "group"},
    "property": {"name", "value"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
    "properties": set(),
    "system-out": set(),
}  # fmt: skip
# Source: the schema that Jenkins holds JUnit's reports against (xunit-plugin, junit-10.xsd).


@pytest.mark.parametrize("run", [RUN, HOSTILE, run_of()], ids=["plain", "hostile", "empty"])
def test_the_test_report_has_the_attributes_of_the_schema_alone(run: Any) -> None:
    for element in ElementTree.fromstring(FORMATS["junit"]([run])).iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag], element.tag
        assert re.fullmatch(r"\d*(\.\d*)?", element.get("time", "")), element.attrib


def test_the_test_report_is_xml_whatever_the_names_hold() -> None:
    root = ElementTree.fromstring(FORMATS["junit"]([HOSTILE]))
    assert len(root.findall("testsuite/testcase")) == 2
    assert "\x1b" not in "".join(root.itertext())


# The grammar of https://prometheus.io/docs/instrumenting/exposition_formats/.
SERIES = re.compile(
    r'(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)'
    r'\{(?P<labels>(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\} (?P<value>\S+)'
)  # fmt: skip
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


@pytest.mark.parametrize("run", [RUN, HOSTILE, run_of()], ids=["plain", "hostile", "empty"])
def test_the_exposition_follows_its_grammar(run: Any) -> None:
    text = FORMATS["prometheus"]([run])
    assert text.endswith("\n")
    typed: set[str] = set()
    seen: set[str] = set()
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# "):
            _, word, name, *_ = line.split(" ")
            assert word in ("HELP", "TYPE")
            assert word == "HELP" or (name not in typed and not typed.add(name))  # type: ignore[func-returns-value]
            continue
        found = SERIES.fullmatch(line)
        assert found is not None, line[:200]
        assert found["name"] in typed
        labels = [name for name, _ in LABEL.findall(found["labels"])]
        assert len(labels) == len(set(labels))
        assert math.isfinite(float(found["value"]))
        assert line.rsplit(" ", 1)[0] not in seen
        seen.add(line.rsplit(" ", 1)[0])


def test_a_series_has_base_units_in_its_name_and_parameters_as_labels() -> None:
    lines = FORMATS["prometheus"]([RUN]).splitlines()
    (line,) = [line for line in lines if line.startswith("hwperf_bandwidth_bytes_per_second{")]
    assert dict(LABEL.findall(line)) == {
        "machine": "here", "environment": "host-py3.11", "statistic": "median",
        "workload": "memory.copy", "nbytes": "8", "pages": "small",
    }  # fmt: skip
    assert float(line.split()[-1]) == pytest.approx(10e9)
    assert any(line.startswith("hwperf_latency_seconds{") for line in lines)
    assert any(line.startswith('hwperf_benchmark_seconds{machine="here"') for line in lines)


def test_every_metric_has_a_name_with_its_unit() -> None:
    for metric in METRICS.values():
        text = FORMATS["prometheus"]([run_of(measured(metric=metric.name))])
        assert f"# TYPE hwperf_{metric.name}_" in text
        assert f"hwperf_{metric.name}_value" not in text


def test_of_several_runs_the_newest_is_the_series() -> None:
    old = run_of(measured(value=1e9), measured_at=1.0, commit="a" * 40)
    new = run_of(measured(value=2e9), measured_at=2.0, commit="b" * 40)
    for order in ([old, new], [new, old]):
        text = FORMATS["prometheus"](order)
        assert 'commit="bbbb' in text
        assert 'commit="aaaa' not in text
        (line,) = [
            at for at in text.splitlines() if at.startswith("hwperf_bandwidth_bytes_per_second{")
        ]
        assert float(line.split()[-1]) == pytest.approx(2e9)


def test_the_table_for_people_stays_a_table() -> None:
    text = FORMATS["markdown"]([HOSTILE])
    rows = [line for line in text.replace("\\|", "").splitlines() if line.startswith("| `")]
    assert [row.count("|") for row in rows] == [5, 5]
    outside = re.sub(r"`[^`\n]*`", "", text)
    assert not re.search(r"(?<!\\)<script", outside)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 2000


@given(st.text(max_size=50), st.text(max_size=50))
def test_no_name_breaks_a_format(name: str, value: str) -> None:
    run = run_of(measured(params={name: value}), machine=name, environment=value)
    assert len(rows_of(run)) == 1
    assert ElementTree.fromstring(FORMATS["junit"]([run])).get("tests") == "1"
    assert json.loads(FORMATS["json"]([run]))["runs"][0]["machine"] == name
    test_the_exposition_follows_its_grammar(run)


@pytest.mark.parametrize("form", FORMATS)
def test_a_stored_run_is_written_the_same_each_time(form: str, tmp_path: Path) -> None:
    path = stored(tmp_path, [Row([1e-9, None, math.nan, 1e308], [1, 2, 3, 4])])
    before = path.read_bytes()
    run = of_file(path)
    assert run is not None
    assert FORMATS[form]([run]) == FORMATS[form]([run])
    assert path.read_bytes() == before


def test_a_file_is_written_through_a_link_and_a_directory_is_none(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    destination.write(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    with pytest.raises(UsageError, match="it is a directory"):
        destination.write(tmp_path, "x")
    with pytest.raises(UsageError, match="Name another file with -o"):
        destination.write(target / "below", "x")
