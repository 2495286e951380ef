"""What a failed transfer means: the host cannot (n/a), or something is wrong (failed)."""

from __future__ import annotations

import errno
import os

from hwperf import CheckFailed, Unsupported
from hwperf.errors import HwperfError
from hwperf.kernels import io

__all__ = ["failed"]

# The user's limits, not the device's faults.
_LIMITS = {
    errno.ENOSPC: "Free some space, or name another directory with --path.",
    errno.EDQUOT: "Your quota is used up; name another directory with --path.",
    errno.EROFS: "Name a directory that may be written to, with --path.",
    errno.EFBIG: "The size of files is limited here (ulimit -f).",
    errno.EINVAL: "The file system does not take direct I/O of this block.",
}


def failed(what: str, number: int) -> HwperfError:
    """Return what to raise when *what* ended with the error *number*, or ``io.SHORT``."""
    if number == io.SHORT:
        return CheckFailed(
            f"{what} moved fewer bytes than were asked for: somebody else has made the file shorter"
        )
    name = errno.errorcode.get(number, str(number))
    sentence = f"{what} failed: {os.strerror(number)} ({name})"
    advice = _LIMITS.get(number)
    if advice is not None:
        return Unsupported(f"{sentence}. {advice}")
    return CheckFailed(f"{sentence}. See the system's log (dmesg) for what the device reported")
