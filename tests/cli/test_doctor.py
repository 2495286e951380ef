"""``hwperf doctor`` shows findings with evidence and advice, and plugins that are broken."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from hwperf.cli import doctor
from hwperf.host.noise import Finding
from hwperf.plugins import Broken

FINDING = Finding("running on battery", "BAT0 is discharging", "high", "Plug it in " + "now " * 30)
BROKEN = Broken("mine", "my.module", "ImportError: no such thing")


def run(
    monkeypatch: pytest.MonkeyPatch,
    *options: str,
    found: tuple[Finding, ...] = (),
    broken: tuple[Broken, ...] = (),
) -> Result:
    monkeypatch.setattr(doctor, "findings", lambda: found)
    monkeypatch.setattr(doctor, "load", lambda: SimpleNamespace(broken=broken))
    done = CliRunner().invoke(doctor.doctor_command, list(options), standalone_mode=False)
    assert done.exception is None
    return done


def test_a_finding_has_evidence_and_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(monkeypatch, found=(FINDING,)).output
    assert "high    running on battery" in shown
    assert "        BAT0 is discharging" in shown
    assert "        -> Plug it in" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_broken_plugin_is_named_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(monkeypatch, broken=(BROKEN,)).output
    assert "plugin 'mine' (my.module) is left out: ImportError: no such thing" in shown


def test_a_calm_machine_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nothing was found" in run(monkeypatch).output


def test_json_is_one_object_with_a_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads(run(monkeypatch, "--json", found=(FINDING,), broken=(BROKEN,)).output)
    assert record["schema"] == 1
    assert record["findings"][0]["severity"] == "high"
    assert record["broken_plugins"][0]["cause"] == "ImportError: no such thing"


def test_it_looks_at_this_machine() -> None:
    done = CliRunner().invoke(doctor.doctor_command, ["--json"], standalone_mode=False)
    assert done.exception is None
    assert isinstance(json.loads(done.output)["findings"], list)
