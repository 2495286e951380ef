"""``asv publish`` that cannot lose a page. This module publishes aside, in rates, and swaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from asv import util
from asv.commands import publish
from asv.console import log
from asv.graph import Graph
from asv.publishing import OutputPublisher

from hwperf.asv import definitions, feed, files, pages, publication, rates, swap
from hwperf.asv.patches import wrap
from hwperf.errors import HwperfError

__all__ = ["Rates", "install"]

Original = Callable[..., Any]


def install() -> None:
    """Replace asv's publish; the class below is found by asv itself."""
    wrap(publish.Publish, "run", _publish)
    feed.install()


class Rates(OutputPublisher):  # type: ignore[misc]
    """Turns what asv has just written for the pages into rates."""

    name, button_label, description = "hwperf", "Rates", "Shows rates in place of costs"
    order = 100  # After every page of asv (0 to 3), before index.json is written.

    @classmethod
    def publish(
        cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: dict[str, int]
    ) -> None:
        """Rewrite the graphs, lists and regressions; change what index.json will say."""
        site = Path(conf.html_dir)
        shown = _shown(benchmarks, graphs)
        lists = set()
        for _, graph in graphs:
            lists.add(site / f"{Graph.get_file_path(graph.params, 'summary')}.json")
            if graph.benchmark_name in shown:
                rates.convert_graph(site / f"{graph.path}.json", shown[graph.benchmark_name])
        for name in shown:
            summary = Graph.get_file_path({"summary": ""}, name)
            rates.convert_graph(site / f"{summary}.json", shown[name])
        for path in lists:
            rates.convert_summary(path, shown)
        _convert_regressions(site / "regressions.json", shown)
        with_data = {graph.benchmark_name for _, graph in graphs}
        for name in list(benchmarks):
            if name not in with_data:
                del benchmarks[name]
            elif name in shown:
                benchmarks[name] = {**benchmarks[name], "unit": shown[name].unit}
        pages.edit(site)
        told = publication.Publication(
            site=site,
            results_dir=Path(conf.results_dir).absolute(),
            repo=str(conf.repo),
            revisions=revisions,
            shown=shown,
            commit_url=str(getattr(conf, "show_commit_url", "") or "").lstrip("#"),
        )
        publication.add_tabs(
            site / "index.html", publication.ask_reports(told, lambda words: log.warning(words))
        )


def _shown(benchmarks: Any, graphs: Any) -> dict[str, rates.Shown]:
    found = {}
    for name, definition in benchmarks.items():
        costs = (cost for graph in graphs.get_graph_group(name) for cost in _costs(graph))
        shown = rates.shown_of(definition, costs)
        if shown is not None:
            found[name] = shown
    return found


def _costs(graph: Any) -> Iterator[Any]:
    for _, values, _ in graph.get_data():
        yield from values if isinstance(values, list) else [values]


def _convert_regressions(path: Path, shown: dict[str, rates.Shown]) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    data["regressions"] = rates.convert_regressions(data["regressions"], shown)
    path.write_text(json.dumps(data), encoding="utf-8")


def _publish(original: Original, conf: Any, *args: Any, **kwargs: Any) -> Any:
    """Publish into a new directory; only a complete one takes the place of the old pages."""
    final = conf.html_dir
    try:
        with (
            files.quick_writes(),
            definitions.older_versions_shown(),
            swap.replacement(Path(final)) as site,
        ):
            conf.html_dir = str(site)
            status = original(conf, *args, **kwargs)
            pages.add_scripts_of_data(site)
    except (util.UserError, HwperfError) as error:
        raise util.UserError(f"{error}\n{_kept(final)}") from error
    except OSError as error:
        raise util.UserError(
            f"cannot publish into {final}: {error.strerror or error}. {_kept(final)}"
        ) from error
    except Exception:
        log.error(_kept(final))
        raise
    finally:
        conf.html_dir = final
    return status


def _kept(final: str) -> str:
    if not Path(final).exists():
        return f"Nothing is published; {final} is not there yet."
    return f"Nothing is published; the pages in {final} are as they were."
