"""``hwperf gpu-proof``: one command, one file, checks that can fail, exit codes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hwperf.devices import DEVICE
from hwperf.devices.simulated import SIMULATED
from tests.cli.conftest import Answer

Hwperf = Callable[..., Answer]


def test_it_measures_within_its_time_and_writes_one_file(hwperf: Hwperf, tmp_path: Path) -> None:
    out = tmp_path / "proof.json"
    answer = hwperf("gpu-proof", "--device", "simulated:0", "--minutes", "0.3", "--out", str(out))
    shown = json.loads(out.read_text())
    assert answer.code == (1 if any(c["holds"] is False for c in shown["checks"]) else 0)
    assert shown["kind"] == "simulated"
    assert shown["is_complete"]
    assert shown["took_s"] < 60 * 0.3 + 30
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


def test_a_device_of_which_nothing_is_right_is_a_finding(
    hwperf: Hwperf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what the file has to keep."""
    monkeypatch.setenv(SIMULATED, "fault=last_byte")
    monkeypatch.setenv("HWPERF_DEVICE", "simulated:0")
    out = tmp_path / "proof.json"
    answer = hwperf("gpu-proof", "--minutes", "0.3", "--out", str(out))
    assert answer.code == 1
    assert "FAILED every point was verified" in answer.out
    shown = json.loads(out.read_text())
    assert {point["verdict"] for point in shown["points"][:3]} == {"failed"}


def test_a_device_that_cannot_do_anything_is_exit_code_3(
    hwperf: Hwperf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SIMULATED, "fault=full")
    out = tmp_path / "proof.json"
    answer = hwperf("gpu-proof", "--device", "simulated:0", "--minutes", "1", "--out", str(out))
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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_what_is_no_regular_file_is_not_replaced(hwperf: Hwperf, tmp_path: Path) -> None:
    """``--out /dev/null`` of root would be a file afterwards, for everybody."""
    out = tmp_path / "pipe"
    os.mkfifo(out)
    answer = hwperf("gpu-proof", "--device", "simulated:0", "--out", str(out))
    assert (answer.code, answer.out) == (2, "")
    assert "is no regular file" in answer.err
    assert out.is_fifo()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="this system has no /proc")
def test_a_place_where_nothing_can_be_written_is_refused_before_it_measures(hwperf: Hwperf) -> None:
    """Whoever is root may write there by its mode."""
    answer = hwperf("gpu-proof", "--device", "simulated:0", "--out", "/proc/proof.json")
    assert (answer.code, answer.out) == (2, "")
    assert "cannot write to /proc: " in answer.err


def test_without_an_accelerator_it_says_what_was_looked_for(
    hwperf: Hwperf, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hwperf.devices import Listing

    monkeypatch.delenv(DEVICE, raising=False)
    monkeypatch.setattr("hwperf.cli.gpu_proof.listing", lambda: Listing({}, ()))
    answer = hwperf("gpu-proof")
    assert answer.code == 3
    assert "no accelerator found" in answer.err
