"""asv's pages, without the internet. This module edits the published copy of asv's site.

What the pages load from elsewhere comes from ``site/vendor``; opened as a file, without a server,
they read their data through ``site/offline.js``; a higher rate is not called a regression.
"""

from __future__ import annotations

import json
import re
import shutil
from importlib import resources
from pathlib import Path

from hwperf.asv.edits import EDITS
from hwperf.errors import HwperfError

__all__ = ["EDITS", "PagesChanged", "add_scripts_of_data", "edit", "loads_from_elsewhere"]

VENDORED = {
    "jquery-3.3.1.min.js": "jquery-3.3.1.min.js",
    "jquery.flot.min.js": "jquery.flot.js",
    "jquery.flot.time.min.js": "jquery.flot.time.js",
    "jquery.flot.selection.min.js": "jquery.flot.selection.js",
    "jquery.flot.categories.min.js": "jquery.flot.categories.js",
    "jquery.flot.orderBars.js": "jquery.flot.orderBars.js",
    "stupidtable.min.js": "stupidtable.min.js",
    "md5.min.js": "md5.min.js",
    "bootstrap.min.js": "bootstrap.min.js",
    "bootstrap.min.css": "bootstrap.min.css",
}
"""File at the end of the address that asv loads -> file in site/vendor."""

SCRIPTS = ("offline.js", "axes.js")
"""Our own, in site/."""

_TAG = re.compile(r'<(?:script|link)\b[^>]*?(?:src|href)="(https?:)?//[^"]*"[^>]*>')
_ADDRESS = re.compile(r'(src|href)="((?:https?:)?//[^"]*)"')
_UNNEEDED = re.compile(r'\s(?:integrity|crossorigin|referrerpolicy)="[^"]*"')


class PagesChanged(HwperfError):
    """asv's site is not the one that hwperf knows how to edit."""


def edit(site: Path) -> None:
    """Make the copy of asv's site in the directory *site* ours.

    Raises:
        PagesChanged: if a text that is to be replaced is not there.
    """
    own = resources.files("hwperf.asv") / "site"
    with resources.as_file(own) as source:
        shutil.copytree(source / "vendor", site / "vendor", dirs_exist_ok=True)
        for name in SCRIPTS:
            shutil.copyfile(source / name, site / name)
    for name, replacements in EDITS.items():
        path = site / name
        text = path.read_text(encoding="utf-8")
        for theirs, ours in replacements:
            if theirs not in text:
                raise PagesChanged(f"asv's {name} has no {theirs.splitlines()[0]!r} any more")
            text = text.replace(theirs, ours)
        if name.endswith(".html"):
            text = _TAG.sub(lambda tag: _vendored(tag.group(0)), text)
        path.write_text(text, encoding="utf-8")


def add_scripts_of_data(site: Path) -> None:
    """Write beside each data file a script that holds it: a page opened as a file may load those.

    Browsers let a ``file://`` page run scripts beside it, and read nothing.
    """
    for path in site.rglob("*.json"):
        key = json.dumps(path.relative_to(site).as_posix())
        data = path.read_text(encoding="utf-8")
        # Names with a quote or a slash in them are escaped by json; U+2028 is legal in JSON only.
        data = data.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        path.with_name(path.name + ".js").write_text(f"hwperf_data[{key}] = {data};\n", "utf-8")


def loads_from_elsewhere(html: str) -> list[str]:
    """Return the addresses that a page would load from another server."""
    return [
        match.group(2) for tag in _TAG.finditer(html) for match in _ADDRESS.finditer(tag.group())
    ]


def _vendored(tag: str) -> str:
    address = _ADDRESS.search(tag)
    assert address is not None
    name = address.group(2).rsplit("/", 1)[-1]
    if name not in VENDORED:
        raise PagesChanged(f"asv's site loads {address.group(2)}, which is not in site/vendor")
    tag = _UNNEEDED.sub("", tag)
    return tag.replace(address.group(2), f"vendor/{VENDORED[name]}")
