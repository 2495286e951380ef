"""Addresses and tokens are what they should be, or a sentence says what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hwperf import UsageError, peer


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("10.0.0.7:40123", "10.0.0.7", 40123), ("[fd00::7]:1", "fd00::7", 1),
     ("db7.lab:9", "db7.lab", 9), (" [fe80::1%eth0]:65535 ", "fe80::1%eth0", 65535)],
)  # fmt: skip
def test_a_second_host_is_named(text: str, host: str, port: int) -> None:
    address = peer.named({"HWPERF_HOST": text})
    assert address == (host, port)
    assert str(address) == text.strip()


@pytest.mark.parametrize("text", ["", " "])
def test_none_is_named(text: str) -> None:
    assert peer.named({"HWPERF_HOST": text}) is None
    assert peer.named({}) is None


@pytest.mark.parametrize(
    "text",
    ["10.0.0.7", "10.0.0.7:", "10.0.0.7:0", "10.0.0.7:65536", "fd00::7:40123", ":40123", "[]:1",
     "http://10.0.0.7:1/", "token@10.0.0.7:1", "10.0.0.7:1x", "a b:1", "10.0.0.7:111111"],
)  # fmt: skip
def test_what_is_no_address_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="is no ADDRESS:PORT: expected e"):
        peer.named({"HWPERF_HOST": text})
    assert peer.series_name({"HWPERF_HOST": text}) is None


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, None),
        ({"HWPERF_HOST_NAME": "db7"}, None),
        ({"HWPERF_HOST": "10.0.0.7:40123"}, "10.0.0.7"),
        ({"HWPERF_HOST": "[fd00::7]:40123"}, "fd00__7"),
        ({"HWPERF_HOST": "[fe80::7%eth1]:1"}, "fe80__7_eth1"),
        ({"HWPERF_HOST": "DB7.lab:9"}, "db7.lab"),
        ({"HWPERF_HOST": "10.0.0.7:1", "HWPERF_HOST_NAME": "rack 3/db7"}, "rack_3_db7"),
    ],
)
def test_a_series_is_named_by_the_address_and_never_by_the_port(
    environ: dict[str, str], name: str | None
) -> None:
    assert peer.series_name(environ) == name


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "10.1.2.3", "fd00::7"])
def test_one_address_may_be_listened_on(text: str) -> None:
    assert peer.to_listen_on(text) == text


@pytest.mark.parametrize("text", ["0.0.0.0", "::", "0:0:0:0:0:0:0:0", "::ffff:0.0.0.0"])
def test_every_address_at_once_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"^{text} means every interface: hwperf listens on one a"):
        peer.to_listen_on(text)


@pytest.mark.parametrize("text", ["224.0.0.1", "ff02::1", "255.255.255.255"])
def test_the_address_of_a_group_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=f"^{text} is the address of a group"):
        peer.to_listen_on(text)


@pytest.mark.parametrize("text", ["localhost", "", "10.0.0", "10.0.0.7:1", "[::1]"])
def test_a_name_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="is no IP address: give one of this machine's"):
        peer.to_listen_on(text)


def test_a_new_token_is_new_and_hidden() -> None:
    one, other = peer.new(), peer.new()
    assert one != other
    assert len(one.secret) == 32
    assert one.secret not in repr(one) + str(one)


def token_file(directory: Path, content: bytes, mode: int = 0o600) -> Path:
    path = directory / "token"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_token_is_read_from_the_first_line(tmp_path: Path) -> None:
    path = token_file(tmp_path, b"correct horse battery\nsecond line")
    assert peer.read(path).secret == "correct horse battery"
    assert peer.given({"HWPERF_HOST_TOKEN_FILE": str(path)}) == peer.read(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"short\n", "a token has 16 to 1024 characters, this one 5"),
     (b"", "this one 0"), (b"\n" * 99, "this one 0"), (5000 * b"a", "this one 4096"),
     (b"\xff" * 30, "does not begin with a line of text")],
)  # fmt: skip
def test_what_is_no_token_is_said_without_showing_it(
    tmp_path: Path, content: bytes, why: str
) -> None:
    with pytest.raises(UsageError, match=why) as raised:
        peer.read(token_file(tmp_path, content))
    assert "short" not in str(raised.value).replace(str(tmp_path), "")


@pytest.mark.skipif(os.name != "posix", reason="POSIX has modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_token_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(UsageError, match="may be read or written by others: 'chmod 600' it"):
        peer.read(token_file(tmp_path, b"correct horse battery", mode))


def test_a_token_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the token file '.*none': No such file"):
        peer.read(tmp_path / "none")
    with pytest.raises(UsageError, match=r"the token file '.*': Is a directory"):
        peer.read(tmp_path)


def test_the_environment_gives_a_token() -> None:
    assert peer.given({}) is None
    secret = 16 * "s"
    assert peer.given({"HWPERF_HOST_TOKEN": secret}) == peer.Token(secret)
    with pytest.raises(UsageError, match=r"^HWPERF_HOST_TOKEN: a token has 16") as raised:
        peer.given({"HWPERF_HOST_TOKEN": "hunter2"})
    assert "hunter2" not in str(raised.value)
