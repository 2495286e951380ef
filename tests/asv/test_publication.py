"""Reports add pages to the published site, and a broken one costs nobody else theirs."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import asv
import pytest

from hwperf.asv import publication
from hwperf.asv.publication import GROUP, Publication, Tab, add_tabs, ask_reports
from hwperf.errors import HwperfError


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(**reports: Any) -> None:
        module = ModuleType("somebodys_reports")
        vars(module).update(reports)
        monkeypatch.setitem(sys.modules, "somebodys_reports", module)
        points = [EntryPoint(name, f"somebodys_reports:{name}", GROUP) for name in reports]
        monkeypatch.setattr(
            publication, "find_entry_points", lambda group: (points, {"torn": "no text"})
        )

    return install


def test_a_report_that_fails_is_named_and_the_others_are_kept(install: Any, tmp_path: Path) -> None:
    def broken(publication: Publication) -> list[Tab]:
        raise ValueError("no\nluck")

    def good(publication: Publication) -> list[Tab]:
        (publication.site / "good.html").write_text("good")
        return [Tab("Good", "good.html")]

    install(broken=broken, good=good)
    told: list[str] = []
    assert ask_reports(Publication(tmp_path, tmp_path), told.append) == [Tab("Good", "good.html")]
    assert (tmp_path / "good.html").read_text() == "good"
    assert told == [
        "reports of torn are left out: no text",
        "report 'broken' (somebodys_reports:broken) is left out: ValueError: no luck",
    ]


def test_a_tab_goes_into_asvs_own_navigation_and_injects_nothing(tmp_path: Path) -> None:
    index = tmp_path / "index.html"
    index.write_text((Path(asv.__file__).parent / "www" / "index.html").read_text())
    add_tabs(index, [Tab("<b>Hard & ware</b>", 'a"b.html')])
    text = index.read_text()
    assert '<a href="a&quot;b.html">&lt;b&gt;Hard &amp; ware&lt;/b&gt;</a></li>' in text
    assert text.index("a&quot;b.html") < text.index('<li id="nav-li-regressions">')


def test_another_navigation_of_asv_is_said(tmp_path: Path) -> None:
    index = tmp_path / "index.html"
    index.write_text("<html></html>")
    add_tabs(index, [])
    with pytest.raises(HwperfError, match="has no '<li id=\"nav-li-regressions\">' any more"):
        add_tabs(index, [Tab("Hardware", "x.html")])
