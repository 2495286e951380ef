"""A version changes when what is measured does, and with nothing else.

Each test writes a small package, takes its workload's version, edits a file and compares.
"""

from __future__ import annotations

import importlib
import itertools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hwperf import Work, plugins, workload
from hwperf.fingerprint import fingerprint

WORKLOADS = '''"""Workloads of the tests."""

from collections.abc import Iterator

from hwperf import CheckFailed, Work, workload
from {name} import kernels
from {name}.checks import require

COUNT = 8  # elements
SIZES = [COUNT, 2 * COUNT]


@workload("test.copy", params={{"n": SIZES}}, source="a test", answers="How fast?")
def copy(n) -> Iterator[Work]:
    """Copy some numbers.

    Counts loads.
    """
    a = [None] * n
    b = numbers(n)
    # Copy them.
    yield Work(lambda: kernels.table["copy"](a, b), bytes=8 * n)
    require(a, b)


def numbers(n, start=0):
    return list(range(n + start, n + COUNT))
'''

KERNELS = '''"""Kernels of the tests."""

from numba import njit
from numba.extending import intrinsic
from numba import types

from . import deep

WIDTH = 4
STEPS = (1, 2, 3)


@intrinsic
def plus(typingctx, x, y):
    """Add."""
    def generate(context, builder, signature, args):
        return builder.add(*args)
    return types.int64(types.int64, types.int64), generate


@njit(nogil=True)
def compiled(a, b):
    return plus(a, b) + WIDTH


def make(chains):
    def copy(a, b):
        for step in STEPS[:chains]:
            a[:] = b
        return deep.inner(compiled(1, 2))
    return copy


table = {"copy": make(2), "unused": None}


class Untouched:
    """Nobody names me."""
    WIDTH = 5
'''

DEEP = '''"""A kernel's kernel."""

import math


def inner(x):
    return x + outermost.value


class outermost:
    value = math.pi * 2


def unused(x):
    return x
'''

CHECKS = '''"""Checks of the tests."""

def require(a, b):
    """Compare."""
    if not a == b:
        raise ValueError(f"{a} (is) != {b} (should)")
'''

FILES = {"__init__": "", "workloads": WORKLOADS, "kernels": KERNELS, "deep": DEEP, "checks": CHECKS}

Version = Callable[..., str]
_numbers = itertools.count()


@pytest.fixture
def version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Version]:
    """Return a function that gives the version with one text in one file replaced by another."""
    name = f"package_of_test_{next(_numbers)}"
    package = tmp_path / name
    package.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def forget() -> None:
        from hwperf import fingerprint as module

        for module_name in [m for m in sys.modules if m.split(".")[0] == name]:
            del sys.modules[module_name]
        module._bindings.cache_clear()
        importlib.invalidate_caches()

    def take(file: str = "", old: str = "", new: str = "") -> str:
        forget()
        for stem, text in FILES.items():
            text = text.format(name=name) if stem == "workloads" else text
            if stem == file:
                assert text.count(old) >= 1, f"{old!r} is not in {file}"
                text = text.replace(old, new)
            (package / f"{stem}.py").write_text(text)
        import linecache

        linecache.clearcache()
        found: str = importlib.import_module(f"{name}.workloads").copy.version
        return found

    yield take
    forget()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("workloads", "[None] * n", "[0] * n", id="the body"),
        pytest.param("workloads", "8 * n", "16 * n", id="what is counted"),
        pytest.param("workloads", "require(a, b)", "require(b, a)", id="the check"),
        pytest.param("workloads", "2 * COUNT", "3 * COUNT", id="a parameter's values"),
        pytest.param("workloads", "COUNT = 8", "COUNT = 16", id="a constant"),
        pytest.param("workloads", "start=0", "start=1", id="a default"),
        pytest.param("workloads", 'table["copy"]', 'table["unused"]', id="which kernel"),
        pytest.param("kernels", "a[:] = b", "a[:] = b[:]", id="a kernel"),
        pytest.param("kernels", "make(2)", "make(3)", id="a factory's argument"),
        pytest.param("kernels", "STEPS[:chains]", "STEPS[chains:]", id="a factory"),
        pytest.param("kernels", "(1, 2, 3)", "(1, 2, 4)", id="a table of constants"),
        pytest.param("kernels", "WIDTH = 4", "WIDTH = 8", id="a compiled kernel's constant"),
        pytest.param("kernels", "+ WIDTH", "- WIDTH", id="a compiled kernel"),
        pytest.param("kernels", "nogil=True", "fastmath=True", id="how it is compiled"),
        pytest.param("kernels", "builder.add", "builder.sub", id="an intrinsic"),
        pytest.param("deep", "x + outer", "x - outer", id="a kernel's kernel"),
        pytest.param("deep", "math.pi * 2", "math.pi * 3", id="a class"),
        pytest.param("checks", "not a == b", "a != b", id="a function of the check"),
    ],
)
def test_it_changes_with(version: Version, file: str, old: str, new: str) -> None:
    assert version(file, old, new) != version()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param("workloads", "# Copy them.", "# Copied below.", id="a comment"),
        pytest.param("workloads", "# elements", "# numbers", id="a constant's comment"),
        pytest.param("workloads", "Counts loads.", "Counts loads, not stores.", id="a docstring"),
        pytest.param("workloads", "How fast?", "How quick?", id="the declaration's text"),
        pytest.param("workloads", "[None] * n", "[None]*n", id="spaces"),
        pytest.param(
            "workloads", "numbers(n, start=0)", "numbers(\n    n,\n    start=0,\n)",
            id="line breaks",
        ),
        pytest.param("workloads", 'table["copy"]', "table['copy']", id="quotes"),
        pytest.param("workloads", "-> Iterator[Work]", "-> 'Iterator[Work]'", id="annotations"),
        pytest.param("workloads", "(n, start=0)", "(n: int, start: int = 0)", id="types"),
        pytest.param("kernels", '    """Add."""', '    """Sum.\n\n    Up."""', id="kernel's docs"),
        pytest.param("kernels", "WIDTH = 5", "WIDTH = 6", id="what nobody names"),
        pytest.param("deep", "return x\n", "return -x\n", id="an unused neighbour"),
        pytest.param("deep", '"""A kernel', '"""The kernel', id="a module's docstring"),
        pytest.param(
            "kernels", "from . import deep", "import math\nfrom . import deep", id="imports"
        ),
    ],
)  # fmt: skip
def test_it_does_not_change_with(version: Version, file: str, old: str, new: str) -> None:
    assert version(file, old, new) == version()


@workload("test.plain", params={"n": [1, 2.5, "three", None, True]}, source="a test")
def plain(n: int) -> Iterator[Work]:
    """Use a good part of Python's syntax.

    Counts nothing.
    """
    text = f"{n!r:>{3}} and {n + 1}joined"
    values = [i if i % 2 else -i for i in range(n) if i != 3]
    try:
        table = {**locals(), "b": (yield_ := 2), None: ...}
    except (KeyError, ValueError) as error:
        raise AssertionError(text[1:-1:2], b"\x00\xff", 1e-9, 2j) from error
    else:
        del table["a"]
    with open(text) as (file), open(text):
        assert not (lambda *a, k=1, **b: a)(file)
    yield Work(lambda: values.sort(), ops=yield_)


def test_it_is_the_same_on_every_python() -> None:
    """The value was computed by Python 3.11; a change here ends the history of every workload."""
    assert plain.version == "916554b6e1e123dc"


def test_order_of_parameters_values_counts() -> None:
    assert fingerprint(plain.function, {"n": (1, 2)}) != fingerprint(plain.function, {"n": (2, 1)})
    assert fingerprint(plain.function, {"n": (1, 2)}) == fingerprint(plain.function, {"n": [1, 2]})


def made(size: int, kernel: Callable[..., Any], table: dict[str, Any]) -> str:
    """Return the version of a workload that a function made."""

    @workload("test.made", source="a test")
    def inner() -> Iterator[Work]:
        """Use what is around."""
        yield Work(lambda: kernel(table, size), ops=1)

    return inner.version


def one(*_: object) -> int:
    return 1


def two(*_: object) -> int:
    return 2


def test_a_workload_made_by_a_function_counts_what_it_was_made_with() -> None:
    version = made(8, one, {"a": one, "b": [3]})
    assert version == made(8, one, {"a": one, "b": [3]})
    assert version != made(16, one, {"a": one, "b": [3]})
    assert version != made(8, two, {"a": one, "b": [3]})
    assert version != made(8, one, {"a": two, "b": [3]})
    assert version != made(8, one, {"a": one, "b": [4]})


def test_a_numba_kernel_in_a_closure_is_followed() -> None:
    from numba import njit

    assert made(8, njit(one), {}) == made(8, one, {})
    assert made(8, njit(two), {}) != made(8, one, {})


def test_code_without_source_has_a_version_too() -> None:
    scope: dict[str, Any] = {"__name__": "typed.at.a.prompt"}
    exec("def f(n):\n    yield n + 1\ndef g(n):\n    yield n + 2\n", scope)
    assert re.fullmatch("[0-9a-f]{16}", fingerprint(scope["f"], {}))
    assert fingerprint(scope["f"], {}) != fingerprint(scope["g"], {})


def test_versions_need_no_compiler() -> None:
    """asv asks for every version whenever it looks for benchmarks."""
    program = (
        "import sys; from hwperf import plugins\n"
        "print([w.version for w in plugins.load().workloads.values()])\n"
        "assert 'numba' not in sys.modules"
    )
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert asked.returncode == 0, asked.stderr
    here = [w.version for w in plugins.load().workloads.values()]
    assert asked.stdout.strip() == str(here), "another process finds other versions"


def test_every_workload_has_a_version_of_its_own() -> None:
    versions = [w.version for w in plugins.load().workloads.values()]
    assert len(set(versions)) == len(versions)
