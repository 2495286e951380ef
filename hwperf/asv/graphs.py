"""The graphs of a published site. This module finds the file of a benchmark's graph.

asv keeps one graph for each setting (facts of the machine, requirements, variables) and branch, and
names its directories by all of them.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["find"]

_ANY = "any-branch"


def find(
    site: Path, benchmark: str, setting: Mapping[str, str | None]
) -> Iterator[tuple[str, str]]:
    """Yield the path of each graph, relative to *site*, and the branch that it is of.

    Args:
        site: the published site.
        benchmark: asv's name of the benchmark.
        setting: value of every parameter of the site's graphs, None where a result has none.
    """
    from asv.graph import Graph

    path = Path(f"{Graph.get_file_path({**setting, 'branch': _ANY}, benchmark)}.json")
    parts = [glob.escape(part) for part in path.parts]
    pattern = "/".join("branch-*" if part == f"branch-{_ANY}" else part for part in parts)
    at = path.parts.index(f"branch-{_ANY}")
    for found in sorted(glob.glob(pattern, root_dir=site)):
        yield Path(found).as_posix(), Path(found).parts[at].removeprefix("branch-")
