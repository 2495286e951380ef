"""The pictures of the pages come from a recorded run, are whole, and say what they show."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import pictures
import pytest
from line_chart import Line, Point, chart

from docs.conftest import DOCS
from hwperf.asv.recorded import newest

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return dict(pictures.pictures(DOCS))


def test_every_picture_that_a_page_shows_is_drawn(drawn: dict[str, str]) -> None:
    pages = [page.read_text("utf-8") for page in DOCS.rglob("*.md")]
    shown = {name for text in pages for name in re.findall(r"\bpictures/([\w-]+\.\w+)", text)}
    assert {"latency.svg", "card.txt"} <= shown
    assert shown <= set(drawn)


def test_every_picture_is_well_formed(drawn: dict[str, str]) -> None:
    for name, svg in drawn.items():
        if name.endswith(".svg"):
            assert ElementTree.fromstring(svg).tag == f"{SVG}svg", name


def test_a_chart_says_what_it_shows_to_who_cannot_see_it(drawn: dict[str, str]) -> None:
    for name in ("latency.svg", "bandwidth.svg"):
        root = ElementTree.fromstring(drawn[name])
        assert root.get("role") == "img"
        assert root.findtext(f"{SVG}title")
        assert root.findtext(f"{SVG}desc")


def test_each_line_has_a_mark_for_each_point_that_was_measured(drawn: dict[str, str]) -> None:
    run = newest(DOCS / pictures.RESULTS)
    assert run is not None
    expected = [
        m
        for m in run.measurements
        if m.name == "memory.latency"
        and (m.params["pages"], m.params["order"]) != ("small", "local")
        and m.value is not None
    ]
    root = ElementTree.fromstring(drawn["latency.svg"])
    assert len(root.findall(f"{SVG}circle")) == len(expected) > 30


def test_names_with_marks_of_xml_break_nothing() -> None:
    line = Line("<b>&\"'", (Point(1, 1, 0.9, 1.1), Point(10, 5, 4, 6)))
    svg = chart(
        "<script>",
        "a & b",
        [line],
        shown_x=lambda x: f"{x:g}",
        shown_y=lambda y: f"{y:g}",
        x_step=2,
    )
    root = ElementTree.fromstring(svg)
    assert root.findtext(f"{SVG}title") == "<script>"
    assert "<b>&\"'" in [text.text for text in root.findall(f"{SVG}text")]


def test_lines_that_end_alike_have_labels_apart() -> None:
    lines = [Line(f"line {i}", (Point(1, 1, 1, 1), Point(8, 5 + i / 1e6, 5, 5))) for i in range(4)]
    svg = chart("t", "s", lines, shown_x=str, shown_y=str, x_step=2)
    root = ElementTree.fromstring(svg)
    labels = [t for t in root.findall(f"{SVG}text") if (t.text or "").startswith("line ")]
    heights = sorted(float(label.get("y", "nan")) for label in labels)
    assert all(b - a >= 15 for a, b in pairwise(heights))


def test_a_verb_that_draws_nothing_is_a_picture_of_its_reason(tmp_path: Path) -> None:
    svg = pictures._by_verb(tmp_path, "no-such-verb")
    assert "is no verb" in "".join(ElementTree.fromstring(svg).itertext())


def test_without_the_recorded_run_it_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no run\. See tools/sample_run/make\.py"):
        dict(pictures.pictures(tmp_path))


def test_a_picture_that_is_the_same_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "pictures", lambda source: [("a.svg", "<svg/>")])
    pictures.write(tmp_path)
    before = (tmp_path / "pictures" / "a.svg").stat().st_mtime_ns
    pictures.write(tmp_path)
    assert (tmp_path / "pictures" / "a.svg").stat().st_mtime_ns == before
