"""``hwperf verdict`` says whose a change is, and ends with the code that says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.history.made_suites import LEVELS, stored

from .conftest import Answer

Hwperf = Callable[..., Answer]


def run(machine: float = 1.0, code: float = 1.0, name: str = "suite.time_it") -> Mapping[str, Any]:
    """Return one run of a benchmark and all canaries."""
    found = {canary: (level * machine, level * machine * 0.003) for canary, level in LEVELS.items()}
    return {**found, name: (1e-3 * machine * code, 3e-6), "suite.time_else": (1.0 * machine, 3e-3)}


def judged(hwperf: Hwperf, root: Path, *runs: Mapping[str, Any], **kept: Any) -> Answer:
    stored(root, runs, **kept)
    return hwperf("verdict", "--results", str(root))


def test_slower_code_is_a_finding(hwperf: Hwperf, tmp_path: Path) -> None:
    answer = judged(hwperf, tmp_path, run(), run(code=1.5))
    assert answer.code == 1
    assert answer.out.startswith(
        "1 of 2 benchmarks changed: 1 where the code did it (1 for the worse)."
    )
    assert "code: suite.time_it" in answer.out
    assert "1.00 ms -> 1.50 ms, worse" in answer.out
    assert "no canary moved with it" in answer.out
    assert "core clock +0.0 %" in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_a_slower_machine_is_none(hwperf: Hwperf, tmp_path: Path) -> None:
    answer = judged(hwperf, tmp_path, run(), run(machine=1.6))
    assert answer.code == 0
    assert "2 of 2 benchmarks changed: 2 where the machine did it" in answer.out
    assert "core clock +60.0 %" in answer.out
    assert "moved" in answer.out


def test_both_is_a_finding(hwperf: Hwperf, tmp_path: Path) -> None:
    answer = judged(hwperf, tmp_path, run(), run(machine=1.4, code=2.5))
    assert answer.code == 1
    assert "both: suite.time_it" in answer.out


def test_faster_code_is_no_finding(hwperf: Hwperf, tmp_path: Path) -> None:
    answer = judged(hwperf, tmp_path, run(), run(code=0.5))
    assert (answer.code, "better" in answer.out) == (0, True)


def test_nothing_that_changed_is_said(hwperf: Hwperf, tmp_path: Path) -> None:
    answer = judged(hwperf, tmp_path, run(), run())
    assert (answer.code, answer.out.splitlines()[0]) == (
        0,
        "Nothing changed: none of 2 benchmarks.",
    )


def test_without_canaries_it_cannot_be_told(hwperf: Hwperf, tmp_path: Path) -> None:
    bare = [{"suite.time_it": (value, 1e-6)} for value in (1e-3, 2e-3)]
    answer = judged(hwperf, tmp_path, *bare)
    assert answer.code == 3
    assert "can't tell: suite.time_it" in answer.out
    assert "docs/howto/canaries.md" in answer.out


def test_one_commit_is_too_little(hwperf: Hwperf, tmp_path: Path) -> None:
    answer = judged(hwperf, tmp_path, run())
    assert (answer.code, answer.out) == (3, "")
    assert "only one commit was measured on box" in answer.err


def test_no_result_is_too_little(hwperf: Hwperf, tmp_path: Path) -> None:
    answer = hwperf("verdict", "--results", str(tmp_path))
    assert (answer.code, answer.out) == (3, "")
    assert "holds no result" in answer.err


def test_commits_are_named_and_the_order_is_theirs(hwperf: Hwperf, tmp_path: Path) -> None:
    first, second, third = stored(tmp_path, [run(), run(code=1.5), run(code=1.5)])
    worse = hwperf("verdict", first[:8], third[:8], "--results", str(tmp_path))
    better = hwperf("verdict", third[:8], first[:8], "--results", str(tmp_path))
    same = hwperf("verdict", second[:8], "--results", str(tmp_path))
    assert (worse.code, better.code, same.code) == (1, 0, 0)
    assert "11111111 -> 33333333" in worse.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "'nonsense' is no commit"),
        (["11111111", "11111111"], "the same commit"),
        (["--history", "11111111"], "give no commits with it"),
        (["--machine", "other"], "'other' is no machine with results. There are: box."),
    ],
)
def test_misuse_is_one_sentence(
    hwperf: Hwperf, tmp_path: Path, arguments: list[str], words: str
) -> None:
    stored(tmp_path, [run(), run()])
    answer = hwperf("verdict", *arguments, "--results", str(tmp_path))
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err


def test_the_json_has_the_evidence(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, [run(), run(code=1.5)], facts=[{"cpu": "one"}, {"cpu": "another"}])
    answer = hwperf("verdict", "--results", str(tmp_path), "--format", "json")
    shown = json.loads(answer.out)
    assert (shown["schema"], shown["machine"]) == ("hwperf.verdict/1", "box")
    assert shown["counts"] == {"code": 1, "machine": 0, "mixed": 0, "unclear": 0}
    (finding,) = shown["findings"]
    assert (finding["benchmark"], finding["cause"]) == ("suite.time_it", "code")
    assert finding["ratio"] == pytest.approx(1.5)
    assert finding["before"] == 1e-3  # As it was measured, never rescaled.
    assert {each["name"] for each in shown["canaries"]} == set(LEVELS)
    assert shown["differences"] == [{"name": "cpu", "before": "one", "after": "another"}]


def test_what_else_differs_is_told(hwperf: Hwperf, tmp_path: Path) -> None:
    answer = judged(hwperf, tmp_path, run(), run(), facts=[{"cpu": "one"}, {"cpu": "another"}])
    assert "cpu: one -> another" in answer.out


def test_markdown_goes_to_a_file_whole(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path / "results", [run(), run(code=1.5)])
    target = tmp_path / "verdict.md"
    answer = hwperf(
        "verdict", "--results", str(tmp_path / "results"), "--format", "markdown",
        "-o", str(target),
    )  # fmt: skip
    assert (answer.code, answer.out) == (1, "")
    assert "| code | suite.time\\_it | 1.00 ms | 1.50 ms |" in target.read_text()


def test_a_history_is_judged(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, [run(code=1.0 + 0.001 * (n % 3)) for n in range(9)])
    answer = hwperf("verdict", "--history", "--results", str(tmp_path))
    assert (answer.code, answer.out.splitlines()[0]) == (
        0,
        "Nothing changed: none of 2 benchmarks.",
    )
    assert "the whole history" in answer.out


NASTY = "<script>alert(1)</script>|`x`\x1b[31m/..\n\"'&" + "ü" * 10_000


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_any_name_is_harmless(hwperf: Hwperf, tmp_path: Path, form: str) -> None:
    stored(tmp_path, [run(name=NASTY), run(code=1.5, name=NASTY)])
    answer = hwperf("verdict", "--results", str(tmp_path), "--format", form)
    assert answer.code == 1
    assert "\x1b" not in answer.out
    if form == "markdown":
        assert "<script>" not in answer.out
    if form == "json":
        assert json.loads(answer.out)["findings"][0]["benchmark"] == NASTY


def test_a_damaged_file_is_named_and_passed_over(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, [run(), run(code=1.5)])
    (tmp_path / "box" / "99999999-py.json").write_text("{")
    answer = hwperf("verdict", "--results", str(tmp_path))
    assert answer.code == 1
    assert "99999999-py.json" in answer.err


def test_the_results_are_not_touched(hwperf: Hwperf, tmp_path: Path) -> None:
    stored(tmp_path, [run(), run(code=1.5)])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    hwperf("verdict", "--results", str(tmp_path))
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert before == after


def test_another_environment_is_why_nothing_can_be_compared(hwperf: Hwperf, tmp_path: Path) -> None:
    """In the name of an existing environment is the path of its interpreter."""
    stored(tmp_path, [run(), run()])
    newest = max(
        (p for p in tmp_path.rglob("*.json") if "commit_hash" in p.read_text()),
        key=lambda p: json.loads(p.read_text())["date"],
    )
    data = json.loads(newest.read_text())
    old = data["env_name"]
    newest.write_text(json.dumps({**data, "env_name": "existing-other"}))
    answer = hwperf("verdict", "--results", str(tmp_path))
    assert answer.code == 3
    assert f"environment: {old} -> existing-other" in answer.out
