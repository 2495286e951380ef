"""Every fact of every machine has a value or a reason, and plugins' facts stand beside ours."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hwperf import host
from hwperf.host.inventory import plugin_facts

from .conftest import MACHINES

Unpack = Callable[[str], Path]
NAMES = sorted(path.stem for path in MACHINES.glob("*.txt"))


def told(groups: dict[str, tuple[host.Fact, ...]], group: str, name: str) -> host.Fact:
    (found,) = (each for each in groups[group] if each.name == name)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_has_a_value_or_a_reason_and_a_source(machine: Unpack, name: str) -> None:
    groups = host.collect(machine(name))
    for group, facts in groups.items():
        assert facts, group
        for each in facts:
            assert (each.value is None) == bool(each.why), each
            assert each.source, each
            assert "unexpected content" not in each.why, each


@pytest.mark.parametrize("name", NAMES)
def test_names_are_unique_in_their_group(machine: Unpack, name: str) -> None:
    for group, facts in host.collect(machine(name)).items():
        names = [each.name for each in facts]
        assert len(names) == len(set(names)), group


def test_a_system_that_shows_nothing_gives_reasons_only(machine: Unpack) -> None:
    groups = host.collect(machine("silent"))
    assert [each for facts in groups.values() for each in facts if each.value is not None] == []
    assert told(groups, "cpu", "model").why == "/proc/cpuinfo does not exist here"


def test_the_recorded_guest(machine: Unpack) -> None:
    groups = host.collect(machine("kvm_zen3"))
    expected: dict[tuple[str, str], Any] = {
        ("cpu", "model"): "AMD EPYC",
        ("cpu", "microarchitecture"): "Zen 3",
        ("cpu", "sockets"): 1,
        ("cpu", "cores"): 2,
        ("cpu", "CPUs"): 2,
        ("cpu", "allowed CPUs"): "0-1",
        ("cpu", "threads per core"): 1,
        ("cpu", "microcode"): "0x1000065",
        ("clock", "governor"): None,
        ("caches", "L2"): 512 * 1024,
        ("caches", "L3 layout"): "16-way, 64 B lines, 1 cache of 2 CPUs each (0-1 share one)",
        ("memory", "total"): 24684092 * 1024,
        ("memory", "control group limit"): None,
        ("memory", "huge pages"): "madvise",
        ("memory", "hugetlb pool"): ("0 x 2 MiB",),
        ("memory", "NUMA layout"): ("node 0: CPUs 0-1, 6.087 GiB, distances 10",),
        ("system", "kernel"): "Linux 6.18.44",
        ("system", "distribution"): "Debian GNU/Linux 12 (bookworm)",
        ("system", "hypervisor"): "KVM",
        ("system", "mitigations"): ("spec_store_bypass: Vulnerable",),
        ("system", "clock source"): "tsc",
    }
    assert {key: told(groups, *key).value for key in expected} == expected


def test_the_command_line_is_shown_without_its_secrets(machine: Unpack) -> None:
    shown = told(host.collect(machine("kvm_zen3")), "system", "boot options")
    assert shown.value == ("mitigations=auto,no_guest_host",)


def test_the_recorded_hybrid(machine: Unpack) -> None:
    groups = host.collect(machine("hybrid_laptop"))
    assert told(groups, "cpu", "cores").value == 6
    assert told(groups, "cpu", "threads per core").value == 2
    assert told(groups, "cpu", "fastest CPUs").value == "0-3"
    assert told(groups, "clock", "largest clock").value == 4.4e9
    assert told(groups, "clock", "boost").value is True
    assert told(groups, "caches", "L1d of CPUs 0-3").value == 48 * 1024
    assert told(groups, "caches", "L1d of CPUs 4-7").value == 32 * 1024
    assert told(groups, "system", "machine").value == "LENOVO 21CBCTO1WW"


def test_the_recorded_server(machine: Unpack) -> None:
    groups = host.collect(machine("two_socket_epyc"))
    assert told(groups, "cpu", "sockets").value == 2
    assert told(groups, "cpu", "cores").value == 2
    assert told(groups, "memory", "NUMA nodes").value == 2
    modules = told(groups, "memory", "modules").value
    assert isinstance(modules, tuple)
    assert len(modules) == 2


def test_the_recorded_container(machine: Unpack) -> None:
    groups = host.collect(machine("limited_container"))
    assert told(groups, "memory", "control group limit").value == 2147483648
    assert told(groups, "system", "CPU quota").value == 1.5
    assert told(groups, "system", "container").value == "kubepods"


def test_this_machine_has_facts() -> None:
    groups = host.collect()
    assert isinstance(told(groups, "memory", "total").value, int)
    assert told(groups, "cpu", "CPUs").value
    assert told(groups, "storage", "directory").value


def test_storage_is_that_of_the_directory_that_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HWPERF_STORAGE_DIR", str(tmp_path))
    assert told(host.collect(), "storage", "directory").value == str(tmp_path.resolve())


@dataclass(frozen=True)
class Point:
    """An entry point of somebody's plugin."""

    name: str
    load: Callable[[], Any]
    value: str = "their.facts"


def test_a_plugins_facts_are_a_group_of_its_name() -> None:
    theirs = host.Fact("fan speed", 1200, "", "their sensor")
    point = Point("fans", lambda: SimpleNamespace(facts=lambda: [theirs]))
    assert plugin_facts([point]) == {"plugin fans": (theirs,)}


def test_what_a_plugin_prints_is_no_json(capsys: pytest.CaptureFixture[str]) -> None:
    plugin_facts([Point("loud", lambda: SimpleNamespace(facts=lambda: [print("hello")][:0]))])
    assert capsys.readouterr() == ("", "hello\n")


def raises() -> Any:
    raise ModuleNotFoundError("No module named 'gone'")


@pytest.mark.parametrize(
    ("load", "cause"),
    [
        (raises, "their.facts failed: ModuleNotFoundError: No module named 'gone'"),
        (lambda: SimpleNamespace(), "AttributeError"),
        (lambda: sys.exit("not here"), "SystemExit: not here"),
        (lambda: SimpleNamespace(facts=lambda: [1]), "facts() gave 1, which is no hwperf"),
    ],
)
def test_a_plugin_that_fails_is_named_with_its_cause(load: Callable[[], Any], cause: str) -> None:
    good = Point("good", lambda: SimpleNamespace(facts=list))
    found = plugin_facts([Point("bad", load), good])
    (failure,) = found["plugin bad"]
    assert (failure.name, failure.value) == ("bad", None)
    assert cause in failure.why
    assert found["plugin good"] == ()
