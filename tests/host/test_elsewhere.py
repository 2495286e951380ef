"""Where there is no /proc, the system's own tools are asked, and silence has a reason."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from hwperf.host import elsewhere
from hwperf.host.facts import Unavailable


def answering(answers: dict[str, str]) -> Any:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if command[-1] not in answers:
            raise subprocess.CalledProcessError(1, command)
        return subprocess.CompletedProcess(command, 0, stdout=answers[command[-1]] + "\n")

    return run


def test_a_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", answering({"hw.model": "Mac14,2"}))
    assert elsewhere.sysctl("hw.model") == "Mac14,2"


@pytest.mark.parametrize(
    ("answers", "reason"), [({}, "sysctl hw.x failed"), ({"hw.x": ""}, "sysctl hw.x is empty")]
)
def test_an_absent_variable_has_a_reason(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], reason: str
) -> None:
    monkeypatch.setattr(subprocess, "run", answering(answers))
    with pytest.raises(Unavailable, match=reason):
        elsewhere.sysctl("hw.x")


def test_the_fast_cores_caches_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "hw.perflevel0.l1dcachesize": "131072",
        "hw.l1dcachesize": "65536",
        "hw.l2cachesize": "4194304",
    }
    monkeypatch.setattr(subprocess, "run", answering(answers))
    assert elsewhere.sysctl_caches() == {"L1d": 131072, "L2": 4194304}


def test_cores_are_not_more_than_cpus() -> None:
    assert elsewhere.cpu_count() >= 1
