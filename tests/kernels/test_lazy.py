"""Naming a module of kernels loads nothing; using it loads it, once, in any thread."""

from __future__ import annotations

import subprocess
import sys
import threading
from types import ModuleType

import pytest

from hwperf.kernels.lazy import lazy_module


def clean_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def module_named(tmp_path, monkeypatch):
    """Return a function that writes a module and names it, without loading it."""
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def make(name: str, source: str) -> ModuleType:
        (tmp_path / f"{name}.py").write_text(source)
        made.append(name)
        return lazy_module(name)

    yield make
    for name in made:
        sys.modules.pop(name, None)


def test_naming_and_inspecting_a_kernel_module_does_not_load_numba():
    code = (
        "import sys, inspect, pickle\n"
        "from hwperf.kernels import stream, chase\n"
        "inspect.getsource(pickle)\n"
        "repr(stream), stream.__file__, stream.__spec__, dir(sys.modules['hwperf.kernels'])\n"
        "print('numba' in sys.modules, 'numpy' in sys.modules)"
    )
    assert clean_process(code) == "False False"


def test_every_way_of_importing_gives_one_module():
    code = (
        "from hwperf.kernels import clock\n"
        "import hwperf.kernels.clock as again\n"
        "from hwperf.kernels.clock import add_chain\n"
        "import hwperf.kernels\n"
        "assert clock is again is hwperf.kernels.clock\n"
        "assert clock.add_chain is add_chain\n"
        "print('add_chain' in dir(clock), 'stream' in dir(hwperf.kernels))"
    )
    assert clean_process(code) == "True True"


def test_a_name_that_is_no_module_is_an_attribute_error():
    import hwperf.kernels

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = hwperf.kernels.nothing
    with pytest.raises(ImportError, match="nothing"):
        from hwperf.kernels import nothing  # noqa: F401


def test_a_module_is_loaded_at_its_first_use(module_named):
    module = module_named(
        "lazy_one", "import sys\nsys.lazy_loads = 1\nvalue = 7\n__all__ = ['value']"
    )
    assert not hasattr(sys, "lazy_loads")
    assert not hasattr(module, "__path__")
    assert not hasattr(sys, "lazy_loads"), "asking for a dunder name loaded it"
    assert module.value == 7
    assert type(module) is ModuleType
    assert lazy_module("lazy_one") is module
    assert module.__all__ == ["value"]
    del sys.lazy_loads


def test_an_import_error_is_shown_each_time_and_hides_nothing(module_named):
    module = module_named("lazy_broken", "half = 1\nimport no_such_module_anywhere")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
            _ = module.half


def test_a_missing_attribute_is_an_attribute_error(module_named):
    module = module_named("lazy_plain", "value = 1")
    with pytest.raises(AttributeError, match="has no attribute 'other'"):
        _ = module.other


def test_a_module_that_does_not_exist_is_named():
    with pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"):
        lazy_module("no_such_module_anywhere")


def test_a_second_thread_waits_until_the_module_is_whole(module_named):
    module = module_named(
        "lazy_slow",
        "import sys, time\nfirst = 1\nsys.lazy_started.set()\ntime.sleep(0.1)\nlast = 2",
    )
    sys.lazy_started = threading.Event()
    loader = threading.Thread(target=lambda: module.first)
    loader.start()
    assert sys.lazy_started.wait(10)
    assert module.last == 2
    loader.join()
    del sys.lazy_started


def test_a_module_may_import_itself_while_it_is_loaded(module_named):
    module = module_named(
        "lazy_circle", "early = 1\nimport lazy_circle\nlate = lazy_circle.early + 1"
    )
    assert module.late == 2
