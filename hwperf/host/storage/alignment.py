"""What direct I/O must be aligned to. This module asks the system call that tells it.

Source: Linux, statx(2), STATX_DIOALIGN (since 6.1), and include/uapi/linux/stat.h.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from dataclasses import dataclass

__all__ = ["DirectAlignment", "direct_alignment"]

_STATX_DIOALIGN = 0x2000
_AT_EMPTY_PATH = 0x1000
_AT_FDCWD = -100
_STATX_BYTES = 256  # struct statx, which has room to spare
_DIO_MEM_ALIGN = 0x98  # offset of two 32-bit numbers: of the memory, of the offset in the file

# What says that the kernel, the library or a filter of system calls (old Docker: EPERM) has none.
_NOT_TOLD = (errno.ENOSYS, errno.EINVAL, errno.EPERM)


@dataclass(frozen=True)
class DirectAlignment:
    """What memory address, file offset and length of direct I/O must be multiples of.

    Attributes:
        memory_bytes: for the address.
        offset_bytes: for offset and length.
    """

    memory_bytes: int
    offset_bytes: int

    @property
    def is_supported(self) -> bool:
        """The file can be read and written without the page cache: no number is zero."""
        return self.memory_bytes > 0 and self.offset_bytes > 0


def direct_alignment(path_or_fd: str | os.PathLike[str] | int) -> DirectAlignment | None:
    """Return the alignment for a file, by path or descriptor, or None: the system does not tell.

    Of directories and of kernels before 6.1 nothing is told.

    Raises:
        OSError: if the file cannot be asked, as when there is none.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
    if statx is None:  # glibc before 2.28
        return None
    told = ctypes.create_string_buffer(_STATX_BYTES)
    if isinstance(path_or_fd, int):
        failed = statx(path_or_fd, b"", _AT_EMPTY_PATH, _STATX_DIOALIGN, told)
    else:
        failed = statx(_AT_FDCWD, os.fsencode(path_or_fd), 0, _STATX_DIOALIGN, told)
    if failed:
        number = ctypes.get_errno()
        if number in _NOT_TOLD:
            return None
        raise OSError(number, os.strerror(number), path_or_fd)
    return _parsed(told.raw)


def _parsed(statx: bytes) -> DirectAlignment | None:
    """Return what a struct statx says; its first word has a bit for each field that is filled."""
    (filled,) = struct.unpack_from("=I", statx)
    if not filled & _STATX_DIOALIGN:
        return None
    return DirectAlignment(*struct.unpack_from("=II", statx, _DIO_MEM_ALIGN))
