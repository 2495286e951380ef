"""Compressing text by the standard library's codecs."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwperf import CheckFailed, Figure, KiB, MiB, Seen, Work, workload

__all__ = ["compress"]

BLOCKS = {1 * KiB: 16, 1 * MiB: 1}  # For each call: 0.1 ms and more. Different ones, as in a log.
_VOCABULARY = 8192  # Words.


class Codec(NamedTuple):
    """A way to compress, and back."""

    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes], bytes]
    name: str


def _lacks(codec: str) -> str | None:
    if codec != "zstd":
        return None
    if sys.version_info < (3, 14):
        return (
            f"Python {sys.version_info[0]}.{sys.version_info[1]} has no compression.zstd; "
            "Python 3.14 has"
        )
    if find_spec("_zstd") is None:
        return "this Python was built without compression.zstd"
    return None


@workload(
    "simd.compress",
    params={"nbytes": list(BLOCKS), "codec": ["zlib_6", "zlib_1", "zstd"]},
    requires=_lacks,
    source="Dive into Deep Learning, section 13.4.5: compress 1 KB; lzbench",
)
def compress(nbytes: int, codec: str) -> Iterator[Work]:
    """Time of compressing a block of *nbytes* of text by a codec of the standard library.

    Counts blocks; bytes are those before compression. *codec* "zlib_6" is zlib as it comes,
    "zlib_1" its fastest level, "zstd" the fastest of Zstandard that is not negative.
    """
    how = _codec(codec)
    text = words(nbytes * BLOCKS[nbytes])
    blocks = [text[at : at + nbytes] for at in range(0, len(text), nbytes)]
    out = np.zeros(2 * len(text) + 64 * len(blocks), np.uint8)
    sizes = np.zeros(len(blocks), np.int64)

    def run() -> None:
        compressed = [how.compress(block) for block in blocks]
        # One copy of a few KiB for all blocks: below 1 % of what compressing them takes.
        joined = b"".join(compressed)
        out[: len(joined)] = np.frombuffer(joined, np.uint8)
        sizes[:] = [len(each) for each in compressed]

    def derive(seen: Seen) -> dict[str, Figure]:
        return {
            "compression_ratio": Figure(len(text) / int(sizes.sum())),
            "codec": Figure(how.name),
        }

    yield Work(run, ops=len(blocks), bytes=len(text), derive=derive)
    require_blocks(blocks, out, sizes, how.decompress)


def require_blocks(
    blocks: list[bytes],
    out: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    decompress: Callable[[bytes], bytes],
) -> None:
    """Check that the blocks come back from what lies in *out*, one after the other.

    Raises:
        CheckFailed: naming the first block that does not.
    """
    end = 0
    for i, (block, size) in enumerate(zip(blocks, sizes.tolist(), strict=True)):
        start, end = end, end + size
        try:
            back = decompress(out[start:end].tobytes()) if size > 0 else b""
        except Exception as error:  # Border: each codec has an exception of its own.
            raise CheckFailed(f"block {i} of {size} B cannot be decompressed: {error}") from error
        if back != block:
            raise CheckFailed(f"block {i} of {size} B is not what was compressed")


def words(nbytes: int) -> bytes:
    """Return so many bytes of text: words of random letters, as frequent as those of a language.

    Letters are about as frequent as in English and words follow Zipf's law with Mandelbrot's
    correction, so that codecs make of it about what they make of English.
    """
    random = np.random.default_rng(0)
    letters = np.frombuffer(b"etaoinshrdlcumwfgypbvkjxqz", np.uint8)
    weights = 1 / np.arange(2, 28)
    lengths = random.integers(2, 11, _VOCABULARY)
    ends = np.cumsum(lengths)
    drawn = random.choice(letters, int(ends[-1]), p=weights / weights.sum()).tobytes()
    vocabulary = [drawn[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    frequencies = 1 / (np.arange(_VOCABULARY) + 3.7)
    text = b""
    while len(text) < nbytes:
        chosen = random.choice(_VOCABULARY, nbytes // 6, p=frequencies / frequencies.sum())
        text += b" ".join([vocabulary[i] for i in chosen]) + b" "
    return text[:nbytes]


def _codec(codec: str) -> Codec:
    if codec == "zstd":
        zstd: Any = import_module("compression.zstd")
        version = ".".join(map(str, zstd.zstd_version_info))
        return Codec(lambda data: zstd.compress(data, 1), zstd.decompress, f"zstd {version}")
    level = int(codec.removeprefix("zlib_"))
    name = f"zlib {zlib.ZLIB_RUNTIME_VERSION}, level {level}"
    return Codec(lambda data: zlib.compress(data, level), zlib.decompress, name)
