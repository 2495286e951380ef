"""What is seen twice is a regression; what is not is possible. asv itself is not run here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hwperf.asv import recorded
from hwperf.asv.rounds import NotMeasured, Visit
from hwperf.errors import UsageError
from hwperf.history.gate.confirm import recheck
from hwperf.history.gate.findings import Finding
from hwperf.history.gate.judge import judge
from hwperf.history.gate.settings import Settings
from hwperf.history.series import load
from tests.history.planted import (
    Bench,
    commits_of,
    configure,
    one,
    own_cache,
    series_of,
    store,
    told,
)  # fmt: skip

__all__ = ["own_cache"]

N = 60


class Asv:
    """Stands for asv: records what it is asked, and answers with one value."""

    def __init__(self, root: Path, value: float | None, bench: str = "t") -> None:
        self.root, self.value, self.bench = root, value, bench
        self.asked: list[tuple[str, str | None, tuple[str, ...]]] = []

    def __call__(
        self, conf: Path, commit: str, env: str | None, bench: Sequence[str], directory: Path
    ) -> Visit:
        self.asked.append((commit, env, tuple(bench)))
        results = store(self.root / "again", [one(self.bench, [self.value])], [commit])
        return Visit(0, "", tuple(recorded.runs(results)), 1.0, False)


def findings_in(root: Path, bench: Bench) -> tuple[Path, list[Finding]]:
    results = store(root, [bench], commits_of(N))
    return results, list(judge(load(results), Settings()).findings)


def again(root: Path, bench: Bench, measure: Any, **more: Any) -> tuple[Finding, list[str]]:
    results, findings = findings_in(root, bench)
    sentences, tell = told()
    conf = more.pop("conf_path", configure(root))
    (found,) = recheck(
        findings, Settings(), conf_path=conf, results_dir=results, tell=tell, measure=measure
    )
    return found, sentences


@pytest.mark.parametrize("behind", [2, 20])
@pytest.mark.parametrize(("value", "kind"), [(1.2e-3, "regression"), (1.01e-3, "possible")])
def test_a_second_measurement_decides(tmp_path: Path, behind: int, value: float, kind: str) -> None:
    asv = Asv(tmp_path, value)
    found, sentences = again(tmp_path, one("t", series_of(N, (N - behind, 1.25))), asv)
    assert (found.kind, found.fails) == (kind, kind == "regression")
    assert ("not seen again" in found.note) is (kind == "possible")
    assert asv.asked == [(commits_of(N)[-1], None, (r"^t(\(|$)",))]
    (sentence,) = sentences
    assert "the results stay as they are" in sentence
    assert "asv run --bench" in sentence


def test_a_value_that_asv_does_not_give_changes_nothing(tmp_path: Path) -> None:
    found, _ = again(tmp_path, one("t", series_of(N, (30, 1.25))), Asv(tmp_path, None))
    assert (found.kind, found.fails) == ("regression", True)
    assert "could not be measured again" in found.note


def test_asv_that_cannot_run_changes_nothing(tmp_path: Path) -> None:
    def broken(*arguments: object) -> Visit:
        raise NotMeasured("no compiler.")

    found, _ = again(tmp_path, one("t", series_of(N, (30, 1.25))), broken)
    assert found.fails
    assert "no compiler" in found.note


def test_another_machines_results_are_not_measured_here(tmp_path: Path) -> None:
    bench = one("t", series_of(N, (30, 1.25)))
    results, findings = findings_in(tmp_path, bench)
    facts = {"machine": "box", "arch": "abacus", "num_cpu": "1", "cpu": "beads", "version": 1}
    (results / "box" / "machine.json").write_text(json.dumps(facts))
    asv = Asv(tmp_path, 1e-3)
    (found,) = recheck(
        findings, Settings(), conf_path=configure(tmp_path), results_dir=results,
        tell=lambda sentence: None, measure=asv,
    )  # fmt: skip
    assert asv.asked == []
    assert found.fails
    assert "another machine (beads, 1 CPUs)" in found.note


def test_an_improvement_is_not_measured_again(tmp_path: Path) -> None:
    asv = Asv(tmp_path, 1e-3)
    found, sentences = again(tmp_path, one("t", series_of(N, (30, 0.7))), asv, conf_path=None)
    assert (found.kind, asv.asked, sentences) == ("improvement", [], [])


def test_without_a_configuration_there_is_nothing_to_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--config"):
        again(tmp_path, one("t", series_of(N, (30, 1.25))), Asv(tmp_path, 1.0), conf_path=None)


def test_an_installed_environment_is_the_same_by_another_path(tmp_path: Path) -> None:
    bench = one("t", series_of(N, (30, 1.25)))
    results = store(tmp_path, [bench], commits_of(N), environment="existing-py_usr_bin_python")
    findings = judge(load(results), Settings()).findings

    def asv(*arguments: object) -> Visit:
        again = store(
            tmp_path / "again", [one("t", [1.25e-3])], commits_of(N)[-1:],
            environment="existing-py_usr_bin_python3",
        )  # fmt: skip
        return Visit(0, "", tuple(recorded.runs(again)), 1.0, False)

    (found,) = recheck(
        findings, Settings(), conf_path=configure(tmp_path), results_dir=results,
        tell=lambda sentence: None, measure=asv,
    )  # fmt: skip
    assert found.note == "seen again: 1.25 ms"
