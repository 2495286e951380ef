"""A page about a run: every section is drawn from any results, and nothing in them breaks it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import altair as alt
import pytest

from hwperf.asv import recorded
from hwperf.report.pages import document, marks
from hwperf.report.pages.contents import Context, Page, page_of
from hwperf.report.pages.parts import Chart, Table, Words, plain, shortened
from report.synthetic import BEGAN, HOSTILE, all_failed, mixed, write_suite

CHARTS = {
    "memory-latency", "memory-stream", "memory-mountain", "memory-stride", "memory-bursts",
    "memory-chains", "memory-tlb", "memory-first-touch", "cpu-roofline", "cpu-fma", "cpu-gemm",
    "cpu-latency", "cpu-branch", "cpu-vector-add", "cpu-calls", "multicore-scaling",
    "multicore-loaded", "multicore-matrix", "multicore-sharing", "multicore-system",
    "multicore-workers", "storage-read-rate", "storage-read-p50", "storage-read-p99",
    "storage-read-p99-9", "storage-write-rate", "storage-write-p50", "storage-write-p99",
    "storage-write-p99-9", "storage-sequential", "storage-cache", "storage-durable",
    "storage-metadata", "storage-checkpoint", "storage-feed", "transfer-size", "transfer-overlap",
    "transfer-launch", "transfer-gemm", "transfer-stream", "network-size", "network-round-trip",
    "network-collective", "network-host", "noise-intervals", "noise-timeline", "noise-clock",
}  # fmt: skip
LARGEST = 3_000_000  # Bytes of a page that is sent by mail.


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of one machine, the second slower, and a machine on which everything failed."""
    directory = tmp_path_factory.mktemp("results")
    write_suite(directory)
    write_suite(directory, commit="b" * 40, at=BEGAN + 86400, factor=1.3, verdict=mixed)
    write_suite(directory, machine="failures", verdict=all_failed)
    return directory


def runs_of(results: Path, machine: str = "here") -> list[recorded.Run]:
    return sorted(recorded.runs(results, machine=machine), key=lambda run: run.measured_at or 0.0)


def page(results: Path, machine: str = "here", which: int = 0) -> Page:
    runs = runs_of(results, machine)
    before = runs[which - 1] if which else None
    return page_of(runs[which], before, Context.of(results))


def charts(made: Page) -> dict[str, Chart]:
    return {
        block.id: block
        for section in made.sections
        for block in section.blocks
        if isinstance(block, Chart)
    }


def text_of(made: Page, section: str) -> str:
    (found,) = (each for each in made.sections if each.id == section)
    return " ".join(block.text for block in found.blocks if isinstance(block, Words))


class Tags(HTMLParser):
    """Collects the elements of a page and what they load."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.handlers: list[str] = []
        self.loads: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        found = dict(attrs)
        self.handlers += [name for name in found if name.startswith("on")]
        if tag in ("script", "link", "img", "iframe"):
            self.loads += [v for k, v in found.items() if k in ("src", "href") and v]
        if tag not in ("meta", "link", "img", "br", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def tags_of(text: str) -> Tags:
    found = Tags()
    found.feed(text)
    assert found.open == []
    return found


def test_a_whole_suite_has_every_chart(results: Path) -> None:
    assert {name for name in charts(page(results)) if not name.startswith("more-")} == CHARTS


def test_every_workload_is_seen_in_its_section(results: Path) -> None:
    """Those without a chart of their own too: all that a run measured is drawn, or in a table."""
    made = page(results)
    marks = {row.get("of") for chart in charts(made).values() for row in chart.rows}
    cells = {
        row[0]
        for section in made.sections
        if section.id not in ("raw", "others")
        for block in section.blocks
        if isinstance(block, Table)
        for row in block.rows
    }
    suite = {m.name for m in runs_of(results)[0].measurements}
    assert suite - marks - cells == set()


def test_every_chart_has_data_a_caption_and_words_for_those_who_do_not_see_it(
    results: Path,
) -> None:
    for name, chart in charts(page(results)).items():
        assert any(row["kind"] in ("mark", "slope") for row in chart.rows), name
        assert chart.caption.endswith("."), name
        assert len(chart.alt) > 20, name
        assert re.fullmatch(r"[a-z0-9-]+", name)


def test_a_chart_is_declared_the_same_for_every_run(results: Path) -> None:
    """What differs are rows: so an earlier run can be laid over a later one."""
    first, second = (charts(page(results, which=n)) for n in (0, 1))
    for name in first.keys() & second.keys():
        assert first[name].spec == second[name].spec, name


@pytest.mark.parametrize(
    "spec",
    [
        marks.curve("x", "y"), marks.curve("x", "y", x="count", y="linear", colors=False),
        marks.curve("x", "y", x="log", y="level"), marks.roofline("x", "y"), marks.heat("x", "y"),
        marks.dots("x", shapes=True), marks.bars("x", colors=True), marks.columns("x", "y"),
        marks.timeline("x"),
    ],
)  # fmt: skip
def test_each_kind_of_chart_follows_the_schema_of_vega_lite(spec: Mapping[str, Any]) -> None:
    alt.Chart.from_dict(dict(spec), validate=True)


def test_fields_have_fixed_names_and_titles_are_filled_in(results: Path) -> None:
    """A name of the results is never a field: it could hold dots, brackets or an expression."""
    allowed = {
        "x", "x2", "y", "y2", "lo", "hi", "low", "series", "label", "text", "run", "row", "column",
        "shade", "shape", "at", "told", "group",
    }  # fmt: skip
    for name, chart in charts(page(results)).items():
        words = json.dumps(chart.spec)
        assert set(re.findall(r'"field": "(.*?)"', words)) <= allowed, name
        assert "the x title" not in words
        assert "the y title" not in words


def test_the_csv_beside_a_chart_holds_its_rows(results: Path) -> None:
    made = page(results)
    files = document.csv_files(made)
    assert {f"{name}.csv" for name in CHARTS} | {"points.csv"} <= set(files)
    for name, chart in charts(made).items():
        header, *rows = csv.reader(io.StringIO(files[f"{name}.csv"]))
        assert header == list(chart.columns.values())
        assert len(rows) == len(chart.rows)
    header, first, *_ = csv.reader(io.StringIO(files["memory-latency.csv"]))
    cell = dict(zip(header, first, strict=True))
    assert cell["working_set_bytes"] == "4096.0"
    assert float(cell["ns"]) == pytest.approx(1.0)


def test_a_page_is_one_file_that_loads_nothing(results: Path) -> None:
    text = document.document(page(results))
    found = tags_of(text)
    assert found.loads == []
    assert "sourceMappingURL" not in text
    assert len(text.encode()) < LARGEST


def test_a_real_run_of_twice_the_points_still_fits(results: Path) -> None:
    """A large machine has more points than a small one; the libraries take 850 kB of the page."""
    text = document.document(page(results))
    libraries = sum(len(document.asset(f"vendor/{name}")) for name in document.SCRIPTS)
    assert libraries < 900_000
    assert len(text) - libraries < LARGEST - libraries


def with_caches(path: Path, caches: Any) -> Path:
    """Put what the system reported into each line of a run's sidecar."""
    sidecar = path.with_suffix(".hwperf.jsonl")
    lines = [json.loads(line) for line in sidecar.read_text().splitlines()]
    for line in lines:
        line["tags"]["caches"] = caches
    sidecar.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_the_caches_that_the_system_reported_are_bands_wherever_the_page_is_made(
    tmp_path: Path,
) -> None:
    with_caches(write_suite(tmp_path, only="memory"), {"L1": 32768, "L2": 2**20, "L3": 2**25})
    chart = charts(page(tmp_path))["memory-latency"]
    bands = [(row["label"], row["x"], row["x2"]) for row in chart.rows if row["kind"] == "band"]
    assert bands == [("L1", 4096, 32768), ("L2", 32768, 2**20), ("L3", 2**20, 2**25)]
    assert "L3 32 MiB" in chart.caption


@pytest.mark.parametrize(
    "caches",
    [None, [], "L1", {"L1": None, "L2": "x", "L3": -1, "x": 4096}, {"L1": 1e300}, {"": {}}],
)
def test_caches_that_are_none_are_no_bands(tmp_path: Path, caches: Any) -> None:
    with_caches(write_suite(tmp_path, only="memory.latency"), caches)
    chart = charts(page(tmp_path))["memory-latency"]
    assert not any(row["kind"] == "band" for row in chart.rows)


def test_latencies_in_cycles_are_by_the_clock_beside_each_point(tmp_path: Path) -> None:
    """A run of simd alone has no core.clock."""
    write_suite(tmp_path, only="simd.operation_latency")
    (first, *_) = charts(page(tmp_path))["cpu-latency"].rows
    (measured, *_) = runs_of(tmp_path)[0].measurements
    assert measured.value is not None
    assert first["y"] == pytest.approx(measured.value * 3.5e9)


def test_percentiles_that_no_point_supports_are_named(tmp_path: Path) -> None:
    write_suite(tmp_path, only="storage", has_sidecar=False)
    assert "latency p50, p99, p99.9: no point made enough" in text_of(page(tmp_path), "storage")


def test_threats_to_validity_and_what_is_counted_are_told(results: Path) -> None:
    body = document.body(page(results))
    assert body.count("<dt>Threats to validity</dt>") >= 70
    assert "a page walk is a load too" in body.lower()
    assert "<dt>Counted</dt><dd>One operation per dependent load." in body


_JUDGED = re.compile(r"\b(good|bad|poor|typical|low|normal|excellent|slow|fast)\b", re.IGNORECASE)


def test_no_chart_judges_a_number_without_a_reference(results: Path) -> None:
    for name, chart in charts(page(results)).items():
        assert not _JUDGED.search(f"{chart.title} {chart.alt}"), name
        assert name.startswith("more-") or not _JUDGED.search(chart.caption), name


def test_names_that_hold_markup_stay_text(tmp_path: Path) -> None:
    write_suite(
        tmp_path, machine='<img src=x onerror=alert(1)>"&amp;', facts={"cpu": HOSTILE * 300}
    )
    path = next(tmp_path.glob("*/a*.json"))
    stored = json.loads(path.read_text())
    stored["env_name"] = HOSTILE
    row = stored["results"].pop("core.Null.cost")
    stored["results"][f"{HOSTILE}.{'long' * 2500}"] = [
        [1.0], [[repr(HOSTILE * 50)]], *row[2:5], *[None] * 8
    ]  # fmt: skip
    path.write_text(json.dumps(stored))
    (machine,) = (each.name for each in tmp_path.iterdir() if each.is_dir())
    text = document.document(page(tmp_path, machine))
    found = tags_of(text)
    assert "img" not in found.names
    assert found.handlers == []
    data = re.search(r'id="hwperf-data">(.*?)</script>', text, re.DOTALL)
    assert data
    assert set(json.loads(data[1])["charts"]) >= {"memory-latency"}
    assert "\u202e" not in text
    assert HOSTILE not in text
    assert "long" * 100 not in text


def test_half_a_surrogate_pair_does_not_stop_a_page(tmp_path: Path) -> None:
    """JSON may hold one, and UTF-8 may not."""
    write_suite(tmp_path, only="core", facts={"cpu": "a\ud800b"})
    document.document(page(tmp_path)).encode("utf-8")


def test_a_run_of_nothing_but_failures_says_why(results: Path) -> None:
    made = page(results, "failures")
    assert charts(made).keys() <= {"noise-timeline", "noise-clock"}
    assert made.trust.level == "poor"
    assert "nothing" in text_of(made, "overview")
    for section in ("memory", "cpu", "multicore", "storage", "transfer", "network"):
        assert "all points failed: the sum is 3 (is) != 4 (should)" in text_of(made, section)
    tags_of(document.document(made))


def test_what_a_machine_cannot_do_is_said_with_its_reason(results: Path) -> None:
    made = page(results, which=1)
    assert text_of(made, "transfer") == "Transfers: all points n/a: no accelerator found"


def test_what_a_run_left_out_is_named_with_the_command_that_measures_it(tmp_path: Path) -> None:
    write_suite(tmp_path, only="memory")
    said = text_of(page(tmp_path), "storage")
    assert "not in this run" in said
    assert r"hwperf run -k '^storage\.'" in said


def test_a_run_without_its_sidecar_is_drawn(tmp_path: Path) -> None:
    write_suite(tmp_path, has_sidecar=False)
    made = page(tmp_path)
    assert {"memory-latency", "cpu-fma", "storage-read-rate"} <= charts(made).keys()
    assert "not there" in text_of(made, "noise")


def test_results_of_an_older_version_are_drawn_as_far_as_they_go(tmp_path: Path) -> None:
    """Its parameters were others, its workload is gone, its definition was not kept."""
    path = write_suite(tmp_path, only="memory")
    stored = json.loads(path.read_text())
    row = stored["results"]["memory.Latency.cost"]
    row[0], row[1] = row[0][:2], [["'four kilobytes'", "None"]]
    row[5:] = [None] * 8
    stored["results"]["memory.Gone.cost"] = row
    path.write_text(json.dumps(stored))
    (tmp_path / "benchmarks.json").write_text("{}")
    made = page(tmp_path)
    assert "memory-latency" not in charts(made)
    others = next(each for each in made.sections if each.id == "others")
    assert any(isinstance(block, Table) and block.rows for block in others.blocks)
    tags_of(document.document(made))


def test_benchmarks_that_are_not_hwperfs_are_listed_as_they_are(tmp_path: Path) -> None:
    path = write_suite(tmp_path, only="core")
    stored = json.loads(path.read_text())
    row = list(stored["results"]["core.Null.cost"])
    stored["results"]["suite.track_size"] = [[0], [], *row[2:5], *[None] * 8]
    path.write_text(json.dumps(stored))
    (others,) = (each for each in page(tmp_path).sections if each.id == "others")
    (table,) = (block for block in others.blocks if isinstance(block, Table))
    assert table.rows == [("suite.track_size", "", "0", "ok")]


@pytest.mark.parametrize("cost", ["NaN", "Infinity", "1e308", "1e-320", "0", "-1", "null"])
def test_strange_values_break_no_page(tmp_path: Path, cost: str) -> None:
    path = write_suite(tmp_path)
    stored = path.read_text()
    path.write_text(re.sub(r"\[\[[-0-9.e]+, ", f"[[{cost}, ", stored))
    text = document.document(page(tmp_path))
    data = re.search(r'id="hwperf-data">(.*?)</script>', text, re.DOTALL)
    assert data
    json.loads(data[1], parse_constant=lambda token: pytest.fail(f"{token} is no JSON"))


def test_a_changed_run_is_set_against_the_one_before(results: Path) -> None:
    made = page(results, which=1)
    said = text_of(made, "changes")
    assert re.search(r"of \d+ points in both, \d{3} got worse, 0 better", said), said
    (section,) = (each for each in made.sections if each.id == "changes")
    tables = {block.title: block for block in section.blocks if isinstance(block, Table)}
    assert set(tables) == {"Worse", "Differences of machine and state"}
    assert any(row[0] == "commit" for row in tables["Differences of machine and state"].rows)


def test_a_first_run_says_that_it_is_the_first(results: Path) -> None:
    assert "first run" in text_of(page(results), "changes")


def test_the_method_of_each_workload_has_its_definition_and_source(results: Path) -> None:
    body = document.body(page(results))
    (method,) = re.findall(r'<section id="method">.*?</section>', body, re.DOTALL)
    assert "a &lt;/script&gt;" in method
    assert "A doc." in method
    assert "hwperf measure memory.latency" in method
    assert method.count("<details>") == len(
        {m.name for m in runs_of(results)[0].measurements if not m.is_tail}
    )


def test_what_cannot_be_seen_is_marked_and_long_names_are_cut() -> None:
    assert plain("a\x00b\u202ec\nd\te é") == "a\ufffdb\ufffdc\nd\te é"
    assert shortened("a\n b") == "a b"
    assert len(shortened("x" * 10_000)) < 90
