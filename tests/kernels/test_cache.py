"""A cache file that is damaged or not ours is never run; a cache that fails costs no result."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hwperf.kernels import cache, cachedir

SOURCE = """
from hwperf.kernels.jit import kernel
from hwperf.kernels.llvm import opaque

@kernel
def double(x):
    return opaque(x) * {factor}
"""
REPOSITORY = Path(__file__).parents[2]


class Workshop:
    """Kernels made of one source file, each as a process of its own would see it."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.file, self.root = folder / "plugin.py", root
        self.file.write_text(SOURCE.format(factor=2))

    def kernel(self):
        cachedir.source_digest.cache_clear()
        spec = importlib.util.spec_from_file_location("plugin", self.file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.double

    def hits(self, expected: int = 42) -> int:
        """Call the kernel as a new process would; return how often it was found in the cache."""
        kernel = self.kernel()
        assert kernel(21) == expected
        return sum(kernel.stats.cache_hits.values())

    def files(self) -> list[Path]:
        return sorted(path for path in self.root.rglob("*") if path.is_file())

    def file_kept(self) -> Path:
        (path,) = self.files()
        return path


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    root = tmp_path / "cache" / "kernels-0123456789abcdef"
    monkeypatch.setattr(cachedir, "directory", lambda: root)
    return Workshop(tmp_path, root)


def test_the_second_process_compiles_nothing(workshop):
    assert workshop.hits() == 0
    assert workshop.hits() == 1
    assert workshop.file_kept().stat().st_mode & 0o777 == 0o600


def test_nothing_is_made_before_the_first_call(workshop):
    workshop.kernel()
    assert not workshop.root.parent.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:40],
        lambda content: content[:-1],
        lambda content: content + b"x",
        lambda content: content[:100] + bytes([content[100] ^ 1]) + content[101:],
        lambda content: b"\x80\x04 something else",
    ],
    ids=["empty", "no payload", "truncated", "longer", "one bit", "foreign"],
)
def test_a_damaged_file_is_set_aside_and_the_kernel_compiled_anew(workshop, damage):
    workshop.hits()
    path = workshop.file_kept()
    content = path.read_bytes()
    path.write_bytes(damage(content))
    assert workshop.hits() == 0
    assert workshop.files() == [path, Path(f"{path}.broken")]
    assert workshop.hits() == 1


def test_a_sealed_file_of_another_kernel_is_not_run(workshop):
    workshop.hits()
    path = workshop.file_kept()
    cache.write_sealed(path, cache.dumps(("another key", ())))
    assert workshop.hits() == 0
    assert Path(f"{path}.broken").exists()


def test_a_sealed_file_that_is_no_pickle_is_not_run(workshop):
    workshop.hits()
    cache.write_sealed(workshop.file_kept(), b"not a pickle")
    assert workshop.hits() == 0


def test_a_file_that_others_may_write_is_not_run(workshop):
    workshop.hits()
    path = workshop.file_kept()
    path.chmod(0o622)
    assert workshop.hits() == 0
    assert Path(f"{path}.broken").exists()


def test_a_link_is_not_followed(workshop, tmp_path):
    workshop.hits()
    path = workshop.file_kept()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert workshop.hits() == 0


def test_somebody_elses_files_are_neither_run_nor_written(workshop, monkeypatch):
    workshop.hits()
    before = [(path, path.stat().st_mtime_ns) for path in workshop.files()]
    us = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: us + 1)
    assert workshop.hits() == 0
    assert workshop.hits() == 0
    assert [(path, path.stat().st_mtime_ns) for path in workshop.files()] == before


def test_somebody_elses_file_in_our_directory_is_not_run(workshop, monkeypatch):
    workshop.hits()
    path = workshop.file_kept()
    real = os.fstat
    us = os.geteuid()

    def foreign(descriptor):
        fields = list(real(descriptor))
        fields[4] = us + 1
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", foreign)
    with pytest.raises(cache.Untrusted, match="not ours alone"):
        cache.read_sealed(path)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_directory_that_others_may_write_is_not_used(workshop, level):
    workshop.hits()
    path = [workshop.file_kept().parent, *workshop.file_kept().parent.parents][level]
    path.chmod(0o777)
    assert workshop.hits() == 0
    path.chmod(0o700)
    assert workshop.hits() == 1


def test_a_disk_without_room_costs_nothing_but_the_cache(workshop, monkeypatch):
    def full(path, payload):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "write_sealed", full)
    assert workshop.hits() == 0
    assert workshop.files() == []


def test_a_directory_that_cannot_be_made_costs_nothing_but_the_cache(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file")
    root = tmp_path / "cache" / "kernels-0123456789abcdef"
    monkeypatch.setattr(cachedir, "directory", lambda: root)
    assert Workshop(tmp_path, root).hits() == 0


def test_without_a_cache_directory_kernels_are_compiled(tmp_path, monkeypatch):
    monkeypatch.setattr(cachedir, "directory", lambda: None)
    workshop = Workshop(tmp_path, tmp_path / "none")
    assert workshop.hits() == 0
    assert workshop.kernel().stats.cache_path is None


def test_an_interrupted_write_leaves_nothing_behind(tmp_path):
    with pytest.raises(TypeError):
        cache.write_sealed(tmp_path / "kernel", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_changed_source_is_compiled_anew(workshop):
    assert workshop.hits() == 0
    workshop.file.write_text(SOURCE.format(factor=3))
    assert workshop.hits(expected=63) == 0
    assert workshop.hits(expected=63) == 1


def test_a_changed_neighbour_in_the_package_counts_as_a_change(workshop):
    neighbour = workshop.file.with_name("intrinsics.py")
    (workshop.file.with_name("__init__.py")).write_text("")
    neighbour.write_text("x = 1")
    assert workshop.hits() == 0
    neighbour.write_text("x = 2")
    assert workshop.hits() == 0


def test_a_kernel_without_a_source_file_is_not_kept(workshop):
    from hwperf.kernels.jit import kernel

    scope: dict = {}
    exec(compile("def triple(x):\n    return 3 * x", "<text>", "exec"), scope)
    scope["triple"].__module__ = "text"
    assert kernel(scope["triple"])(3) == 9
    assert workshop.files() == []


def test_each_signature_is_a_file_and_flush_forgets_them(workshop):
    kernel = workshop.kernel()
    kernel(1)
    kernel.recompile()  # numba flushes the cache, and compiles again
    assert len(workshop.files()) == 1
    kernel._cache.flush()
    assert workshop.files() == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (None, "None"),
        ((1, "a"), "['1', \"'a'\"]"),
        (object(), None),
        ((1, object()), None),
    ],
)
def test_only_what_reads_the_same_in_every_process_is_a_key(value, text):
    assert cache.describe(value) == text


def test_functions_differ_by_what_they_enclose():
    def make(n):
        def function():
            return n

        return function

    assert cache.describe(make(1)) == cache.describe(make(1))
    assert cache.describe(make(1)) != cache.describe(make(2))
    assert cache.describe(make(object())) is None


def test_the_oldest_directories_go(tmp_path):
    for i in range(12):
        (tmp_path / f"kernels-{i:016x}").mkdir()
        os.utime(tmp_path / f"kernels-{i:016x}", (i, i))
    (tmp_path / "somebody-elses").mkdir()
    cachedir.remove_oldest(tmp_path)
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [*(f"kernels-{i:016x}" for i in range(4, 12)), "somebody-elses"]


def run(folder: Path, code: str, **environment: str) -> subprocess.Popen[str]:
    """Start *code* in a process whose hwperf.kernels is the one in *folder*."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(folder), **environment},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


CHASE = (
    "from hwperf.kernels import clock\n"
    "print(clock.add_chain(100), sum(clock.add_chain.stats.cache_hits.values()))"
)


@pytest.fixture
def installed(tmp_path):
    """A copy of the kernels that a test may change."""
    folder = tmp_path / "installed"
    shutil.copytree(
        REPOSITORY / "hwperf" / "kernels",
        folder / "hwperf" / "kernels",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    (folder / "hwperf" / "__init__.py").write_text("")
    return folder


def test_processes_that_start_at_once_share_one_cache(installed, tmp_path):
    place = {"HWPERF_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_CACHE_DIR": ""}
    first = [run(installed, CHASE, **place) for _ in range(3)]
    assert {output(process).split()[0] for process in first} == {"100"}
    assert output(run(installed, CHASE, **place)) == "100 1"
    (root,) = (tmp_path / "cache" / "numba").iterdir()
    assert not [path for path in root.rglob("*") if path.suffix in (".tmp", ".broken")]


def test_a_changed_intrinsic_uses_another_directory(installed, tmp_path):
    place = {"HWPERF_CACHE_DIR": "", "NUMBA_CACHE_DIR": str(tmp_path / "told")}
    assert output(run(installed, CHASE, **place)) == "100 0"
    llvm = installed / "hwperf" / "kernels" / "llvm.py"
    llvm.write_text(llvm.read_text() + "\n# changed\n")
    assert output(run(installed, CHASE, **place)) == "100 0"
    assert len(list((tmp_path / "told").iterdir())) == 2


def test_an_installation_and_a_cache_that_cannot_be_written(installed, tmp_path):
    """Below a regular file nothing can be made, not even by root."""
    (tmp_path / "file").write_text("")
    place = {"HWPERF_CACHE_DIR": str(tmp_path / "file" / "cache"), "NUMBA_CACHE_DIR": ""}
    before = sorted(installed.rglob("*"))
    assert output(run(installed, f"import sys; sys.dont_write_bytecode = True\n{CHASE}", **place))
    assert sorted(installed.rglob("*")) == before


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"HWPERF_CACHE_DIR": "/a", "XDG_CACHE_HOME": "/b"}, "/a/numba"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/hwperf/numba"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/c"}, "/c/.cache/hwperf/numba"),
        ({"HOME": "/c"}, "/c/.cache/hwperf/numba"),
    ],
)
def test_the_cache_is_where_the_environment_says(monkeypatch, environment, expected):
    for name in ("HWPERF_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cachedir._default_base() == Path(expected)


def test_a_cache_directory_that_others_may_write_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("HWPERF_CACHE_DIR", str(tmp_path))
    assert cachedir._default_base() == tmp_path / "numba"
    tmp_path.chmod(0o777)
    assert cachedir._default_base() is None
