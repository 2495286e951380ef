"""hwperf built at each commit. Slow: it installs hwperf's requirements from the package index."""

from __future__ import annotations

import json
import os

import pytest

from end_to_end.conftest import Repository


@pytest.mark.skipif("HWPERF_TEST_OFFLINE" in os.environ, reason="needs the package index")
def test_a_range_is_built_and_measured_commit_by_commit(repository: Repository) -> None:
    """The default environment of asv.conf.json: one build and one installation per commit."""
    first = repository.git("rev-parse", "HEAD")
    second = repository.commit(2)
    output = repository.asv(
        "run", "--machine", "here", "--quick", "--bench", "marker|core.null", "ALL"
    )
    for commit, value in ((first, 1), (second, 2)):
        (path,) = repository.results.glob(f"here/{commit[:8]}-virtualenv-*.json")
        stored = json.loads(path.read_text())["results"]
        assert stored["marker.track_marker"][0] == [value], output
        assert stored["core.Null.cost"][0][0] > 0
    assert "marker.track_marker" in repository.asv("compare", first, second)
    assert "marker.track_marker" in repository.asv("show", "--bench", "marker", second)
    repository.asv("publish")
    assert (repository.html / "index.html").is_file()
    arguments = ("--machine", "here", "--quick", "--bench", "marker", "HEAD~1", "HEAD")
    assert "marker.track_marker" in repository.asv("continuous", *arguments, rc=1)
