"""``hwperf serve`` says what it wants, serves one session and leaves with a code that tells."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from peer.conftest import answers

from hwperf import peer

Hwperf = Callable[..., Any]
SERVE = ("serve", "--once", "--bind", "127.0.0.1")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "hwperf: say --once: hwperf serves one session and leaves."),
        (("--bind", "127.0.0.1"), "hwperf: say --once: hwperf serves one session and leaves."),
        (("--once",), "hwperf: say --bind ADDRESS: hwperf listens on the address that it is given"),
        (("--once", "--bind", "0.0.0.0"), "hwperf: 0.0.0.0 means every interface"),
        (("--once", "--bind", "::"), "hwperf: :: means every interface"),
        (("--once", "--bind", "localhost"), "hwperf: 'localhost' is no IP address"),
        ((*SERVE[1:], "--timeout", "never"), "hwperf: 'never' is no time"),
        ((*SERVE[1:], "--timeout", "0"), "hwperf: '0' is not above zero"),
        ((*SERVE[1:], "--port", "65536"), "hwperf: Invalid value for '--port': 65536 is not in"),
        ((*SERVE[1:], "--points", "0"), "hwperf: Invalid value for '--points': 0 is not in"),
        ((*SERVE[1:], "--token-file", "/none"), "hwperf: the token file '/none': No such file"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(
    hwperf: Hwperf, arguments: tuple[str, ...], sentence: str
) -> None:
    answer = hwperf("serve", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(sentence)
    assert answer.err.count("\n") == 1


def test_an_address_that_is_not_here_is_said(hwperf: Hwperf) -> None:
    # Of ::/96 only ::1 is ever anybody's: RFC 4291, section 2.5.5.1.
    answer = hwperf("serve", "--once", "--bind", "::2", "--timeout", "10ms")
    assert answer.code == 2
    assert answer.err.startswith("hwperf: cannot listen on ::2: ")


def test_a_port_in_use_is_said(hwperf: Hwperf) -> None:
    with peer.listening("127.0.0.1", 0) as (_, address):
        answer = hwperf(*SERVE, "--port", str(address.port))
    assert answer.code == 2
    assert f"cannot listen on {address}: Address already in use" in answer.err


def test_when_nobody_comes_it_ends_with_3(hwperf: Hwperf) -> None:
    answer = hwperf(*SERVE, "--timeout", "20ms")
    assert answer.code == 3
    found = re.fullmatch(r"address: (127\.0\.0\.1:(\d+))\ntoken: ([0-9a-f]{32})\n", answer.out)
    assert found, answer.out
    assert f"listens on {found[1]} and nowhere else, for 0.0 s" in answer.err
    assert "leaves: nobody proved the token in 0.0 s." in answer.err
    assert found[3] not in answer.err
    assert not answers(peer.Address("127.0.0.1", int(found[2])))


def test_a_token_of_a_file_is_not_shown(hwperf: Hwperf, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.touch(0o600)
    path.write_text("correct horse battery staple\n")
    answer = hwperf(*SERVE, "--timeout", "10ms", "--token-file", str(path))
    assert answer.code == 3
    assert answer.out.startswith("address: 127.0.0.1:")
    assert "token: " not in answer.out
    assert "correct horse" not in answer.out + answer.err


@pytest.fixture
def served() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that runs ``hwperf serve`` as a process; afterwards none is left."""
    processes: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "hwperf", *SERVE, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str]) -> tuple[peer.Address, peer.Token]:
    """Return where a process listens and its token."""
    assert process.stdout is not None
    address, token = (process.stdout.readline().strip().split(": ", 1)[1] for _ in range(2))
    where = peer.named({"HWPERF_HOST": address})
    assert where is not None
    return where, peer.Token(token)


def test_a_session_ends_with_0_and_nothing_listens(served: Callable[..., Any]) -> None:
    process = served("--points", "2", "--timeout", "60s")
    address, token = told(process)
    for _ in range(2):
        with peer.connect(address, token) as connection:
            assert connection.batch(4096, 10).fault() is None
            connection.done()
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert out == ""
    assert "leaves: 127.0.0.1 measured 2 points over 2 connections." in err
    assert token.secret not in err
    assert not answers(address)


def test_its_command_line_has_no_token(served: Callable[..., Any]) -> None:
    process = served("--points", "1", "--timeout", "60s")
    address, token = told(process)
    if os.path.exists(f"/proc/{process.pid}/cmdline"):
        shown = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert token.secret.encode() not in shown
    with peer.connect(address, token) as connection:
        connection.done()
    process.communicate(timeout=30)


def test_three_wrong_tokens_end_it_with_3(served: Callable[..., Any]) -> None:
    process = served("--timeout", "60s")
    address, _ = told(process)
    for _ in range(3):
        with pytest.raises(peer.PeerError), peer.connect(address, peer.new()):
            pass
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert err.rstrip().endswith("leaves: 3 wrong tokens came.")
    assert "Traceback" not in err


@pytest.mark.skipif(os.name != "posix", reason="POSIX has signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_interrupted(served: Callable[..., Any], number: signal.Signals) -> None:
    process = served("--timeout", "60s")
    address, _ = told(process)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.rstrip().endswith("hwperf: interrupted")
    assert not answers(address)


def test_no_thread_stays_behind(hwperf: Hwperf) -> None:
    before = threading.active_count()
    hwperf(*SERVE, "--timeout", "10ms")
    assert threading.active_count() == before
