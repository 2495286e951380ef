"""Where a command is given: no repository, no configuration, no terminal, another locale."""

from __future__ import annotations

import signal

import pytest

from faults.conftest import Runner, User

HANGS = '''"""A kernel that takes long."""

import time

from hwperf import CheckFailed, Work, workload


@workload("slow.point", source="a test", params={"n": [1, 2]})
def slow(n):
    """Latency of a pause."""
    done = [0]

    def kernel():
        if n == 2:
            print("the second point takes long", flush=True)
            time.sleep(60)
        done[0] += 1

    yield Work(kernel, ops=1)
    if not done[0]:
        raise CheckFailed("nothing was done")
'''


@pytest.mark.parametrize("verb", ["run", "publish"])
def test_without_a_configuration_one_sentence_says_what_to_do(user: User, verb: str) -> None:
    refused = user.hwperf(verb)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == (
        "hwperf: asv.conf.json is not there. Run in a directory that has an asv.conf.json, or "
        "name one with --config.\n"
    )


@pytest.mark.parametrize("content", ["{", "[]", "\x00", "", '{"results_dir": 3, "repo": null}'])
def test_a_configuration_that_is_none_is_named(user: User, content: str) -> None:
    (user.directory / "asv.conf.json").write_text(content)
    refused = user.hwperf("run")
    assert refused.code == 2
    assert refused.err.startswith("hwperf: asv.conf.json")
    assert refused.err.count("\n") == 1
    (user.directory / "asv.conf.json").unlink()
    (user.directory / "asv.conf.json").mkdir()
    assert user.hwperf("run").code == 2


def test_a_profile_that_is_none_is_one_sentence_of_asv(runner: Runner) -> None:
    said = runner.repository.asv("run", "-E", "host", rc=1, HWPERF_PROFILE="slow")
    assert "HWPERF_PROFILE='slow' is no profile; there are quick, full." in said
    assert "Traceback" not in said


def test_outside_of_a_repository_nothing_is_measured(user: User) -> None:
    (user.directory / "asv.conf.json").write_text('{"project": "x", "repo": "."}')
    refused = user.hwperf("run", "-k", "core.null")
    assert refused.code == 2
    said = refused.err.splitlines()[-1]
    assert said.startswith(f"hwperf: {user.directory} is no git repository with a commit (git: ")
    assert said.endswith("Clone the project, or run 'git init' and commit it.")
    assert not (user.directory / "results").exists()


def test_anywhere_the_other_verbs_work(user: User) -> None:
    for arguments in (("list",), ("info",), ("doctor",), ("run", "--dry-run", "--config", "x")):
        shown = user.hwperf(*arguments)
        assert shown.code == (2 if "run" in arguments else 0)
    assert [path.name for path in user.directory.iterdir()] in (
        ["home", "plugins"],
        ["plugins", "home"],
    )


BARE = {
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "TERM": "dumb",
    "COLUMNS": "0",
    "HOME": "/dev/null",
    "HWPERF_CACHE_DIR": None,
}


def test_a_bare_environment_is_enough_for_a_run(runner: Runner) -> None:
    """No locale, no terminal, no home, and so no place for compiled kernels."""
    shown = runner.hwperf("run", "-k", "core.null|quick.sum", "--publish", **BARE)
    assert shown.code == 0, shown.err
    assert "pages: " in shown.out
    assert "\x1b" not in shown.out + shown.err
    assert runner.values("core.Null.cost")


def test_ctrl_c_while_measuring_keeps_what_was_printed(user: User) -> None:
    user.install("slow", HANGS)
    started = user.start("measure", "slow.point", "--budget", "5ms")
    assert started.stderr is not None
    assert started.stderr.readline() == "the second point takes long\n"
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=30)
    assert started.returncode == 130
    assert err.strip() == "hwperf: interrupted"
    assert out.startswith("slow.point  n=1\n")
    assert "n=2" not in out
