"""The Atom feed of regressions. This module says them in the words of the metric.

asv's own text would call a lost third of a bandwidth a "50 % regression" of seconds per byte.
Identity, dates and links of the entries stay asv's, so that a feed reader shows each once.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

from asv import feed as asv_feed
from asv.plugins import regressions as asv_regressions

from hwperf.asv.patches import wrap
from hwperf.asv.rates import base_name, shown_of
from hwperf.metrics import Metric
from hwperf.units import format_quantity

__all__ = ["install", "sentence", "words"]

Original = Callable[..., Any]
Identity = tuple[str, str, str]

_words: dict[Identity, tuple[str, str]] = {}


def install() -> None:
    """Replace the text of asv's feed."""
    wrap(asv_regressions.Regressions, "_save_feed", _save_feed)
    wrap(asv_feed, "write_atom", _write_atom)


def sentence(metric: Metric, before: float, after: float) -> str:
    """Return the change in words, e.g. ``bandwidth fell by 20.0 %: 20.1 GB/s to 16.1 GB/s``.

    Args:
        metric: what was measured.
        before: cost before the change, seconds per unit of work.
        after: cost after it.
    """
    old, new = metric.value(before), metric.value(after)
    word = "fell" if new < old else "rose"
    return (
        f"{metric.name} {word} by {100 * abs(new / old - 1):.1f} %:"
        f" {format_quantity(old, metric.unit)} to {format_quantity(new, metric.unit)}"
    )


def words(
    regressions: list[list[Any]],
    definitions: Mapping[str, Mapping[str, Any]],
    commits: Mapping[int, str],
) -> dict[Identity, tuple[str, str]]:
    """Return title and content of each entry of the feed that is one of hwperf's.

    Args:
        regressions: asv's entries, in costs.
        definitions: benchmarks.json.
        commits: the hash of each revision.
    """
    found = {}
    for name, _, _, _, last, best, jumps in regressions:
        definition = definitions[base_name(name)]
        shown = shown_of(definition)
        if shown is None:
            continue
        title = str(definition.get("pretty_name") or base_name(name))
        for first, second, before, after in jumps:
            change = sentence(shown.metric, before, after)
            content = (
                f"{change}, at commit {commits[second][:8]}."
                f" From the best to the latest: {sentence(shown.metric, best, last)}."
            )
            identity = (name, commits.get(first, ""), commits.get(second, ""))
            found[identity] = (
                f"{title}{name[len(base_name(name)) :]}: {change}",
                html.escape(content),
            )
    return found


def _save_feed(
    original: Original,
    conf: Any,
    benchmarks: Any,
    data: list[Any],
    revisions: Any,
    revision_to_hash: Any,
) -> None:
    _words.clear()
    _words.update(words(data, benchmarks, revision_to_hash))
    original(conf, benchmarks, data, revisions, revision_to_hash)
    _words.clear()


def _write_atom(original: Original, dest: str, entries: Any, *args: Any, **kwargs: Any) -> None:
    for entry in entries:
        said = _words.get(tuple(entry.id_context or ()))
        if said is not None:
            entry.title, entry.content = said
    original(dest, entries, *args, **kwargs)
