"""The docs say everything that a user can see, and what they show runs."""

from __future__ import annotations

import inspect
import json
import linecache
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from hwperf import Figure, Workload, plugins
from hwperf.cli.main import VERBS, cli
from hwperf.measure import QUICK, SCHEMA, Result, Verdict, measure
from hwperf.measure.against import Ratio
from hwperf.measure.interference import CAUSES
from hwperf.metrics import BANDWIDTH, LATENCY, METRICS, Metric
from hwperf.report.card import MOST_LINES as CARD_LINES
from hwperf.report.summary import MOST_LINES

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
FENCE = re.compile(r"^```(\{code-block\} )?(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def source() -> str:
    """Return all of hwperf's own source text."""
    return "".join(path.read_text("utf-8") for path in (ROOT / "hwperf").rglob("*.py"))


def section(text: str, title: str) -> str:
    """Return the text under the second-level heading *title*, empty where there is none."""
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", text, re.M | re.S)
    return found[1] if found else ""


def built_in() -> list[str]:
    loaded = plugins.load().workloads.values()
    return [w.id for w in loaded if w.module.startswith("hwperf.")]


def parameters_of(verb: str) -> list[click.Parameter]:
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None, f"hwperf {verb}: no such verb"
    return command.params


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield the page and the words of each command of ours that the docs show."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        blocks = [block for _, language, block in FENCE.findall(text) if language == "sh"]
        indented = re.findall(r"^    (?:make|python3? |\.venv|\.ci).*$", text, re.MULTILINE)
        for line in [line for block in blocks for line in block.splitlines()] + indented:
            words = shlex.split(line, comments=True)
            if words:
                yield path.relative_to(ROOT).as_posix(), words


@pytest.mark.parametrize("workload_id", built_in())
def test_every_workload_has_a_section_with_all_its_parts(workload_id: str) -> None:
    """Definition, what is counted, expected values, source; and every parameter."""
    workload = plugins.load().find(workload_id)
    text = section(page(f"domains/{workload.domain}.md"), workload_id)
    assert text, f"docs/domains/{workload.domain}.md has no section {workload_id}"
    for part in ("Definition.", "Counted.", "Expected.", "Threats", "Source."):
        assert f"**{part}" in text, f"{workload_id} has no {part!r}"
    for name in workload.params:
        assert f"`{name}`" in text, f"{workload_id} does not explain {name!r}"


@pytest.mark.parametrize("domain", sorted({id.split(".")[0] for id in built_in()}))
def test_the_domain_pages_describe_nothing_that_is_not_there(domain: str) -> None:
    titles = re.findall(rf"^## ({domain}\.\w+)$", page(f"domains/{domain}.md"), re.MULTILINE)
    assert set(titles) == {id for id in built_in() if id.startswith(f"{domain}.")}


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_is_documented_with_unit_and_direction(metric: Metric) -> None:
    row = (
        f"| `{metric.name}` | {metric.unit} | {metric.amount} "
        f"| {'higher' if metric.higher_is_better else 'lower'} |"
    )
    assert row in page("reference/metrics.md")


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_is_documented_in_its_verbs_section(verb: str) -> None:
    text = section(page("reference/cli.md"), f"hwperf {verb}")
    assert text, f"docs/reference/cli.md has no section 'hwperf {verb}'"
    for parameter in parameters_of(verb):
        names = (
            parameter.opts
            if isinstance(parameter, click.Option)
            else [parameter.human_readable_name]
        )
        for name in names:
            assert f"`{name}" in text, f"hwperf {verb}: {name} is not documented"


def test_every_entry_point_group_is_documented() -> None:
    text = page("reference/entry-points.md")
    groups = set(re.findall(r'"(hwperf\.(?:workloads|facts|reports))"', source()))
    assert plugins.GROUP in groups
    assert {group for group in groups if f"`{group}`" not in text} == set()


def test_every_cause_of_a_disturbed_sample_is_documented() -> None:
    assert {name for name in CAUSES if f"| `{name}` |" not in page("stability.md")} == set()


def test_every_verdict_is_documented() -> None:
    text = page("howto/interpret-verdicts.md")
    assert {name for name in get_args(Verdict) if f"| `{name}` |" not in text} == set()


def test_every_environment_variable_of_ours_is_documented() -> None:
    text = page("reference/files-and-environment.md")
    used = set(re.findall(r"\bHWPERF_[A-Z_]+\b", source()))
    assert used
    assert {name for name in used if f"`{name}`" not in text} == set()


def test_the_commands_shown_exist() -> None:
    """Each is a target of make, a verb of hwperf with options that it has, or a known program."""
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets
    for name, words in commands():
        program, *rest = words
        shown = f"{name}: {' '.join(words)}"
        if program == "make":
            plain = [word for word in rest if "=" not in word]
            assert set(plain) <= set(targets[1].split()), shown
        elif program.removeprefix(".venv/bin/") == "hwperf":
            options = {o for p in parameters_of(rest[0]) for o in (*p.opts, *p.secondary_opts)}
            assert {w.split("=")[0] for w in rest[1:] if w.startswith("-")} <= options, shown
        else:
            assert program in {
                ".ci/run", ".venv/bin/asv", ".venv/bin/python", "git", "python3", "python",
            }, shown  # fmt: skip


def test_the_readme_shows_the_commands_that_ci_runs() -> None:
    ci = re.findall(r"^(?:exec )?make( test)? PYTHON", (ROOT / ".ci" / "run").read_text(), re.M)
    readme = [words for name, words in commands() if name == "README.md"]
    assert ci == ["", " test"]
    assert ["make"] in readme
    assert ["make", "test"] in readme


def test_the_readme_shows_a_summary_as_long_as_a_summary_is() -> None:
    blocks = FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    summary, card = [block.splitlines() for _, language, block in blocks if language == "text"]
    assert len(summary) <= MOST_LINES
    assert summary[-1].startswith("pages: ")
    assert len(card) <= CARD_LINES + 1
    assert card[-1].startswith("Each claim beside this machine: ")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_python_examples_run(path: Path) -> None:
    """The examples of one page run in order in one namespace; workloads pass their own check."""
    namespace: dict[str, object] = {"__name__": f"example_{path.stem}"}
    shown = FENCE.findall(path.read_text(encoding="utf-8"))
    for number, (directive, language, block) in enumerate(shown):
        if language != "python" or directive:  # {code-block} python is a fragment
            continue
        filename = f"<{path.name} {number}>"
        # The declaration reads its own source, as it does in a module.
        linecache.cache[filename] = (len(block), None, block.splitlines(True), filename)
        exec(compile(block, filename, "exec"), namespace)
    for workload in [value for value in namespace.values() if isinstance(value, Workload)]:
        assert inspect.getsource(workload.function)
        result = measure(workload, next(workload.points()), profile=QUICK.with_budget(0.02))
        assert result.verdict in ("ok", "noisy"), result.reason


def test_links_between_pages_lead_somewhere() -> None:
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
    for path in DOCS.rglob("*.md"):
        for target in re.findall(r"\{doc\}`([^`<]+)`", path.read_text(encoding="utf-8")):
            assert (path.parent / f"{target}.md").exists(), f"{path.name}: {target}"


def faults(schema: dict, value: object, where: str = "$") -> list[str]:  # type: ignore[type-arg]
    """Return what of *value* is against *schema*; the part of JSON Schema that ours uses."""
    kinds = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
        "number": (int, float), "integer": int,
    }  # fmt: skip
    found = []
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(isinstance(value, kinds[kind]) for kind in types):
        found.append(f"{where}: {value!r} is no {' or '.join(types)}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{where}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is none of {schema['enum']}")
    if isinstance(value, dict):
        found += [f"{where}: {k} is missing" for k in schema.get("required", []) if k not in value]
        rest = schema.get("additionalProperties", True)
        for key, item in value.items():
            inner = schema.get("properties", {}).get(key, rest)
            if inner is False:
                found.append(f"{where}: {key} is unknown")
            elif isinstance(inner, dict):
                found += faults(inner, item, f"{where}.{key}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{where}: {len(value)} items")
        for item in value:
            found += faults(schema.get("items", {}), item, f"{where}[]")
    return found


MEASURED = Result(
    workload_id="memory.copy", params={"nbytes": 8, "stores": "regular"}, metric=BANDWIDTH,
    verdict="ok", version="0" * 16, cost_s=4e-11, interval_cost_s=(3.9e-11, 4.1e-11),
    samples=(4e-11,) * 8, limit=5e10, amounts={"bytes": 16.0}, calls_per_sample=3,
)  # fmt: skip
DROPPED = Result(
    workload_id="memory.latency", params={}, metric=LATENCY, verdict="n/a", version="",
    reason="too little memory",
)  # fmt: skip
TAIL = Result(
    workload_id="x.y", params={}, metric=LATENCY, verdict="noisy", version="1", cost_s=1e-6,
    percentiles={"p50": 1e-6, "p99": None}, against={"one": Ratio(2.0, (1.9, 2.1), 2e-6, 9)},
    figures={"digits": Figure(15.5, "digits"), "blas": Figure("B 1"), "matrix": Figure([[None]])},
    tags={"placement": "near", "core_to_core_s": 4e-8, "placements": {"near": 9, "far": 1}},
)  # fmt: skip


@pytest.mark.parametrize("result", [MEASURED, DROPPED, TAIL], ids=["ok", "n/a", "latencies"])
def test_the_json_of_a_point_follows_the_published_schema(result: Result) -> None:
    schema = json.loads(page("reference/measure.schema.json"))
    shown = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert faults(schema, shown) == []
    assert set(shown) <= set(schema["properties"])


def test_the_schema_knows_what_there_is() -> None:
    properties = json.loads(page("reference/measure.schema.json"))["properties"]
    assert properties["schema"]["const"] == SCHEMA
    assert set(properties["metric"]["examples"]) == set(METRICS)
    assert set(properties["unit"]["enum"]) == {metric.unit for metric in METRICS.values()}
    assert set(properties) == set(TAIL.to_json())


@pytest.mark.parametrize("key", ["unit", "verdict", "value", "amounts"])
def test_the_schema_rejects_what_is_wrong(key: str) -> None:
    """The check that holds the schema can fail."""
    schema = json.loads(page("reference/measure.schema.json"))
    shown = json.loads(json.dumps(MEASURED.to_json()))
    assert faults(schema, {**shown, key: {"lightyears": 1}}) != []
    del shown[key]
    assert faults(schema, shown) != []


def test_every_figure_of_storage_is_documented() -> None:
    """Found where a domain names one: as a key, or as what is assigned to."""
    named = r'"(\w+)": Figure\(|(?:told|found)\["(\w+)"\] ='
    text = page("domains/storage.md") + page("howto/measure-a-disk.md")
    modules = sorted((ROOT / "hwperf" / "domains" / "storage").glob("*.py"))
    found = {
        a or b for path in modules for a, b in re.findall(named, path.read_text(encoding="utf-8"))
    }
    assert {"io_proof", "headroom"} <= found
    assert {name for name in found if f"`{name}`" not in text} == set()
