"""A commit is measured again and again, by a configuration of its own; a script plays asv."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hwperf.asv import ab_place, ab_revisions, configuration, files, rounds
from hwperf.asv.ab_pace import Pace, Progress
from hwperf.asv.ab_setting import Setting, setting
from hwperf.asv.rounds import NotMeasured, Visit
from hwperf.errors import UsageError

CONF = """{
    "repo": ".", /* a comment */
    "results_dir": "results",
    "environment_type": "virtualenv",
    "branches": ["main", "v2"],
    "plugins": [".own_plugin"],
    "matrix": {"env": {"THREADS": ["1"]}},
    "hwperf": {"profile": "full"}
}"""


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", "-C", str(directory), *identity, *arguments],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A configuration in a repository of one commit."""
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q", "-b", "main")
    (project / "asv.conf.json").write_text(CONF)
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "x")
    return project / "asv.conf.json"


def made(conf: Path, tmp_path: Path, **options: object) -> Setting:
    return setting(conf, tmp_path / "scratch", "0" * 40, environ={}, **options)  # type: ignore[arg-type]


def test_paths_are_absolute_and_the_rest_is_the_users(conf: Path, tmp_path: Path) -> None:
    data = made(conf, tmp_path).data
    root = conf.parent
    assert data["repo"] == str(root)
    assert data["benchmark_dir"] == str(root / "benchmarks")
    assert data["env_dir"] == str(root / "env")
    assert data["matrix"] == {"env": {"THREADS": ["1"]}}
    assert data["hwperf"] == {"profile": "full"}
    assert data["plugins"] == [".own_plugin", ".hwperf.asv.plugin", ".hwperf.asv.ab_source"]


def test_no_other_commit_can_stand_in_where_discovery_fails(conf: Path, tmp_path: Path) -> None:
    """asv would go on to the tips of the branches, and measure those under this commit's name."""
    assert made(conf, tmp_path).data["branches"] == ["0" * 40]


def test_storage_is_measured_where_the_users_own_runs_measure_it(
    conf: Path, tmp_path: Path
) -> None:
    """The scratch directory may be in memory, or on another disk."""
    variables = made(conf, tmp_path).variables
    assert variables["HWPERF_STORAGE_DIR"] == str(conf.parent)
    assert variables["HWPERF_TARGET"] == ""
    chosen = setting(
        conf, tmp_path / "other", "0" * 40,
        environ={"HWPERF_STORAGE_DIR": str(tmp_path), "HWPERF_TARGET": "nvme"},
    )  # fmt: skip
    assert chosen.variables["HWPERF_STORAGE_DIR"] == str(tmp_path)
    assert chosen.variables["HWPERF_TARGET"] == "nvme"


def test_the_arguments_name_one_commit(conf: Path, tmp_path: Path) -> None:
    words = made(conf, tmp_path, bench=["a", "b"], env="virtualenv:3.12").arguments()
    assert words[-5:] == ["--bench", "a", "--bench", "b", f"{'0' * 40}^!"]
    assert words[words.index("-E") + 1] == "virtualenv:3.12"
    existing = made(conf, tmp_path, env="existing:same").arguments()
    assert existing[-2:] == ["--set-commit-hash", "0" * 40]
    assert "just-discover" in made(conf, tmp_path, bench=["a"]).arguments(only_discover=True)
    assert "-E" not in made(conf, tmp_path).arguments()


def test_a_pattern_that_is_none_is_told_before_anything_is_built(
    conf: Path, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="is no regular expression"):
        made(conf, tmp_path, bench=["("])


def test_a_revision_is_a_commit_a_branch_or_the_working_tree(conf: Path) -> None:
    repository = conf.parent
    head = git(repository, "rev-parse", "HEAD")
    assert ab_revisions.resolve(repository, "main").commit == head
    assert ab_revisions.resolve(repository, head[:8]).commit == head
    assert ab_revisions.resolve(repository, ".").commit == head
    assert not ab_revisions.uncommitted(repository)
    conf.write_text(CONF + "\n")
    assert ab_revisions.uncommitted(repository)
    changed = ab_revisions.resolve(repository, ".")
    assert changed.commit != head
    assert git(repository, "show", f"{changed.commit}:asv.conf.json") == CONF
    assert git(repository, "stash", "list") == ""
    assert conf.read_text() == CONF + "\n"


@pytest.mark.parametrize("name", ["nonsense", "HEAD~7", "--all", "", "main:asv.conf.json"])
def test_what_is_no_revision_is_told_in_a_sentence(conf: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"is no revision of .*HEAD~1, or \. for the working tree"):
        ab_revisions.resolve(conf.parent, name)


def test_a_repository_elsewhere_is_cloned(conf: Path, tmp_path: Path) -> None:
    url = conf.parent.as_uri()
    (tmp_path / "suite").mkdir()
    path = tmp_path / "suite" / "asv.conf.json"
    path.write_text(json.dumps({"repo": url}))
    cloned = ab_revisions.repository_of(configuration.load(path), tmp_path)
    assert ab_revisions.head(cloned).commit == git(conf.parent, "rev-parse", "HEAD")
    path.write_text(json.dumps({"repo": (tmp_path / "nowhere").as_uri()}))
    with pytest.raises(UsageError, match="cannot be cloned"):
        ab_revisions.repository_of(configuration.load(path), tmp_path / "again")


def test_no_repository_is_told(tmp_path: Path) -> None:
    (tmp_path / "asv.conf.json").write_text("{}")
    with pytest.raises(UsageError, match="is no git repository with a commit"):
        ab_revisions.repository_of(configuration.load(tmp_path / "asv.conf.json"), tmp_path)


@pytest.mark.parametrize("kind", ["host", "existing", "existing:same"])
def test_what_holds_one_revision_is_replaced_and_said(conf: Path, kind: str) -> None:
    said: list[str] = []
    assert ab_place.environment(configuration.load(conf), kind, said.append) == "source"
    assert "holds one revision" in said[0]


def test_a_built_environment_is_the_users_choice(conf: Path) -> None:
    loaded = configuration.load(conf)
    assert ab_place.environment(loaded, None, pytest.fail) is None
    assert ab_place.environment(loaded, "virtualenv", pytest.fail) == "virtualenv"


def test_environments_stay_with_the_project_or_go_where_they_can(
    conf: Path, tmp_path: Path
) -> None:
    loaded = configuration.load(conf)
    with ab_place.environments(loaded, tmp_path, pytest.fail) as place:
        assert place == conf.parent / "env"
    conf.write_text(CONF.replace('"repo"', '"env_dir": "taken", "repo"'))
    (conf.parent / "taken").write_text("a file where the directory should be")
    with ab_place.environments(loaded, tmp_path, pytest.fail) as place:
        assert place == tmp_path


PLAYED = """
import json, os, pathlib, sys
conf = json.loads(pathlib.Path(sys.argv[sys.argv.index("--config") + 1]).read_text())
assert os.environ["HWPERF_STORAGE_DIR"]
print("[ 50.00%] half"); sys.stdout.flush()
"""


def play(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let *script* stand for asv."""
    real = subprocess.Popen

    def popen(command: list[str], **options: object) -> object:
        at = command.index("run")
        return real([sys.executable, "-c", PLAYED + script, *command[at:]], **options)  # type: ignore[call-overload]

    monkeypatch.setattr(rounds.subprocess, "Popen", popen)


def test_a_visit_tells_its_share_and_how_it_ended(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "sys.exit(2)")
    shares: list[float] = []
    done = rounds.visit(made(conf, tmp_path), "1", on_share=shares.append)
    assert (done.exit_code, done.is_interrupted, done.runs) == (2, False, ())
    assert shares == [0.5]
    assert "half" in done.output


def test_each_visit_has_results_of_its_own(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, "print(conf['results_dir'])")
    of = made(conf, tmp_path)
    said = [rounds.visit(of, name).output.splitlines()[-1] for name in ("1", "2")]
    assert len(set(said)) == 2
    assert all(str(tmp_path / "scratch") in line for line in said)
    assert not (conf.parent / "results").exists()


def test_ctrl_c_lets_asv_save_and_is_told(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(
        monkeypatch,
        "import time, signal\n"
        "try:\n    os.kill(os.getppid(), signal.SIGINT); time.sleep(60)\n"
        "except KeyboardInterrupt: print('saved')\n",
    )
    done = rounds.visit(made(conf, tmp_path), "1")
    assert done.is_interrupted
    assert "saved" in done.output


def test_a_full_disk_is_a_usage_error(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(
        monkeypatch, "print('cannot write x: No space left. What was saved is untouched.'); exit(1)"
    )
    with pytest.raises(files.CannotWrite, match="No space left"):
        rounds.visit(made(conf, tmp_path), "1")


def ended(code: int, output: str) -> Visit:
    return Visit(code, output, (), 0.0, False)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "·· Error\n  Traceback\n    ModuleNotFoundError: No module named 'x'\n· Failed to do",
            "ModuleNotFoundError: No module named 'x'.",
        ),
        (
            "· ERROR Backend subprocess exited.\n· Failed to build it",
            "ERROR Backend subprocess exited.",
        ),
        ("[ 0.00%] ·· No environments selected\n", "No environments selected."),
        ("", "asv says nothing."),
    ],
)
def test_why_nothing_was_run_is_one_sentence(
    conf: Path, tmp_path: Path, output: str, sentence: str
) -> None:
    of = made(conf, tmp_path, label="v1 (1234abcd)")
    with pytest.raises(NotMeasured) as caught:
        rounds.prepare(of, measure=lambda *_, **__: ended(1, output))
    assert str(caught.value) == f"v1 (1234abcd) cannot be measured: {sentence}"


def test_a_pattern_that_selects_nothing_is_misuse(conf: Path, tmp_path: Path) -> None:
    of = made(conf, tmp_path, bench=["nix"])
    with pytest.raises(UsageError, match="no benchmark matches 'nix'"):
        rounds.require_runs(of, ended(1, "· No benchmarks selected\n"))
    with pytest.raises(NotMeasured, match="cannot be measured: it broke in two"):
        rounds.require_runs(of, ended(1, "it broke in two"))


def test_the_time_left_follows_the_pace() -> None:
    now = [0.0]
    told: list[Progress] = []
    pace = Pace(4, told.append, clock=lambda: now[0])
    share = pace.start("one")
    assert told[-1].left_s is None
    now[0] = 5.0
    share(0.5)
    assert told[-1].left_s == pytest.approx(35.0)
    pace.end()
    now[0] = 10.0
    pace.start("two")
    assert (told[-1].done, told[-1].left_s) == (1, pytest.approx(30.0))
    known = Pace(2, told.append, expected_s=8.0, clock=lambda: now[0])
    known.start("one")
    assert told[-1].left_s == pytest.approx(16.0)


def test_the_scratch_directory_of_a_relative_configuration_is_found(
    conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(conf.parent)
    assert made(Path("asv.conf.json"), tmp_path).data["repo"] == os.fspath(conf.parent)
