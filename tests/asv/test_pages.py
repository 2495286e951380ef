"""asv's site, edited: complete without the internet, and right about which way is worse."""

from __future__ import annotations

import shutil
import subprocess
from importlib import resources
from pathlib import Path

import asv
import pytest

from hwperf.asv import pages


@pytest.fixture
def site(tmp_path: Path) -> Path:
    shutil.copytree(Path(asv.__file__).parent / "www", tmp_path / "site")
    return tmp_path / "site"


def test_the_edited_site_loads_nothing_from_elsewhere(site: Path) -> None:
    before = (site / "index.html").read_text()
    assert len(pages.loads_from_elsewhere(before)) == len(pages.VENDORED)
    pages.edit(site)
    after = (site / "index.html").read_text()
    assert pages.loads_from_elsewhere(after) == []
    assert "integrity=" not in after
    for name in pages.VENDORED.values():
        assert f"vendor/{name}" in after
        assert (site / "vendor" / name).is_file()
    assert after.index("jquery-3.3.1") < after.index("offline.js") < after.index('src="asv.js"')


def test_licences_are_published_with_what_they_cover(site: Path) -> None:
    pages.edit(site)
    licences = (site / "vendor" / "LICENSES.txt").read_text()
    for name in ("jQuery", "Flot", "flot-orderbars", "Stupid", "JavaScript MD5", "Bootstrap"):
        assert name in licences


def test_the_vendored_files_are_packaged() -> None:
    own = resources.files("hwperf.asv") / "site" / "vendor"
    assert {*pages.VENDORED.values(), "LICENSES.txt"} == {item.name for item in own.iterdir()}


@pytest.mark.parametrize("name", sorted(pages.EDITS))
def test_a_site_that_is_not_asvs_is_refused(site: Path, name: str) -> None:
    (site / name).write_text("something else")
    with pytest.raises(pages.PagesChanged, match=f"asv's {name} has no"):
        pages.edit(site)


def test_an_address_that_is_not_vendored_is_refused(site: Path) -> None:
    index = site / "index.html"
    index.write_text(index.read_text().replace("jquery-3.3.1.min.js", "jquery-4.min.js"))
    with pytest.raises(pages.PagesChanged, match=r"loads https://.*jquery-4\.min\.js"):
        pages.edit(site)


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here")
@pytest.mark.parametrize("name", [*pages.SCRIPTS, *(n for n in pages.EDITS if n.endswith(".js"))])
def test_edited_scripts_are_javascript(site: Path, name: str) -> None:
    pages.edit(site)
    subprocess.run(["node", "--check", str(site / name)], check=True)


def test_each_data_file_has_a_script_of_the_same_data(site: Path) -> None:
    (site / "graphs" / "a (b)").mkdir(parents=True)
    (site / "graphs" / "a (b)" / "x.json").write_text('[[1, "\u2028"]]')
    pages.add_scripts_of_data(site)
    assert (site / "graphs" / "a (b)" / "x.json.js").read_text() == (
        'hwperf_data["graphs/a (b)/x.json"] = [[1, "\\u2028"]];\n'
    )
