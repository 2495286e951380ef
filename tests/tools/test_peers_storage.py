"""The cases of storage: what is compared with fio, and what rounds say. No speed is asserted."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "peers"))  # As where the script itself runs.
sys.path.insert(0, str(ROOT / "tests"))

import cases  # noqa: E402
import cases_cores  # noqa: E402
import cases_storage  # noqa: E402
import reference  # noqa: E402
import run  # noqa: E402
import storage  # noqa: E402
from domains.storage.fake_fio import FakeFio, report, side  # noqa: E402
from storage import AGAIN, Side  # noqa: E402
from storing import directory_on_a_disk, small_session  # noqa: E402

from hwperf import plugins  # noqa: E402
from hwperf.domains.storage import fio  # noqa: E402
from hwperf.errors import Unsupported  # noqa: E402
from hwperf.units import MiB  # noqa: E402

CASES = {case.name: case for case in cases_storage.cases()}
RANDOM = CASES["storage.random_read 4KiB 32"]
ORDERED = CASES["storage.sequential_read 1MiB 8"]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeFio]:
    """A program named fio, a small scratch file, and sides that last no time."""
    directory = tmp_path / "bin"
    directory.mkdir()
    fio.version.cache_clear()
    monkeypatch.setattr(storage, "SIDE_S", 0.01)
    monkeypatch.setattr(cases_storage, "WRITE_BYTES", 4 * MiB)
    monkeypatch.setattr(storage, "WRITE_BYTES", 4 * MiB)
    files = tmp_path / "files"
    files.mkdir()
    with directory_on_a_disk(files) as disk, small_session(disk, monkeypatch):
        monkeypatch.setenv("PATH", str(directory), prepend=":")
        yield FakeFio(directory)
    fio.version.cache_clear()


def rounds(n: int = 9, **rates: float) -> list[dict[str, Side]]:
    return [{name: Side(rate, 1 / rate, 2 / rate) for name, rate in rates.items()}] * n


def test_the_goals_are_those_that_were_asked_for() -> None:
    goals = {"PSYNC": ">= 1.00", "BEST": ">= 0.97", "SHIPPED": ">= 1.50", "MEDIAN": "<= 1.05"}
    assert {name: str(getattr(cases_storage, name)) for name in goals} == goals
    assert str(cases_storage.TAIL) == "<= 1.15"
    assert storage.LEAST_ROUNDS >= 9


def test_names_begin_with_a_workload_and_are_told_apart() -> None:
    others = [each.name for each in (*cases.cases(), *cases_cores.cases(4))]
    assert not set(CASES) & set(others)
    known = plugins.load().workloads
    for case in CASES.values():
        workload = known[case.name.split()[0]]
        points = [point for point in workload.points() if not workload.unsupported(point)]
        params = {"block_bytes": case.block, "queue_depth": case.depth}
        assert any(params.items() <= point.items() for point in points), case.name


def test_random_transfers_are_judged_by_psync_and_by_the_best_and_by_latencies() -> None:
    found = {
        (one.case.removeprefix(RANDOM.name).strip(), one.peer): one
        for one in storage.rows(
            RANDOM, "libaio", rounds(hwperf=99.0, psync=100.0, libaio=102.0, **{AGAIN: 90.0})
        )
    }
    assert {key: one.passes for key, one in found.items() if one.goal} == {
        ("rate", "fio psync"): False,  # 0.99
        ("p50", "fio psync"): True,  # 1.01
        ("p99", "fio psync"): True,
        ("rate best", "fio libaio"): True,  # 0.971
        ("p50 best", "fio libaio"): True,
        ("p99 best", "fio libaio"): True,
    }
    assert len({name for name, _ in found}) == len(found)
    assert found["p50", "fio psync"].ratio == pytest.approx(100 / 99)
    assert found["floor", "fio psync, twice"].ratio == pytest.approx(0.9)


def test_where_psync_is_the_best_both_goals_are_its() -> None:
    found = storage.rows(RANDOM, "psync", rounds(hwperf=98.0, psync=100.0, **{AGAIN: 100.0}))
    rates = {str(one.goal): one.passes for one in found if "rate" in one.case}
    assert rates == {">= 1.00": False, ">= 0.97": True}


def test_sequential_transfers_are_judged_by_the_better_of_fio_as_shipped() -> None:
    found = storage.rows(
        ORDERED, "libaio", rounds(hwperf=149.0, psync=50.0, libaio=100.0, **{AGAIN: 50.0})
    )
    assert [(str(one.goal), one.passes) for one in found if one.goal] == [(">= 1.50", False)]
    assert found[0].unit == "B/s"


def test_each_side_comes_before_each_other_as_often_as_after_it() -> None:
    order: list[str] = []

    def sees(name: str) -> Any:
        def look(*_: float) -> Side:
            order.append(name)
            return Side(1, 1, 1)

        return look

    theirs = {"psync": sees("psync"), "libaio": sees("libaio")}
    found = storage.taken(sees("hwperf"), theirs, "libaio", 9, random.Random(1))
    assert len(found) == 10
    turns = [order[i : i + 4] for i in range(0, 40, 4)]
    assert sum(turn.index("hwperf") < turn.index("libaio") for turn in turns) == 5
    assert len({tuple(turn) for turn in turns}) > 2


def test_the_best_engine_is_found_in_heats_and_refused_ones_take_no_part() -> None:
    def refuses(seconds: float) -> Side:
        raise Unsupported("fio has no engine io_uring here")

    rates = iter([10.0, 30.0] * storage.HEATS)
    theirs = {
        "psync": lambda seconds: Side(20, 1, 1),
        "libaio": lambda seconds: Side(next(rates), 1, 1),
        "io_uring": refuses,
    }
    assert storage._fastest(theirs) == "libaio"
    with pytest.raises(Unsupported):
        storage._fastest({"psync": refuses})


@pytest.mark.parametrize("name", CASES)
def test_a_case_runs_from_end_to_end(fake: FakeFio, name: str) -> None:
    case = CASES[name]
    told = side({50_000: 2000}, block=case.block) if not case.is_writing else None
    wrote = side({50_000: 4 * MiB // case.block}, block=case.block) if case.is_writing else None
    fake.answer(report(told, wrote))
    found = storage.run(case, n_pairs=1)
    assert all(one.n_pairs == 2 and one.ratio > 0 for one in found)
    assert {one.case.split()[-1] for one in found} >= {"rate", "floor"}
    engines = {word for call in fake.calls for word in call if word.startswith("--ioengine=")}
    assert engines == {f"--ioengine={each}" for each in case.engines}


@pytest.fixture
def only_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "compiler", lambda: None)
    monkeypatch.setattr(cases_storage, "cases", lambda: iter([RANDOM]))
    monkeypatch.setattr(storage, "LEAST_ROUNDS", 1)


def test_storage_alone_needs_no_compiler_and_is_shown_like_the_others(
    fake: FakeFio, only_storage: None, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run.main(["--case", "^storage", "--json", str(tmp_path / "found.json")])
    printed = capsys.readouterr()
    assert "storage.random_read 4KiB 32 rate" in printed.out
    assert "fio psync" in printed.out
    assert "reach the goal" in printed.out
    assert "are written to a scratch file; none is left" in printed.err
    lines = (tmp_path / "found.json").read_text().splitlines()
    assert all(json.loads(line)["unit"] in ("op/s", "s") for line in lines)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"stdout": json.dumps(report(error=5))}, "fio failed"),
        ({"stdout": "fio: Bus error\n", "code": 135}, "fio ended with 135: fio: Bus error"),
        ({"stdout": "nothing of use"}, "cannot be read"),
    ],
)
def test_what_fio_gets_wrong_is_said_and_nothing_is_compared(
    fake: FakeFio, only_storage: None, capsys: pytest.CaptureFixture[str], answer: Any, words: str
) -> None:
    fake.answer(answer.pop("stdout"), **answer)
    assert run.main(["--case", "^storage"]) == 2
    assert f"{RANDOM.name:38} n/a: {words}" in capsys.readouterr().out.replace(
        "what fio printed ", ""
    )


def test_without_fio_one_sentence_says_so_and_the_others_go_on(
    fake: FakeFio,
    only_storage: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run.main(["--case", "^storage"]) == 2
    said = capsys.readouterr().out
    assert said.count("fio is not installed") == 1
    assert "the cases of storage are left out" in said
