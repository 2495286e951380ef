"""What was asked for and is not there is named with what is."""

from __future__ import annotations

import re
from pathlib import Path

from hwperf.history.gate.asked import missing
from hwperf.history.series import load

from .planted import Bench, commits_of, store


def test_each_wish_that_nothing_meets_is_said_with_what_there_is(tmp_path: Path) -> None:
    benches = [Bench(f"m.time_{i}", [[1.0], [1.0]]) for i in range(7)]
    every = load(store(tmp_path, benches, commits_of(2)))
    said = list(missing(every, "bx", "nope", re.compile("zzz")))
    assert said[0] == "'bx' is no machine with results. There are: box."
    assert said[1].startswith("'nope' is no environment with results. There are: virtualenv")
    assert "no benchmark has 'zzz' in its name" in said[2]
    assert said[2].endswith("m.time_3, m.time_4 and 2 more.")


def test_what_is_there_and_nothing_at_all_need_no_word(tmp_path: Path) -> None:
    every = load(store(tmp_path, [Bench("m.time_x", [[1.0]])], commits_of(1)))
    assert list(missing(every, "box", None, re.compile("time"))) == []
    assert list(missing([], "bx", "nope", re.compile("zzz"))) == []
