"""An interrupted run tidies up once, however often it is told to stop at that moment."""

from __future__ import annotations

import signal

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
