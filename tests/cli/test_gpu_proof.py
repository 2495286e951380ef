"""``hwperf gpu-proof``: one command, one file, checks that can fail, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.devices import DEVICE
from hwperf.devices.simulated import SIMULATED
from tests.cli.conftest import Answer

Hwperf = Callable[..., Answer]


def test_it_measures_within_its_time_and_writes_one_file(hwperf: Hwperf, tmp_path: Path) -> None:
    out = tmp_path / "proof.json"
    answer = hwperf("gpu-proof", "--device", "simulated:0", "--minutes", "0.15", "--out", str(out))
    shown = json.loads(out.read_text())
    assert answer.code == (1 if any(c["holds"] is False for c in shown["checks"]) else 0)
    assert shown["kind"] == "simulated"
    assert shown["is_complete"]
    assert shown["took_s"] < 60 * 0.15 + 30
    measured = [p for p in shown["points"] if p["value"] is not None]
    assert measured[0]["params"]["memory"] == "pinned"
    assert shown["left_out"], "so short a time is not enough for all of it"
    assert all(each["why"] for each in shown["left_out"])
    assert "says nothing of this machine" in answer.out
    assert [path.name for path in tmp_path.iterdir()] == ["proof.json"]


def test_a_faulty_device_fails_its_check(
    hwperf: Hwperf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SIMULATED, "fault=wrong_kernel")
    out = tmp_path / "proof.json"
    answer = hwperf("gpu-proof", "--device", "simulated:0", "--minutes", "0.3", "--out", str(out))
    assert answer.code == 1
    assert "FAILED every point was verified" in answer.out


def test_a_device_that_cannot_do_anything_is_exit_code_3(
    hwperf: Hwperf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SIMULATED, "fault=full")
    out = tmp_path / "proof.json"
    answer = hwperf("gpu-proof", "--device", "simulated:0", "--minutes", "0.1", "--out", str(out))
    assert answer.code == 3
    assert "out of memory" in " ".join(answer.err.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--device", "simulated:9"], "'simulated:9' is no device here"),
        (["--device", "simulated:0", "--minutes", "0"], "0.05"),
        (["--device", "simulated:0", "--out", "/no/such/place.json"], "is not there"),
        (["--device", "simulated:0", "--out", "."], "is a directory"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str], says: str, hwperf: Hwperf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = hwperf("gpu-proof", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert says in answer.err
    assert list(tmp_path.iterdir()) == []


def test_without_an_accelerator_it_says_what_was_looked_for(
    hwperf: Hwperf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hwperf.devices import Listing

    monkeypatch.delenv(DEVICE, raising=False)
    monkeypatch.setattr("hwperf.cli.gpu_proof.listing", lambda: Listing({}, ()))
    answer = hwperf("gpu-proof")
    assert answer.code == 3
    assert "no accelerator found" in answer.err
