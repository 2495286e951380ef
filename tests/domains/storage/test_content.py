"""What stands in the files: each block tells where it belongs, and whether it is whole."""

from __future__ import annotations

import numpy as np
import pytest

from hwperf import CheckFailed
from hwperf.domains.storage import content
from hwperf.kernels import io


def stamped(n: int, offset: int = 0, generation: int = 77) -> np.ndarray:
    blocks = np.zeros((n, 512), np.int64)
    content.fill(blocks, generation=generation, first_row=3)
    io.stamp(blocks.ctypes.data, blocks.nbytes, offset)
    return blocks


def test_blocks_that_were_stamped_for_their_place_are_right() -> None:
    content.require_stamped(stamped(2000, 8192), 8192, "the blocks", 77)


@pytest.mark.parametrize("word", [0, 1, 2, 3, 255, 511])
def test_a_change_of_any_word_of_a_block_is_noticed(word: int) -> None:
    blocks = stamped(7)
    blocks[4, word] ^= 1
    with pytest.raises(CheckFailed, match=r"1 of 7 blocks .* offset 16384"):
        content.require_stamped(blocks, 0, "what was read")


def test_a_block_of_another_place_or_generation_is_noticed() -> None:
    with pytest.raises(CheckFailed, match="never written, or changed by somebody else"):
        content.require_stamped(stamped(3, 4096), 0, "what was read")
    with pytest.raises(CheckFailed):
        content.require_stamped(stamped(3, 0, generation=78), 0, "what was written", 77)


@pytest.mark.parametrize("value", [0, -1, 0x3F3F3F3F3F3F3F3F])
def test_blocks_that_were_never_written_are_noticed(value: int) -> None:
    with pytest.raises(CheckFailed):
        content.require_stamped(np.full((4, 512), value, np.int64), 0, "what was read")


def test_the_place_that_a_block_is_stamped_for_is_found_again() -> None:
    content.require_whole(stamped(5, 3 * 4096), 8 * 4096, "the blocks", 77)
    with pytest.raises(CheckFailed, match="no place of the file"):
        content.require_whole(stamped(5, 4 * 4096), 8 * 4096, "the blocks", 77)


def test_no_two_blocks_of_a_large_file_are_alike() -> None:
    numbers = np.arange(2**20)
    with np.errstate(over="ignore"):
        assert np.unique(numbers * np.int64(io.STAMP_FACTOR)).size == numbers.size
    assert (io.STAMP_FACTOR * content._INVERSE) % 2**64 == 1


def test_the_data_cannot_be_compressed() -> None:
    import zlib

    data = stamped(256).tobytes()
    assert len(zlib.compress(data, 9)) > 0.99 * len(data)
