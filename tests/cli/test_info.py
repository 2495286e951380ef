"""``hwperf info`` shows every fact, or why it is not there, in 80 columns."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from hwperf.cli import info
from hwperf.host import Fact
from hwperf.report.detected import Detected
from hwperf.units import MiB

FACTS = {
    "cpu": (
        Fact("model", "AMD EPYC", "", "/proc/cpuinfo"),
        Fact("boost", False, "", "cpufreq"),
        Fact("largest clock", 3.4e9, "Hz", "cpufreq"),
        Fact("microcode", None, "", "/proc/cpuinfo", "only x86 has one"),
        Fact("cores", 2, "", "topology"),
        Fact("sets", ("avx", "avx2"), "", "flags"),
        Fact("none at all", (), "", "flags"),
        Fact("mitigations", ("a: Vulnerable", "b: " + "long " * 40), "", "sysfs"),
    ),
    "memory": (Fact("total", 2**34, "B", "/proc/meminfo"),),
}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(info, "collect", lambda: FACTS)
    done = CliRunner().invoke(info.info_command, [], standalone_mode=False)
    assert done.exception is None
    return done.output.splitlines()


def test_values_are_in_the_units_that_people_read(shown: list[str]) -> None:
    words = [" ".join(line.split()) for line in shown]
    for line in (
        "model AMD EPYC",
        "boost no",
        "largest clock 3.40 GHz",
        "cores 2",
        "sets avx, avx2",
        "none at all none",
        "total 16 GiB",
        "mitigations a: Vulnerable",
    ):
        assert line in words


def test_what_is_not_available_says_why(shown: list[str]) -> None:
    assert "  microcode           n/a: only x86 has one" in shown


def test_no_line_is_wider_than_80_columns(shown: list[str]) -> None:
    assert max(map(len, shown)) <= 80


def test_sources_are_shown_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "collect", lambda: FACTS)
    done = CliRunner().invoke(info.info_command, ["--sources"], standalone_mode=False)
    assert "[/proc/meminfo]" in done.output


def test_json_is_one_object_with_a_schema() -> None:
    done = CliRunner().invoke(info.info_command, ["--json"], standalone_mode=False)
    record = json.loads(done.output)
    assert record["schema"] == 1
    assert {"cpu", "clock", "caches", "memory", "storage", "system", "limits"} <= set(
        record["facts"]
    )
    for facts in record["facts"].values():
        for each in facts:
            assert set(each) == {"name", "value", "unit", "source", "why"}
            assert (each["value"] is None) == bool(each["why"])


DETECTED = [
    Detected("L3 capacity", 4 * MiB, "B", (4 * MiB, 8 * MiB), 32 * MiB, "a share", ("m.l",)),
    Detected("SMT benefit", None, "", None, None, "the system tells of none", ("m.s",)),
    Detected("vector width", 256, "bit", None, 512, "half-width " * 12, ("s.f",)),
]


def measured(monkeypatch: pytest.MonkeyPatch, *options: str) -> str:
    from hwperf.cli import measured as module

    monkeypatch.setattr(info, "collect", lambda: FACTS)
    monkeypatch.setattr(module, "detected", lambda: DETECTED)
    done = CliRunner().invoke(info.info_command, ["--measured", *options], standalone_mode=False)
    assert done.exception is None
    return done.output


def test_what_was_measured_stands_beside_what_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = measured(monkeypatch)
    words = " ".join(shown.split())
    assert "L3 capacity 4 MiB (4 MiB to 8 MiB); the system reports 32 MiB; a share" in words
    assert "SMT benefit n/a: the system tells of none" in words
    assert "vector width 256 bit; the system reports 512 bit" in words
    assert max(map(len, shown.splitlines())) <= 80


def test_json_has_what_was_measured_with_its_workloads(monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads(measured(monkeypatch, "--json"))
    assert [each["name"] for each in record["measured"]] == [each.name for each in DETECTED]
    assert record["measured"][0]["interval"] == [4 * MiB, 8 * MiB]
    assert record["measured"][0]["workloads"] == ["m.l"]
