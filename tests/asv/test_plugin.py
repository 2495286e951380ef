"""An interrupted run tidies up once, however often it is told to stop at that moment."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from hwperf.asv import plugin


def test_a_second_signal_at_once_is_the_same_one_and_a_later_one_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(plugin.time, "monotonic", lambda: now[0])
    handle = plugin._interrupting_once()
    with pytest.raises(KeyboardInterrupt):
        handle(signal.SIGINT, None)
    now[0] += 0.01
    handle(signal.SIGINT, None)
    now[0] += 2.0
    with pytest.raises(KeyboardInterrupt):
        handle(signal.SIGTERM, None)


def test_the_docs_name_the_plugin_as_asv_loads_it() -> None:
    """Without the dot asv looks among its own plugins, finds none, and says nothing."""
    docs = Path(__file__).parents[2] / "docs"
    named = [
        line
        for path in sorted(docs.rglob("*.md"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if '"plugins"' in line
    ]
    assert named
    assert [line for line in named if '"hwperf.asv.plugin"' in line] == []
