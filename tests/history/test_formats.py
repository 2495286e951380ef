"""Each format holds what its readers need, whatever names the results bring."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from hwperf.history.gate import Inputs, Report, examine, inputs_of
from hwperf.history.gate.formats import FORMATS, render
from hwperf.history.gate.location import location_of
from tests.history.planted import (
    BANDWIDTH,
    Bench,
    columns,
    one,
    own_cache,
    project,
    series_of,
)  # fmt: skip
from tests.test_docs import faults

__all__ = ["own_cache"]

ROOT = Path(__file__).resolve().parents[2]
N = 50
HOSTILE = "x\"'<script>&amp;|`*_::error::%0A,\x1b[31m\x00\ud800é 名\n\r" + "y" * 10_000


def hostile() -> Bench:
    each = [series_of(N, (30, 1.3), seed=i) for i in range(2)]
    return Bench("mod." + HOSTILE, columns(*each), [HOSTILE + "1", HOSTILE + "2"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Inputs]:
    """A report that has something of everything."""
    root = tmp_path_factory.mktemp("made")
    tail: list[float | None] = [*series_of(N - 2), None, None]
    benches = [
        one("m.Copy.cost", series_of(N, (30, 1.25), base=5e-11), definition=BANDWIDTH),
        one("mod.time_back", series_of(N, (15, 1.3), (35, 1 / 1.3))),
        one("mod.time_new", series_of(N, (N - 1, 1.6))),
        one("mod.Suite.time_better", series_of(N, (25, 0.7))),
        one("mod.time_fails", tail),
        one("mod.time_short", [1.0, 2.0]),
        one("mod.time_accepted", series_of(N, (30, 1.2))),
        hostile(),
    ]
    commits = project(root, benches)
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "mod.py").write_text(
        "import x\n\n\nclass Suite:\n    def time_better(self):\n        pass\n\n\n"
        "def time_new():\n    pass\n"
    )
    (root / ".hwperf-accept.toml").write_text(
        f'[[accept]]\nid="hp-1"\nbench="mod.time_accepted"\ncommit="{commits[30]}"\nreason="so"\n'
        '[[accept]]\nid="hp-2"\nbench="mod.gone"\nreason="so"\n'
    )
    inputs = inputs_of(config=root / "asv.conf.json")
    return examine(inputs), inputs


def shown(made: tuple[Report, Inputs], format: str) -> str:
    return render(*made, format)


def test_the_report_has_something_of_everything(made: tuple[Report, Inputs]) -> None:
    counts = made[0].counts
    assert made[0].exit_code == 1
    for kind in ("regression", "failing", "possible", "improvement", "recovered", "accepted"):
        assert counts[kind] >= 1, kind
    assert [entry.id for entry in made[0].stale] == ["hp-2"]


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_is_the_same_twice_and_ends_with_a_line(
    made: tuple[Report, Inputs], format: str
) -> None:
    text = shown(made, format)
    assert text == shown(made, format)
    assert text.endswith("\n")
    assert "\x1b" not in text
    assert "\x00" not in text
    text.encode("utf-8")


def test_text_says_rates_direction_commit_and_what_to_do(made: tuple[Report, Inputs]) -> None:
    text = shown(made, "text")
    plain = re.sub(r"\s+", " ", text)
    assert text.startswith("FAIL: 2 regressions (")
    assert re.search(
        r"bandwidth fell by (19|20)\.\d % \([\d.]+ to [\d.]+ %\): 20\.\d GB/s to", plain
    )
    assert "measure again: asv run --bench" in plain
    assert "recovered mod.time_back: time rose by" in plain
    assert "accepted hp-2 (mod.gone) has no effect: there is no such change any more" in plain
    assert "mod.time_fails was 1.00 ms, and fails now" in plain


def test_text_fits_eighty_columns_where_words_do(made: tuple[Report, Inputs]) -> None:
    long = [line for line in shown(made, "text").splitlines() if len(line) > 80]
    assert all("measure again:" in line or len(line.split()) <= 3 for line in long)


def test_the_gravest_come_first(made: tuple[Report, Inputs]) -> None:
    report = made[0]
    failing = [finding.fails for finding in report.findings]
    assert failing == sorted(failing, reverse=True)
    sizes = [
        min(abs(bound) for bound in finding.change_interval)
        for finding in report.findings
        if finding.fails
    ]
    assert len(sizes) == 2


def test_json_follows_its_schema(made: tuple[Report, Inputs]) -> None:
    schema = json.loads((ROOT / "docs" / "reference" / "track.schema.json").read_text("utf-8"))
    told = json.loads(shown(made, "json"))
    assert against(schema, told) == []
    assert against(schema, {**told, "verdict": "maybe"}) != []
    assert against(schema, {**told, "findings": [{}]}) != []
    copy = next(f for f in told["findings"] if f["benchmark"] == "m.Copy.cost")
    assert (copy["unit"], copy["direction"]) == ("B/s", "higher")
    assert copy["ratio"] == pytest.approx(0.8, abs=0.01)
    assert copy["ci95"][0] < copy["ratio"] < copy["ci95"][1]
    assert copy["before"] == pytest.approx(2e10, rel=0.01)


def against(schema: dict[str, Any], value: object) -> list[str]:
    finding = schema["$defs"]["finding"]
    properties = {
        **schema["properties"],
        **{n: {"type": "array", "items": finding} for n in ("findings", "accepted")},
    }
    return faults({**schema, "properties": properties}, value)


def test_junit_has_one_case_for_each_series(made: tuple[Report, Inputs]) -> None:
    root = ET.fromstring(shown(made, "junit"))
    (suite,) = root
    cases = list(suite)
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert {case.tag for case in cases} == {"testcase"}
    assert len(cases) == len(made[0].tested) == int(suite.attrib["tests"]) == 9
    failures = [case for case in cases if case.find("failure") is not None]
    assert len(failures) == int(suite.attrib["failures"]) == 3
    skipped = [case.attrib["classname"] for case in cases if case.find("skipped") is not None]
    assert skipped == ["mod.time_short"]
    copy = next(case for case in cases if case.attrib["classname"] == "m.Copy.cost")
    failure = copy.find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "regression"
    assert "bandwidth fell by" in failure.attrib["message"]
    for case in cases:
        assert set(case.attrib) == {"classname", "name", "time"}
        assert {child.tag for child in case} <= {"failure", "skipped", "system-out"}


def test_sarif_has_a_rule_a_place_and_a_fingerprint_for_each_result(
    made: tuple[Report, Inputs],
) -> None:
    log = json.loads(shown(made, "sarif"))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == [f"HWP00{i}" for i in range(1, 8)]
    assert {result["level"] for result in run["results"]} == {"error", "note"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        (place,) = result["locations"]
        physical = place["physicalLocation"]
        assert re.fullmatch(r"[\w./%-]+", physical["artifactLocation"]["uri"])
        assert physical["region"]["startLine"] >= 1
        assert result["partialFingerprints"]["hwperfFinding/v1"].startswith("hp-")
        assert result["message"]["text"]
    lines = {
        result["locations"][0]["physicalLocation"]["region"]["startLine"]
        for result in run["results"]
        if "mod.time_new" in result["message"]["text"]
    }
    assert lines == {9}


def test_github_gets_one_whole_line_for_each_finding(made: tuple[Report, Inputs]) -> None:
    lines = shown(made, "github").splitlines()
    *annotations, last = lines
    for line in annotations:
        found = re.fullmatch(r"::(error|warning|notice) ([^:]*)::(.+)", line)
        assert found, line[:80]
        properties = dict(pair.split("=", 1) for pair in found[2].split(","))
        assert set(properties) == {"file", "line", "title"}
    assert last.startswith("hwperf regress: fail")
    assert [line[:4] for line in annotations][:2] == ["::er"] * 2


def test_markdown_shows_names_as_they_are(made: tuple[Report, Inputs]) -> None:
    text = shown(made, "markdown")
    assert "<script>" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and "`hp-" in line]
    assert len(rows) == len(made[0].findings)
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {7}
    assert len(text) < 65_536


def test_a_benchmark_is_found_in_its_file(tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    (suite / "deep").mkdir(parents=True)
    (suite / "deep" / "__init__.py").write_text("def time_a():\n    pass\n")
    (suite / "deep" / "more.py").write_text("class A:\n    x = 1\n\n    def time_b(self): ...\n")
    (suite / "broken.py").write_text("def (")
    conf = tmp_path / "asv.conf.json"

    def place(name: str) -> tuple[str, int]:
        found = location_of(name, suite, conf)
        return found.file, found.line

    assert place("deep.time_a") == ("suite/deep/__init__.py", 1)
    assert place("deep.more.A.time_b") == ("suite/deep/more.py", 4)
    assert place("deep.more.A.time_inherited") == ("suite/deep/more.py", 1)
    for name in ("nowhere.time_x", "broken.time_x", "../../etc.passwd", "..", ""):
        assert place(name) == ("asv.conf.json", 1)
