"""Text that compresses like a language's, and a check that takes it apart again."""

from __future__ import annotations

import zlib
from importlib import import_module

import numpy as np
import pytest

from hwperf import CheckFailed

compress = import_module("hwperf.domains.simd.compress")


@pytest.fixture
def packed() -> tuple[list[bytes], np.ndarray, np.ndarray]:
    blocks = [b"abc" * 100, b"defg" * 50, b"hello world"]
    parts = [zlib.compress(block) for block in blocks]
    out = np.zeros(1000, np.uint8)
    joined = np.frombuffer(b"".join(parts), np.uint8)
    out[: joined.size] = joined
    return blocks, out, np.array([len(part) for part in parts])


def test_what_comes_back_is_accepted(packed) -> None:  # type: ignore[no-untyped-def]
    blocks, out, sizes = packed
    compress.require_blocks(blocks, out, sizes, zlib.decompress)


@pytest.mark.parametrize("place", [0, 10, 25, 40])
def test_one_wrong_byte_is_found(packed, place) -> None:  # type: ignore[no-untyped-def]
    blocks, out, sizes = packed
    out[place] ^= 0xFF
    with pytest.raises(CheckFailed, match=r"block \d of \d+ B"):
        compress.require_blocks(blocks, out, sizes, zlib.decompress)


def test_nothing_is_no_block(packed) -> None:  # type: ignore[no-untyped-def]
    blocks, out, sizes = packed
    with pytest.raises(CheckFailed, match="block 0 of 0 B is not what was compressed"):
        compress.require_blocks(blocks, out, 0 * sizes, zlib.decompress)


def test_text_is_as_long_as_wanted_the_same_each_time_and_like_english() -> None:
    text = compress.words(100_000)
    assert len(text) == 100_000
    assert text == compress.words(100_000)
    assert set(text) <= set(b"abcdefghijklmnopqrstuvwxyz ")
    # English is compressed to 0.36 to 0.45 by zlib (Canterbury corpus, alice29.txt: 0.36).
    assert 0.33 < len(zlib.compress(text)) / len(text) < 0.45


def test_a_codec_that_this_python_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compress.sys, "version_info", (3, 11, 0))
    assert compress._lacks("zstd") == "Python 3.11 has no compression.zstd; Python 3.14 has"
    assert compress._lacks("zlib_1") is None
    monkeypatch.setattr(compress.sys, "version_info", (3, 14, 0))
    monkeypatch.setattr(compress, "find_spec", lambda name: None)
    assert compress._lacks("zstd") == "this Python was built without compression.zstd"
