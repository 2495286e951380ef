"""The tab "Hardware" of the published site: every run of every machine, found and complete."""

from __future__ import annotations

import json
import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv.publication import GROUP, Publication, Tab
from hwperf.report.pages import published
from report.synthetic import BEGAN, HOSTILE, mixed, write_suite


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of two machines, of which one has two runs."""
    directory = tmp_path_factory.mktemp("published")
    results = directory / "results"
    write_suite(results, machine="old", at=BEGAN - 1e6, only="memory")
    write_suite(results, facts={"cpu": HOSTILE})
    write_suite(results, commit="b" * 40, at=BEGAN + 86400, verdict=mixed)
    told = Publication(directory / "site", results, revisions={"b" * 40: 17})
    assert published.publish(told) == [Tab("Hardware", "hardware/index.html")]
    return directory / "site" / "hardware"


def index(site: Path) -> dict[str, Any]:
    found = re.search(r'id="hwperf-index">(.*?)</script>', (site / "index.html").read_text("utf-8"))
    assert found
    loaded: dict[str, Any] = json.loads(found[1])
    return loaded


def run(site: Path, number: int) -> dict[str, Any]:
    text = (site / "data" / f"{number}.js").read_text(encoding="utf-8")
    start = f"hwperf_runs[{number}] = "
    assert text.startswith(start)
    loaded: dict[str, Any] = json.loads(text.removeprefix(start).rstrip(";\n"))
    return loaded


def test_it_is_registered_as_a_report() -> None:
    (found,) = (point for point in entry_points(group=GROUP) if point.name == "hardware")
    assert found.load() is published.publish


def test_the_machine_that_was_measured_last_comes_first_and_so_do_its_runs(site: Path) -> None:
    found = index(site)
    assert found["machines"] == ["here", "old"]
    assert [(each["machine"], each["label"].split(", ")[1]) for each in found["runs"]] == [
        ("here", "bbbbbbbb"), ("here", "aaaaaaaa"), ("old", "aaaaaaaa"),
    ]  # fmt: skip


def test_a_run_is_named_by_its_number_on_the_pages_axis(site: Path) -> None:
    labels = [each["label"] for each in index(site)["runs"]]
    assert ", revision 17, " in labels[0]
    assert "revision" not in labels[1]


def test_every_chart_of_every_run_has_a_specification_and_a_csv(site: Path) -> None:
    specs = json.loads((site / "specs.js").read_text().partition(" = ")[2].rstrip(";\n"))
    for each in index(site)["runs"]:
        data = run(site, each["number"])
        assert data["charts"].keys() <= specs.keys()
        assert set(re.findall(r'data-chart="(.*?)"', data["html"])) == data["charts"].keys()
        for name in data["charts"]:
            assert (site / "data" / str(each["number"]) / f"{name}.csv").is_file()
    assert len(specs) > 40


def test_what_the_page_loads_lies_beside_it(site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    loaded = re.findall(r'(?:src|rel="stylesheet" href)="(.*?)"', text)
    assert len(loaded) == 7
    assert [name for name in loaded if not (site / name).is_file()] == []
    assert "Interactive Data Lab" in (site / "LICENSES.txt").read_text(encoding="utf-8")


def test_names_in_the_markup_of_a_run_stay_text(site: Path) -> None:
    assert "<img" not in run(site, 1)["html"]
    assert "<img" not in (site / "index.html").read_text(encoding="utf-8")


def test_an_empty_history_gives_a_page_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    told = Publication(tmp_path / "site", tmp_path / "results")
    assert published.publish(told) == [Tab("Hardware", "hardware/index.html")]
    text = (tmp_path / "site" / "hardware" / "index.html").read_text(encoding="utf-8")
    assert "Nothing is recorded yet" in text
    assert "<script" not in text


def test_only_the_newest_runs_of_a_machine_are_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "MOST_RUNS", 2)
    for number in range(4):
        write_suite(tmp_path / "results", commit=f"{number}" * 40, at=BEGAN + number, only="core")
    published.publish(Publication(tmp_path / "site", tmp_path / "results"))
    labels = [each["label"] for each in index(tmp_path / "site" / "hardware")["runs"]]
    assert [label.split(", ")[1] for label in labels] == ["3" * 8, "2" * 8]


def test_a_fragment_is_offered_and_not_shown_first(tmp_path: Path) -> None:
    write_suite(tmp_path / "results", only="memory")
    write_suite(tmp_path / "results", commit="b" * 40, at=BEGAN + 60, only="core.null")
    published.publish(Publication(tmp_path / "site", tmp_path / "results"))
    found = index(tmp_path / "site" / "hardware")
    assert [each["label"].split(", ")[1] for each in found["runs"]] == ["b" * 8, "a" * 8]
    assert found["first"] == 1


def test_a_result_file_of_nonsense_is_named_and_costs_no_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_suite(tmp_path / "results", only="core")
    path = write_suite(tmp_path / "results", commit="b" * 40, at=BEGAN + 60, only="core.null")
    stored = json.loads(path.read_text())
    stored["results"]["core.Null.cost"][0] = [10**400]
    path.write_text(json.dumps(stored))
    published.publish(Publication(tmp_path / "site", tmp_path / "results"))
    assert len(index(tmp_path / "site" / "hardware")["runs"]) == 1
    assert "is damaged" in capsys.readouterr().err


def test_the_results_are_read_only(tmp_path: Path) -> None:
    write_suite(tmp_path / "results", only="core")
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    published.publish(Publication(tmp_path / "site", tmp_path / "results"))
    after = {path: path.is_file() and path.read_bytes() for path in tmp_path.glob("results/**/*")}
    assert after == {path: text for path, text in before.items() if path.name != "results"}
