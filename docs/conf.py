"""Sphinx configuration. This module says how `make docs` builds these pages."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "_ext"))

_pyproject = Path(__file__).resolve().parents[1].joinpath("pyproject.toml").read_text("utf-8")
_version = re.search(r'^version = "([^"]+)"', _pyproject, re.MULTILINE)

project = "hwperf"
author = "the hwperf developers"
copyright = "2026, the hwperf developers"
release = _version[1] if _version else "unknown"

# The last two write pages and pictures that git does not hold: reference/commands.md, pictures/.
extensions = ["myst_parser", "cli_reference", "pictures"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
smartquotes_action = "qe"  # Two dashes begin an option; they are no dash.
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext", "data"]

html_theme = "furo"
html_title = f"hwperf {release}"
