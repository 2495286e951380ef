"""What counts as transferred is what the receiver has confirmed: every byte, in order, once."""

from __future__ import annotations

import errno
from typing import Any

import numpy as np
import pytest

from hwperf import CheckFailed
from hwperf.domains.network import bandwidth, channels, other_end, streams
from hwperf.domains.network.confirmed import Expected, wrapped
from hwperf.kernels import echo, message, sockets
from hwperf.measure import QUICK, Result, measure
from hwperf.measure.contract import violations
from hwperf.measure.stage import set_up

from .between import Change, cut_out, double, flip, insert

pytestmark = pytest.mark.skipif(bool(channels.lacking()), reason=str(channels.lacking()))


def point(transport: str, nbytes: int, zero_copy: str = "off") -> dict[str, Any]:
    return {"transport": transport, "nbytes": nbytes, "zero_copy": zero_copy}


@pytest.fixture(autouse=True)
def short_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CALL_S", 0.002)


@pytest.mark.parametrize("transport", bandwidth.params["transport"])
@pytest.mark.parametrize("nbytes", [1, 3, 4097])
def test_odd_sizes_keep_the_contract(transport: str, nbytes: int) -> None:
    assert violations(bandwidth, point(transport, nbytes)) == ()


@pytest.mark.parametrize(("transport", "nbytes"), [("tcp", 16384), ("udp", 16384), ("tcp", 16385)])
def test_messages_that_are_not_copied_keep_the_contract(
    transport: str, nbytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = point(transport, nbytes, "on")
    assert violations(bandwidth, params) == ()
    with set_up(bandwidth, params) as stage:
        for _ in range(3):
            stage.run()
        owner: Any = stage.kernel.__self__  # type: ignore[attr-defined]
        taken, free, copied = owner.counts
        assert taken == free >= owner.sent
        assert 0 <= copied <= taken
        stage.check()


def test_what_is_not_measured_says_why() -> None:
    reasons = {
        (p["transport"], p["nbytes"], p["zero_copy"]): bandwidth.unsupported(p)
        for p in bandwidth.points()
    }
    assert "at most 65507 B over IPv4" in str(reasons["udp", 2**20, "off"])
    assert reasons["unix", 2**20, "on"] == "Unix sockets have no MSG_ZEROCOPY"
    assert "from 16 KiB on" in str(reasons["tcp", 64, "on"])
    assert sum(reason is None for reason in reasons.values()) <= 18


def measured(transport: str, nbytes: int) -> Result:
    return measure(bandwidth, point(transport, nbytes), profile=QUICK.with_budget(0.05))


NBYTES = 1024
MIDDLE = 300 * NBYTES  # In the second call, after that with which the set-up ends.
FAULTS: dict[str, tuple[Change, str]] = {
    "a bit of a stamp": (flip(MIDDLE), "checksum that it confirms"),
    "a bit of the last byte": (flip(MIDDLE + NBYTES - 1), "checksum that it confirms"),
    "a lost message": (cut_out(MIDDLE, MIDDLE + NBYTES), "has not answered for"),
    "a lost byte": (cut_out(MIDDLE + 5, MIDDLE + 6), "has not answered for"),
    "a message twice": (double(MIDDLE, MIDDLE + NBYTES), "checksum that it confirms"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_on_the_way_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, sentence = FAULTS[fault]
    monkeypatch.setattr(other_end, "ANSWER_S", 1.0)
    insert(monkeypatch, change)
    result = measured("unix", NBYTES)
    assert result.verdict == "failed"
    assert sentence in result.reason


def test_a_sound_way_through_somebody_else_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    insert(monkeypatch, lambda data, _: [data])
    assert measured("unix", NBYTES).verdict in ("ok", "noisy")


def exchanged(data: bytes, before: int) -> list[bytes]:
    """Let messages 300 and 301 change places."""
    if before == 300:
        held.append(data)
        return []
    return [data, held.pop()] if before == 301 else [data]


held: list[bytes] = []
DATAGRAMS: dict[str, Change] = {
    "a bit": lambda data, n: [data[:-1] + bytes([data[-1] ^ 1])] if n == 300 else [data],
    "a bit of a stamp": lambda data, n: [bytes([data[0] ^ 1]) + data[1:]] if n == 300 else [data],
    "twice": lambda data, n: [data, data] if n == 300 else [data],
    "out of order": exchanged,
    "too long": lambda data, n: [data + b"x"] if n == 300 else [data],
    "too short": lambda data, n: [data[:-1]] if n == 300 else [data],
}


@pytest.mark.parametrize("fault", DATAGRAMS)
def test_a_faulty_datagram_is_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    insert(monkeypatch, DATAGRAMS[fault], kind=sockets.DATAGRAM)
    result = measured("udp", NBYTES)
    assert result.verdict == "failed"
    assert "messages changed, doubled or out of order: " in result.reason


def test_lost_datagrams_are_counted_and_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of ten is lost: the rate is that of those that came."""
    insert(monkeypatch, lambda data, n: [] if n % 10 == 9 else [data], kind=sockets.DATAGRAM)
    result = measured("udp", NBYTES)
    assert result.verdict in ("ok", "noisy"), result.reason
    assert result.figures["lost"].value == pytest.approx(0.1, abs=0.005)


def test_a_window_that_is_lost_does_not_stop_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "LOOK_S", 0.05)
    monkeypatch.setattr(streams, "_UNDER_WAY", 8 * NBYTES)
    insert(monkeypatch, lambda data, n: [] if 300 <= n < 320 else [data], kind=sockets.DATAGRAM)
    with set_up(bandwidth, point("udp", NBYTES)) as stage:
        owner: Any = stage.kernel.__self__  # type: ignore[attr-defined]
        stage.run()
        assert owner.lost == 20
        stage.check()


def test_datagrams_are_never_cut_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with set_up(bandwidth, point("udp", 64)) as stage:
        owner: Any = stage.kernel.__self__  # type: ignore[attr-defined]
        assert "packets (its MTU), and would be cut up" in str(owner._failed(errno.EMSGSIZE))


def test_a_system_without_room_is_no_failure() -> None:
    with set_up(bandwidth, point("tcp", 16384, "on")) as stage:
        owner: Any = stage.kernel.__self__  # type: ignore[attr-defined]
        assert "net.core.optmem_max" in str(owner._failed(errno.ENOBUFS))


def test_what_the_receiver_says_must_be_right_in_every_word() -> None:
    for word in (echo.COUNT, echo.BYTES, echo.CHECKSUM):
        with set_up(bandwidth, point("unix", 64)) as stage:
            stage.run()
            owner: Any = stage.kernel.__self__  # type: ignore[attr-defined]
            owner.other.report[word] += 1
            with pytest.raises(CheckFailed, match="confirms"):
                stage.check()


@pytest.mark.parametrize("nbytes", [1, 3, 7, 8, 13, 64, 4097])
@pytest.mark.parametrize("is_apart", [False, True])
def test_the_checksum_is_that_of_the_bytes(nbytes: int, is_apart: bool) -> None:
    """Known from the numbers alone, and the same as of what lies in memory."""
    expected = Expected(nbytes, 8, is_apart)
    found = 0
    for round_ in range(2):
        memory = np.zeros(8 * expected.slot_bytes // 8, np.int64)
        for slot in range(8):
            image = message.payload(nbytes)
            stamp = message.stamp_of(5 + 8 * round_ + slot, nbytes)
            message.write_stamp(image.ctypes.data, nbytes, stamp)
            at = slot * expected.slot_bytes
            memory.view(np.uint8)[at : at + nbytes] = image.view(np.uint8)[:nbytes]
        found += int(message.total(memory))
    assert expected.checksum(5, 16) == wrapped(found)
    numbers = np.arange(13, 21)
    expected.require_received(memory, numbers)
    for place in (0, expected.slot_bytes - 1 if not is_apart else nbytes - 1):
        wrong = memory.copy()
        wrong.view(np.uint8)[place] ^= 128
        with pytest.raises(CheckFailed):
            expected.require_received(wrong, numbers)
