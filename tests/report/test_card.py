"""The block fits a chat, each form shows every claim, and no name can break out of one."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hwperf.asv.recorded import Measurement, Run
from hwperf.report import card
from hwperf.report.card.words import NOISY, here, interval, plain, shown, textbook
from hwperf.report.claims import Quantity, claims
from hwperf.units import MiB
from tests.test_docs import faults

from .claim_points import everything, point

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "reference" / "card.schema.json"
FACTS = {"machine": "here", "cpu": "A CPU", "num_cpu": "2", "ram": "16 GiB", "os": "Linux"}
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    '<script>alert("1")</script>', "a|b`c``` *d* [e](f)", "x" * 10_000, "two\nlines\r\x1b[31m\x00",
    "日本語 ‮ dlrow", "&amp; ]]> --> '\"", "\ud800",
]  # fmt: skip


def run_of(points: list[Measurement], facts: Mapping[str, str] | None = None) -> Run:
    return Run(
        path=Path("r.json"), machine="here", facts=FACTS if facts is None else facts,
        commit="abcdef1234567890", environment="host-py3.11", measured_at=1.7e9,
        measurements=tuple(points),
    )  # fmt: skip


def some(verdict: str = "ok") -> list[Measurement]:
    return [
        point("memory.latency", 1e-9, nbytes=16384, pages="huge", order="whole"),
        point("memory.latency", 1.5e-7, nbytes=256 * MiB, pages="huge", order="whole"),
        point("multicore.bandwidth", 5e10, threads=2, kernel="copy", verdict=verdict),
        point("multicore.mutex", 4e-9, kind="pthread", threads=1),
        point("core.clock", 3.6e9),
        *(point("memory.stride", v, nbytes=256 * MiB, stride_bytes=s, verdict=verdict)
          for s, v in ((8, 0.65e-9), (512, 7.3e-9))),
        point("network.link", None, verdict="n/a", reason="eth0 tells no speed"),
    ]  # fmt: skip


def test_the_block_has_at_most_twelve_lines_of_eighty_columns() -> None:
    for points in ([], some(), everything(), everything(1e-9), everything(1e9)):
        lines = card.block(run_of(points))
        assert len(lines) <= card.MOST_LINES == 12
        assert max(map(len, lines)) <= 80


def test_wide_letters_take_two_columns() -> None:
    facts = {**FACTS, "cpu": "処理装置" * 100, "os": "日本"}
    (line, *_) = card.block(run_of(some(), facts), 60)
    assert sum(2 if each in "処理装置日本" else 1 for each in line) <= 60
    assert line.endswith("…")
    assert card.block(run_of(some(), {**FACTS, "cpu": "é" * 5}), 80)[0].startswith("ééééé, 2 CPUs")


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_the_judgement_is_whole_or_says_that_it_is_cut(columns: int) -> None:
    """However many laws are broken, and however long their names are."""
    claimed = card.card_of(run_of(some()))
    for n_broken in (0, 1, 3, 30, 71):
        judged = tuple(
            replace(each, verdict="broken" if place < n_broken else each.verdict)
            for place, each in enumerate(
                sorted(claimed.judged, key=lambda each: -len(each.claim.id))
            )
        )
        counts = Counter(each.verdict for each in judged)
        lines = card.block(replace(claimed, judged=judged, counts=counts), columns)
        assert len(lines) <= card.MOST_LINES
        assert max(map(len, lines)) <= columns
        assert lines[-1].endswith("here." if columns == 80 else ("here.", "…", "measured."))
        if n_broken:
            assert f"{n_broken} broken" in " ".join(lines[-2:])


def test_the_laws_fit_a_narrow_terminal() -> None:
    for points in (some("noisy"), everything(), everything(1e9)):
        assert max(map(len, card.laws(run_of(points), 40))) <= 40


def test_the_block_names_machine_trust_numbers_and_judgement() -> None:
    machine, trust, *numbers, judged = card.block(run_of(some("noisy")), 120)
    assert machine == "A CPU, 2 CPUs, 16 GiB, Linux, 2023-11-14, abcdef12"
    assert trust == "noise floor ±1 %, 43 % of points noisy, 0 % of samples disturbed, 3.60 GHz"
    assert numbers[0] == (
        "       150 ns   a load from memory, at random: 150 x an L1 hit (1.00 ns)"
    )
    assert numbers[1] == "    50.0 GB/s ~ memory bandwidth of all cores"
    assert judged == (
        "Of 8 textbook claims 7 hold, 1 better, 0 worse, none broken; 63 cannot be measured here."
    )


def test_a_whole_run_leads_with_eight_numbers() -> None:
    assert len(card.card_of(everything()).headlines) == 8


def test_a_simulated_device_is_no_headline() -> None:
    def copied(**figures: str) -> str:
        copy = point("transfer.host_to_device", 5e10, nbytes=64 * MiB, memory="pinned",
                     figures={"device": "d (x:0)", **figures})  # fmt: skip
        return "\n".join(card.block([copy]))

    assert "from the host to the device" in copied()
    assert "from the host to the device" not in copied(simulated="yes: says nothing")


def test_what_breaks_is_named() -> None:
    reversed_ = [
        point("memory.stride", value, nbytes=256 * MiB, stride_bytes=stride)
        for stride, value in ((8, 7e-9), (512, 7e-10))
    ]
    assert "1 broken (memory.stride)" in "\n".join(card.block(reversed_, 120))


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
def test_the_text_fits_its_columns(columns: int) -> None:
    for points in (some("noisy"), everything(), everything(1.23e9), everything(4.56e-9)):
        assert max(map(len, card.text(points, columns))) <= columns


def test_every_form_shows_every_claim() -> None:
    run = run_of(some("noisy"))
    forms = {
        "text": "\n".join(card.text(run)), "markdown": card.markdown(run), "html": card.html(run),
        "json": json.dumps(card.to_json(run)),
    }  # fmt: skip
    for name, text in forms.items():
        assert {c.id for c in claims() if c.id not in text} == set(), name
    drawn = card.svg(run)
    measured = [each.claim.id for each in card.card_of(run).judged if each.is_measurable]
    assert measured
    assert {id for id in measured if id not in drawn} == set()


def test_a_noisy_claim_is_marked_in_every_form() -> None:
    run = run_of(some("noisy"))
    assert "holds~  memory.stride" in "\n".join(card.text(run))
    assert "holds \\~" in card.markdown(run)
    assert "holds ~" in card.svg(run)
    assert "holds</td>" in card.html(run)
    assert "holds ~</td>" in card.html(run)
    quiet = run_of(some())
    for form in (card.markdown(quiet), card.svg(quiet), card.html(quiet), *card.text(quiet)):
        assert NOISY not in form


def test_a_card_is_made_of_a_run_of_measurements_or_of_a_card() -> None:
    made = card.card_of(run_of(some()))
    assert card.card_of(made) is made
    assert card.text(iter(some()))[2:] == card.text(made)[2:]


def test_the_json_follows_the_published_schema() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    for points in ([], some("noisy"), everything(), everything(1e308), everything(1e-300)):
        found = json.loads(json.dumps(card.to_json(run_of(points)), allow_nan=False))
        assert faults(schema, found) == []
        assert [row["id"] for row in found["rows"]] == [claim.id for claim in claims()]


@pytest.mark.parametrize("key", ["verdict", "unit", "value", "workloads"])
def test_the_schema_rejects_what_is_wrong(key: str) -> None:
    found = json.loads(json.dumps(card.to_json(run_of(some()))))
    found["rows"][0][key] = {"a": 1}
    assert faults(json.loads(SCHEMA.read_text("utf-8")), found) != []


def test_the_laws_are_the_trends_alone() -> None:
    run = run_of(some())
    trends = [claim.id for claim in claims() if claim.kind == "trend"]
    assert [row["id"] for row in card.claims_object(run)["rows"]] == trends
    text = "\n".join(card.laws(run))
    assert "-> sequential 12.3 GB/s against strided 1.10 GB/s; by memory.stride" in text
    assert max(map(len, card.laws(run))) <= 80


def hostile(words: str) -> Run:
    absent = point("network.link", None, verdict="n/a", reason=words, machine=words)
    return run_of([absent, *some()], {"cpu": words, "os": words, "ram": words, "num_cpu": words})


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_name_is_text_in_html(words: str) -> None:
    class Seen(HTMLParser):
        tags: set[str]

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.tags.add(tag)

    seen = Seen()
    seen.tags = set()
    page = card.html(hostile(words))
    seen.feed(page)
    assert "script" not in seen.tags
    assert "\x1b" not in page
    page.encode("utf-8")
    assert not re.search(r"(?:src|href)=|url\(|@import", page)


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_name_leaves_the_svg_well_formed_and_inside_its_frame(words: str) -> None:
    drawn = card.svg(hostile(words))
    root = ElementTree.fromstring(drawn)
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "path",
    }  # fmt: skip
    assert not re.search(r"href|url\(|@import|<script", drawn)
    height = float(root.attrib["height"])
    lines = list(root.iter(f"{SVG}text"))
    assert lines
    assert max(float(each.attrib["y"]) for each in lines) < height
    for each in lines:
        if each.get("text-anchor") is None:
            assert float(each.attrib["x"]) + 7.3 * len(each.text or "") < 840


def test_the_svg_says_what_it_shows_to_who_cannot_see_it() -> None:
    root = ElementTree.fromstring(card.svg(run_of(some())))
    title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-labelledby"] == "t d"
    assert title is not None
    assert desc is not None
    assert "A CPU" in str(title.text)
    assert "textbook claims" in str(desc.text)


@pytest.mark.parametrize("words", HOSTILE)
def test_a_hostile_name_breaks_no_line_of_text_and_no_cell(words: str) -> None:
    run = hostile(words)
    lines = card.text(run, 80)
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    assert len(card.block(run)) <= 12
    table = [line for line in card.markdown(run).splitlines() if line.startswith("|")]
    cells = {len(re.findall(r"(?<!\\)\|", line)) for line in table}
    assert cells == {7}
    json.dumps(card.to_json(run), allow_nan=False).encode("ascii")


def test_the_same_run_gives_the_same_card() -> None:
    first, second = run_of(some()), run_of(list(reversed(some())))
    for form in (card.text, card.markdown, card.svg, card.html):
        assert form(first) == form(second)


def test_numbers_read_as_in_the_field() -> None:
    assert here(Quantity(94.2e-9, "s", (93e-9, 95.7e-9))) == "94.2 ns ±1.6 %"
    assert here(Quantity(20.8, "x", (17.9, 21.3))) == "20.8 x (17.9-21.3)"
    assert here(Quantity(1.53e9, "B/s", (1.24e9, 1.95e9))) == "1.53 GB/s (1.24-1.95)"
    assert here(Quantity(64, "B", (64, 64))) == "64 B"
    assert here(Quantity(8192, "x")) == "8,192 x"
    assert interval(Quantity(999.9e-9, "s", (400e-9, 2e-6))) == "(400 ns-2.00 µs)"
    assert shown(16_777_216, "ones") == "16,777,216"
    books = {claim.id: textbook(claim) for claim in claims()}
    assert books["dram.bandwidth"] == "40-100 GB/s"
    assert books["dram.burst_word"] == "0.2 ns"
    assert books["dram.random_over_burst"] == "500 x"
    assert books["ethernet.bandwidth"] == "0.125-12.5 GB/s"
    assert books["memory.stride"] == "a law"


def test_plain_text_is_one_line_that_prints() -> None:
    assert plain("a\n\tb\x07", 80) == "a b?"
    assert plain("x" * 100, 10) == "x" * 9 + "…"
