"""The two commands of a fresh clone: bootstrap.py, the Makefile and .ci/run."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """bootstrap.py working on an empty checkout in *tmp_path*."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT = tmp_path
    module.VENV = tmp_path / ".venv"
    module.STAMP = module.VENV / "stamp.json"
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    return module


@pytest.fixture
def commands(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that bootstrap would have run silently; making .venv makes its directory."""
    ran: list[list[str]] = []

    def record(command: list[object], failure: str, advice: str) -> None:
        ran.append([str(part) for part in command])
        bootstrap.VENV.mkdir(exist_ok=True)

    monkeypatch.setattr(bootstrap, "require", record)
    return ran


def test_help_lists_every_target_with_what_it_does(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(["help"]) == 0
    shown = capsys.readouterr().out
    for name, target in bootstrap.TARGETS.items():
        line = target.__doc__.splitlines()[0]
        assert re.search(rf"^  {name} +{re.escape(line)}", shown, re.MULTILINE)


def test_the_makefile_knows_the_same_targets_and_no_logic(bootstrap: ModuleType) -> None:
    makefile = (ROOT / "Makefile").read_text()
    (targets,) = re.findall(r"^(make .*):$", makefile, re.MULTILINE)
    assert targets.split() == list(bootstrap.TARGETS)
    assert re.findall(r"^\t(.*)$", makefile, re.MULTILINE) == ["@$(PYTHON) bootstrap.py $@ $(ARGS)"]


def test_ci_calls_make_test(bootstrap: ModuleType) -> None:
    ci = ROOT / ".ci" / "run"
    assert ci.stat().st_mode & 0o111
    lines = ci.read_text(encoding="utf-8").splitlines()
    # Alone on its line, and a failure ends the script.
    assert 'make test PYTHON="$PYTHON"' in lines
    assert "set -euo pipefail" in lines


def test_an_unknown_target_names_those_there_are(
    bootstrap: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main(["tset"]) == 2
    assert "'tset'; there are: make, test" in capsys.readouterr().err


def test_an_old_python_is_refused_with_what_to_do(bootstrap: ModuleType) -> None:
    said = bootstrap.too_old((3, 9), "/usr/bin/python3")
    assert "needs Python 3.11 or newer; /usr/bin/python3 is 3.9" in said
    assert "make PYTHON=python3.12" in said


def test_a_directory_that_is_no_checkout_gets_one_sentence(bootstrap: ModuleType) -> None:
    """asv needs commits; a tarball has none."""
    with pytest.raises(bootstrap.BootstrapError, match="is not a git checkout with a commit"):
        bootstrap.require_checkout()


def test_a_checkout_with_a_commit_is_accepted(bootstrap: ModuleType) -> None:
    git = ["git", "-C", str(bootstrap.ROOT), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    with pytest.raises(bootstrap.BootstrapError):
        bootstrap.require_checkout()
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], check=True)
    bootstrap.require_checkout()


def test_a_second_installation_does_nothing(
    bootstrap: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "is_usable", lambda path: path.exists())
    bootstrap.install()
    done = len(commands)
    bootstrap.install()
    assert len(commands) == done


def test_another_pyproject_installs_again(
    bootstrap: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "is_usable", lambda path: path.exists())
    bootstrap.install()
    done = len(commands)
    (bootstrap.ROOT / "pyproject.toml").write_text("[project]\nname = 'y'\n")
    bootstrap.install()
    assert len(commands) == done + 1


def test_extras_add_up(
    bootstrap: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make test` then `make docs` then `make` keeps what each of them needs."""
    monkeypatch.setattr(bootstrap, "is_usable", lambda path: path.exists())
    bootstrap.install("test")
    bootstrap.install("docs")
    assert commands[-1][-1] == f"{bootstrap.ROOT}[docs,test]"
    done = len(commands)
    bootstrap.install()
    assert len(commands) == done


def test_a_moved_checkout_gets_a_new_environment(
    bootstrap: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programs in .venv/bin name their interpreter by its absolute path."""
    monkeypatch.setattr(bootstrap, "is_usable", lambda path: path.exists())
    bootstrap.install()
    moved = bootstrap.STAMP.read_text().replace(str(bootstrap.ROOT), "/elsewhere")
    bootstrap.STAMP.write_text(moved)
    commands.clear()
    bootstrap.install()
    assert commands[0][1:3] == ["-m", "venv"]


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_corrupt_stamp_installs_again(
    bootstrap: ModuleType,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    content: str,
) -> None:
    monkeypatch.setattr(bootstrap, "is_usable", lambda path: path.exists())
    bootstrap.install()
    bootstrap.STAMP.write_text(content)
    done = len(commands)
    bootstrap.install()
    assert len(commands) == done + 1


def test_a_broken_environment_is_made_again(
    bootstrap: ModuleType, commands: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = bootstrap.venv_python(bootstrap.VENV)
    broken.parent.mkdir(parents=True)
    broken.symlink_to("/nonexistent/python")
    bootstrap.install()
    assert "making it again" in capsys.readouterr().out
    assert not broken.is_symlink()
    assert commands[0][1:3] == ["-m", "venv"]


def test_another_pythons_environment_is_not_usable(bootstrap: ModuleType) -> None:
    python = bootstrap.venv_python(bootstrap.VENV)
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho '3.9.1 (main)|/usr'\n")
    python.chmod(0o755)
    assert not bootstrap.is_usable(bootstrap.VENV)


def test_no_ensurepip_means_pip_installs_pip(
    bootstrap: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian without python3-venv has venv, but not ensurepip."""
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    bootstrap.make_venv()
    assert [command[1:4] for command in commands] == [
        ["-m", "venv", "--without-pip"],
        ["-m", "pip", "--python"],
    ]


def test_windows_programs_are_found_in_scripts(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "os", SimpleNamespace(name="nt"))
    assert bootstrap.tool("hwperf") == bootstrap.VENV / "Scripts" / "hwperf.exe"


def test_a_failing_command_shows_its_end_and_the_advice(bootstrap: ModuleType) -> None:
    command = [sys.executable, "-c", "print('the cause'); raise SystemExit(3)"]
    with pytest.raises(bootstrap.BootstrapError, match=r"(?s)it failed.*the cause\ndo this"):
        bootstrap.require(command, "it failed", "do this")


def test_every_check_runs_though_one_fails(
    bootstrap: ModuleType,
    commands: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran: list[str] = []

    def call(command: list[object]) -> int:
        ran.append(Path(str(command[0])).name)
        return 1 if ran[-1] == "mypy" else 0

    monkeypatch.setattr(bootstrap, "call", call)
    assert bootstrap.main(["test"]) == 1
    assert ran == ["ruff", "mypy", "lint-imports", "python"]
    assert "failed: mypy" in capsys.readouterr().err


def test_what_was_measured_survives_clean(bootstrap: ModuleType) -> None:
    for name in (".asv/results", ".asv/html", "build"):
        (bootstrap.ROOT / name).mkdir(parents=True)
    assert bootstrap.main(["clean"]) == 0
    assert (bootstrap.ROOT / ".asv/results").exists()
    assert not (bootstrap.ROOT / ".asv/html").exists()
    assert not (bootstrap.ROOT / "build").exists()


def test_the_environment_does_not_lead_pip_elsewhere(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    environment = bootstrap.clean_environment()
    assert "PIP_USER" not in environment
    assert "PYTHONPATH" not in environment
    assert environment["PIP_INDEX_URL"] == "https://index.example/simple"
