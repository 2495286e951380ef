"""What a report says of a workload's method is what the documentation says of it."""

from __future__ import annotations

import sys
from pathlib import Path

from hwperf import plugins
from hwperf.report.pages import written

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "domain_pages"))

import make  # noqa: E402


def test_the_copy_in_the_package_agrees_with_the_pages() -> None:
    """Otherwise: python tools/domain_pages/make.py"""
    assert make.TARGET.read_text(encoding="utf-8") == make.text(ROOT / "docs" / "domains")


def test_every_workload_says_what_is_counted_and_what_threatens_it() -> None:
    for workload in plugins.load().workloads.values():
        if workload.module.startswith("hwperf."):
            assert set(written.of(workload.id)) == {"counted", "threats"}, workload.id


def test_a_plugins_workload_has_no_text() -> None:
    assert written.of("mine.sum") == {}


PAGE = """# a domain

## d.one

**Counted.** Two words: see {doc}`../x/y` and [there](z.md),
on one line.

`n`
: a parameter.

| a | b |
|---|---|
| 1 | `2` |

**Expected.** 5 ns.

**Threats to validity.**

- One, which
  goes on.
- Two.

**Traps.** A **bold** one.

## d.two

**Threats, of everything.** None.
"""


def test_marks_parameters_and_other_parts_are_left_out() -> None:
    assert make.workloads(PAGE) == {
        "d.one": {
            "counted": "Two words: see the page 'y' of the documentation and there, on one line."
            "\n| a | b |\n| 1 | 2 |",
            "threats": "- One, which goes on.\n- Two.\nA bold one.",
        },
        "d.two": {"threats": "None."},
    }
