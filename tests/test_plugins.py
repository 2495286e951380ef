"""Workloads are found by entry point; a plugin that fails is named and costs nobody else."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hwperf import UsageError, plugins
from hwperf.plugins import GROUP, registry_of

GOOD = '''
from hwperf import Work, workload

@workload("{domain}.good", source="a test")
def good():
    """Good."""
    yield Work(lambda: None, ops=1)
'''

Plugin = Callable[..., EntryPoint]
_numbers = itertools.count()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    """Return a function that writes a module and gives its entry point."""
    monkeypatch.syspath_prepend(tmp_path)
    written: list[str] = []

    def write(source: str, name: str | None = None) -> EntryPoint:
        module = f"plugin_of_test_{next(_numbers)}"
        (tmp_path / f"{module}.py").write_text(source)
        written.append(module)
        return EntryPoint(name or module, module, GROUP)

    yield write
    for module in written:
        sys.modules.pop(module, None)


def good(plugin: Plugin, domain: str = "fine", name: str | None = None) -> EntryPoint:
    return plugin(GOOD.format(domain=domain), name)


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        pytest.param(
            "import no_such_module_here",
            "ModuleNotFoundError: No module named 'no_such_module_here'",
            id="a missing dependency",
        ),
        pytest.param("raise SystemExit('bye')", "SystemExit: bye", id="an exit"),
        pytest.param("import sys; sys.exit()", "SystemExit: no message", id="a silent exit"),
        pytest.param("raise OSError('no\\n device')", "OSError: no device", id="two lines"),
        pytest.param("1 / 0", "ZeroDivisionError: division by zero", id="a fault"),
        pytest.param("x = 1", "it declares no workload", id="nothing in it"),
    ],
)
def test_a_broken_plugin_is_named_with_its_cause(plugin: Plugin, source: str, cause: str) -> None:
    bad = plugin(source, "bad")
    found = registry_of([bad, good(plugin, "aaa"), good(plugin, "zzz")])
    assert list(map(str, found.broken)) == [f"plugin 'bad' ({bad.value}) is left out: {cause}"]
    assert set(found.workloads) == {"aaa.good", "zzz.good"}


def test_a_syntax_error_names_the_line(plugin: Plugin) -> None:
    (broken,) = registry_of([plugin("x = 1\ndef f(:\n")]).broken
    assert broken.cause.startswith("SyntaxError: ")
    assert "line 2" in broken.cause


def test_a_wrong_declaration_is_told_with_its_fix(plugin: Plugin) -> None:
    (broken,) = registry_of([plugin(GOOD.format(domain="Bad"))]).broken
    assert broken.cause.startswith("DeclarationError: Bad.good: the id 'Bad.good' is not of the")


def test_a_module_that_is_not_there_is_reported() -> None:
    (broken,) = registry_of([EntryPoint("gone", "no_such_plugin", GROUP)]).broken
    assert str(broken) == (
        "plugin 'gone' (no_such_plugin) is left out: "
        "ModuleNotFoundError: No module named 'no_such_plugin'"
    )


def test_an_interrupt_while_loading_is_no_broken_plugin(plugin: Plugin) -> None:
    with pytest.raises(KeyboardInterrupt):
        registry_of([plugin("raise KeyboardInterrupt")])


def test_every_workload_of_a_module_is_taken(plugin: Plugin) -> None:
    found = registry_of(
        [plugin(GOOD.format(domain="a") + GOOD.format(domain="b").replace("def good", "def other"))]
    )
    assert set(found.workloads) == {"a.good", "b.good"}
    assert found.broken == ()


def test_one_workload_may_be_named_alone(plugin: Plugin) -> None:
    module = good(plugin, "alone").value
    found = registry_of([EntryPoint("one", f"{module}:good", GROUP)])
    assert set(found.workloads) == {"alone.good"}


def test_of_two_plugins_with_one_id_the_first_by_name_stands(plugin: Plugin) -> None:
    second, first = good(plugin, "same", "b_second"), good(plugin, "same", "a_first")
    found = registry_of([second, first])
    assert found.workloads["same.good"].module == first.value
    assert [str(b) for b in found.broken] == [
        f"plugin 'b_second' ({second.value}) is left out: same.good is already declared by "
        f"{first.value}; choose another id"
    ]


def test_nobody_can_replace_a_built_in_workload(plugin: Plugin) -> None:
    thief = plugin(GOOD.replace("{domain}.good", "core.null"), "aaa")
    found = registry_of([thief, EntryPoint("core", "hwperf.domains.core", GROUP)])
    assert found.workloads["core.null"].module == "hwperf.domains.core"
    assert [b.entry_point for b in found.broken] == ["aaa"]


def test_an_id_declared_twice_in_one_module_is_reported(plugin: Plugin) -> None:
    """The second would silently never be measured."""
    twice = plugin(GOOD.format(domain="a") + GOOD.format(domain="a").replace("def good", "def two"))
    found = registry_of([twice])
    assert found.workloads["a.good"].function.__name__ == "good"
    assert [b.cause for b in found.broken] == [
        f"a.good is already declared by {twice.value}; choose another id"
    ]


def test_a_workload_under_two_names_is_one(plugin: Plugin) -> None:
    first = plugin(GOOD.format(domain="a") + "\nalias = good\n", "a")
    second = plugin(f"from {first.value} import good", "b")
    found = registry_of([first, second])
    assert set(found.workloads) == {"a.good"}
    assert found.broken == ()


def test_the_same_entry_point_twice_is_loaded_once(plugin: Plugin) -> None:
    point = plugin("raise OSError('once')", "bad")
    assert len(registry_of([point, point]).broken) == 1


def test_an_unknown_id_gets_near_ones() -> None:
    registry = registry_of([EntryPoint("core", "hwperf.domains.core", GROUP)])
    assert registry.find("core.null").id == "core.null"
    with pytest.raises(UsageError) as refused:
        registry.find("core.clok")
    assert str(refused.value) == (
        "'core.clok' is no workload. Did you mean core.clock or core.null? "
        "'hwperf list' shows them all."
    )


def test_an_id_that_is_like_no_other_gets_none() -> None:
    with pytest.raises(UsageError) as refused:
        registry_of([]).find("x")
    assert str(refused.value) == "'x' is no workload. 'hwperf list' shows them all."


def test_built_in_workloads_come_by_entry_point_like_anybodys() -> None:
    found = plugins.load()
    assert found is plugins.load()
    assert {"core.null", "core.clock"} <= set(found.workloads)
    assert not [b for b in found.broken if b.module.startswith("hwperf.")]
