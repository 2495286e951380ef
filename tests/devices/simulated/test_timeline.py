"""Virtual time: streams in order, engines one at a time, effects when they were waited for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hwperf.devices.simulated.timeline import Timeline


def writing(done: list[str], what: str) -> Callable[[], None]:
    return lambda: done.append(what)


def test_a_stream_is_done_in_order_and_only_when_it_is_waited_for() -> None:
    timeline, done = Timeline(enqueue_s=0.1), list[str]()
    timeline.put(None, "in", 2.0, writing(done, "first"))
    timeline.put(None, "out", 3.0, writing(done, "second"))
    assert timeline.now == pytest.approx(0.2)
    assert timeline.is_busy
    timeline.settle()
    assert done == []
    timeline.wait(None, 0.5)
    assert timeline.now == pytest.approx(0.1 + 2.0 + 3.0 + 0.5)
    assert done == ["first", "second"]
    assert not timeline.is_busy


def test_streams_overlap_on_different_engines_and_queue_on_one() -> None:
    timeline = Timeline(enqueue_s=0.0)
    first, second, third = (timeline.stream() for _ in range(3))
    assert timeline.put(first, "in", 2.0, lambda: None) == 2.0
    assert timeline.put(second, "out", 3.0, lambda: None) == 3.0
    assert timeline.put(third, "in", 2.0, lambda: None) == 4.0
    timeline.wait(first, 0.0)
    assert timeline.now == 2.0
    timeline.wait(None, 0.0)
    assert timeline.now == 4.0


def test_waiting_for_one_stream_leaves_what_is_under_way_in_others() -> None:
    timeline, done = Timeline(enqueue_s=0.0), list[str]()
    first, second = timeline.stream(), timeline.stream()
    timeline.put(first, "in", 1.0, writing(done, "first"))
    timeline.put(second, "out", 2.0, writing(done, "second"))
    timeline.wait(first, 0.0)
    assert done == ["first"]
    timeline.wait(second, 0.0)
    assert done == ["first", "second"]


def test_effects_come_in_the_order_in_which_they_end() -> None:
    timeline, done = Timeline(enqueue_s=0.0), list[str]()
    first, second = timeline.stream(), timeline.stream()
    timeline.put(first, "in", 5.0, writing(done, "long"))
    timeline.put(second, "out", 1.0, writing(done, "short"))
    timeline.wait(None, 0.0)
    assert done == ["short", "long"]


def test_a_mark_is_reached_when_all_before_it_is_done() -> None:
    timeline = Timeline(enqueue_s=0.0)
    assert timeline.reached(None) == 0.0
    timeline.put(None, "in", 4.0, lambda: None)
    assert timeline.reached(None) == 4.0
    assert timeline.reached(timeline.stream()) == 0.0


def test_waiting_for_nothing_takes_what_waiting_takes() -> None:
    timeline = Timeline(enqueue_s=0.0)
    timeline.wait(None, 0.25)
    timeline.wait(None, 0.25)
    assert timeline.now == 0.5
