"""Two machines with two versions of hwperf share one results directory: neither loses a point."""

from __future__ import annotations

import json
import shutil
from typing import Any

from end_to_end.conftest import PLUGIN, Repository, install

NAME = "plugins.QuickSum.cost"
NEWER = PLUGIN.replace('"n": [100, 1000]', '"n": [100, 1000, 10000], "order": ["up"]').replace(
    "def add(n):", "def add(n, order):"
)


def run(repository: Repository, machine: str) -> None:
    repository.asv("run", "-E", "host", "--machine", machine, "--quick", "--bench", "quick.sum")


def published(repository: Repository) -> dict[str, Any]:
    repository.asv("publish")
    benchmarks: dict[str, Any] = json.loads((repository.html / "index.json").read_text())[
        "benchmarks"
    ]
    return benchmarks


def graphs(repository: Repository, name: str) -> dict[str, list[Any]]:
    """Return the last point of the graph of *name* for each machine."""
    found = {}
    for path in repository.html.glob(f"graphs/**/{name}.json"):
        machine = str(path).partition("machine-")[2].partition("/")[0]
        if machine:
            found[machine] = json.loads(path.read_text())[-1][1]
    return found


def test_results_of_another_version_stay_visible(repository: Repository) -> None:
    run(repository, "old")
    install(repository.plugin, "quick_plugin", NEWER)
    run(repository, "new")
    benchmarks = published(repository)
    (older,) = (name for name in benchmarks if name.startswith(f"{NAME}@"))
    assert benchmarks[NAME]["params"] == [["100", "1000", "10000"], ["'up'"]]
    assert benchmarks[older]["params"] == [["100", "1000"]]
    assert benchmarks[older]["pretty_name"].startswith("quick.sum (version ")
    assert benchmarks[older]["unit"] == "GB/s"
    assert len(graphs(repository, NAME)["new"]) == 3
    assert len(graphs(repository, older)["old"]) == 2
    assert "old" not in graphs(repository, NAME)

    # The older version runs again, and is the current one now.
    install(repository.plugin, "quick_plugin", PLUGIN)
    run(repository, "old")
    benchmarks = published(repository)
    (newer,) = (name for name in benchmarks if name.startswith(f"{NAME}@"))
    assert len(graphs(repository, NAME)["old"]) == 2
    assert len(graphs(repository, newer)["new"]) == 3


def test_a_directory_that_was_copied_together_is_complete(repository: Repository) -> None:
    """The machine's own file of definitions travels with its results; benchmarks.json may not."""
    run(repository, "old")
    shutil.copytree(repository.results / "old", repository.path / "elsewhere")
    shutil.rmtree(repository.results)
    install(repository.plugin, "quick_plugin", NEWER)
    run(repository, "new")
    shutil.copytree(repository.path / "elsewhere", repository.results / "old")
    assert len([name for name in published(repository) if name.startswith(NAME)]) == 2
    (repository.results / "benchmarks.json").unlink()
    assert len([name for name in published(repository) if name.startswith(NAME)]) == 2


def test_machines_of_one_version_share_their_line(repository: Repository) -> None:
    run(repository, "one")
    run(repository, "other")
    assert [name for name in published(repository) if name.startswith(NAME)] == [NAME]
    assert set(graphs(repository, NAME)) == {"one", "other"}
