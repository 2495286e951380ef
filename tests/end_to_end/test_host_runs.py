"""asv, with this interpreter: what its documentation says works, commit by commit."""

from __future__ import annotations

import json
import math
from pathlib import Path

from end_to_end.conftest import Repository

RUN = ("run", "-E", "host", "--machine", "here", "--quick")


def test_a_run_needs_nothing_but_a_repository(repository: Repository) -> None:
    """No questions, no entry in the home directory; stable names; every verdict in its place."""
    output = repository.asv(*RUN, "--show-stderr", rc=2)
    assert "quick.wrong(): failed, the sum is 3 (is) != 4 (should); the value is dropped" in output
    assert "quick.never(): n/a, this host has no such device" in output
    assert "Traceback" not in output
    machine = json.loads((repository.results / "here" / "machine.json").read_text())
    assert machine["os"] == "Linux"
    assert machine["ram"].endswith("GiB")
    stored = json.loads(repository.result_file().read_text())
    assert stored["env_name"].startswith("host-py3.")
    assert "/" not in stored["env_name"] + stored["python"]
    assert all(value > 0 for value in repository.values("plugins.QuickSum.cost") or [])
    assert math.isnan((repository.values("plugins.QuickNever.cost") or [0])[0])
    assert repository.values("plugins.QuickWrong.cost") is None or (
        repository.values("plugins.QuickWrong.cost") == [None]
    )
    (samples,) = json.loads(repository.result_file().read_text())["results"]["core.Null.cost"][11]
    assert len(samples) >= 8


def test_the_sidecar_says_what_asv_has_no_slot_for(repository: Repository) -> None:
    repository.asv(*RUN, "--bench", "quick", rc=2)
    repository.asv(*RUN, "--bench", "quick.sum")
    beside = Path(str(repository.result_file())[:-5] + ".hwperf.jsonl")
    records = [json.loads(line) for line in beside.read_text().splitlines()]
    verdicts = {record["id"]: record["verdict"] for record in records}
    assert verdicts["quick.never"] == "n/a"
    assert verdicts["quick.wrong"] == "failed"
    assert verdicts["quick.sum"] in ("ok", "noisy")
    # A point that is measured again replaces its record.
    assert len([record for record in records if record["id"] == "quick.sum"]) == 2


def test_each_commit_is_measured_with_its_own_code(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    second = repository.commit(2)
    third = repository.commit(3)
    repository.asv(*RUN, "--bench", "marker", "HEAD~2..HEAD")
    assert repository.values("marker.track_marker", second) == [2]
    assert repository.values("marker.track_marker", third) == [3]
    repository.asv(*RUN, "--bench", "marker", f"{first}^!")
    assert repository.values("marker.track_marker", first) == [1]
    assert "commits" in {path.name for path in (repository.path / ".asv" / "env").iterdir()}


def test_continuous_compare_and_show_work(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit(2)
    compared = repository.asv(
        "continuous", "-E", "host", "--machine", "here", "--quick", "--bench", "marker",
        "HEAD~1", "HEAD", rc=1,
    )  # fmt: skip
    assert "PERFORMANCE DECREASED" in compared
    repository.asv(*RUN, "--interleave-rounds", "--bench", "quick.sum", "HEAD~2..HEAD", rc=None)
    assert "marker.track_marker" in repository.asv("compare", first, "HEAD")
    assert "marker.track_marker" in repository.asv("show", "--bench", "marker", "HEAD")


def test_rounds_of_two_commits_interleave(repository: Repository) -> None:
    """Samples of every round are kept, once each."""
    first = repository.git("rev-parse", "HEAD")
    second = repository.commit(2)
    repository.asv(
        "run", "-E", "host", "--machine", "here", "-a", "rounds=2", "-a", "repeat=1",
        "-a", "warmup_time=0", "--interleave-rounds", "--bench", "quick.sum", "ALL",
    )  # fmt: skip
    for commit in (first, second):
        row = json.loads(repository.result_file(commit).read_text())["results"][
            "plugins.QuickSum.cost"
        ]
        counted, stored = row[10], row[11]
        assert counted == [len(samples) for samples in stored]
        assert all(len(samples) == len(set(samples)) or len(samples) >= 16 for samples in stored)


def test_the_environment_matrix_is_honoured(repository: Repository) -> None:
    (repository.path / "benchmarks" / "threads.py").write_text(
        'import os\n\n\ndef track_threads():\n    return int(os.environ["OMP_NUM_THREADS"])\n'
    )
    conf = repository.path / "asv.conf.json"
    text = conf.read_text().replace(
        '"plugins"', '"matrix": {"env_nobuild": {"OMP_NUM_THREADS": ["1", "2"]}},\n    "plugins"'
    )
    conf.write_text(text)
    repository.asv(*RUN, "--bench", "threads")
    for count in (1, 2):
        (path,) = repository.results.glob(f"here/*OMP_NUM_THREADS{count}.json")
        assert json.loads(path.read_text())["results"]["threads.track_threads"][0] == [count]


def test_a_commit_of_another_project_is_refused(repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("rm", "-q", "-r", "--cached", "hwperf")
    repository.git("commit", "-q", "-m", "Without the package")
    without = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "-q", "-f", first)
    output = repository.asv(*RUN, "--bench", "marker", f"{without}^!", rc=1)
    assert f"commit {without[:8]} is not the one that is checked out and has no hwperf/" in output
    assert "run HEAD, or use the environment virtualenv" in output


def test_a_broken_plugin_costs_nobody_else_the_run(repository: Repository) -> None:
    from end_to_end.conftest import install

    install(repository.plugin, "broken_plugin", "raise RuntimeError('no such device')\n")
    repository.asv(*RUN, "--bench", "core.null|quick.sum")
    assert repository.values("core.Null.cost")
    assert repository.values("plugins.QuickSum.cost")
