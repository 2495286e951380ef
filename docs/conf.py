"""Sphinx configuration. This module says how `make docs` builds these pages."""

from __future__ import annotations

import re
from pathlib import Path

_pyproject = Path(__file__).resolve().parents[1].joinpath("pyproject.toml").read_text("utf-8")
_version = re.search(r'^version = "([^"]+)"', _pyproject, re.MULTILINE)

project = "hwperf"
author = "the hwperf developers"
copyright = "2026, the hwperf developers"
release = _version[1] if _version else "unknown"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"hwperf {release}"
