"""The secret that both sides have. This module makes it, reads it, and never shows it.

It crosses no wire: each side proves that it has it, by a keyed hash of what both have just made up.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hwperf.errors import UsageError

__all__ = ["TOKEN", "TOKEN_FILE", "Token", "given", "new", "read"]

TOKEN = "HWPERF_HOST_TOKEN"
"""Environment variable: the token that 'hwperf serve' printed."""

TOKEN_FILE = "HWPERF_HOST_TOKEN_FILE"
"""Environment variable: a file that holds it."""

_NBYTES = 16  # 128 bits: nobody guesses it, and it can be typed.
_SHORTEST = 16  # Characters of one that somebody chose.
_LONGEST = 1024


@dataclass(frozen=True)
class Token:
    """A secret; neither repr nor str shows it."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _SHORTEST <= len(self.secret) <= _LONGEST:
            raise UsageError(
                f"a token has {_SHORTEST} to {_LONGEST} characters, this one {len(self.secret)}. "
                "'python -c \"import secrets; print(secrets.token_hex(16))\"' makes one."
            )

    def proof(self, role: bytes, client_nonce: bytes, server_nonce: bytes) -> bytes:
        """Return what only one who has the token can know of this pair of nonces.

        *role* keeps one side's proof from being played back as the other's. Source: RFC 2104.
        """
        message = role + client_nonce + server_nonce
        return hmac.digest(self.secret.encode(), message, "sha256")

    def __str__(self) -> str:
        return "a token"


def new() -> Token:
    """Return a random one."""
    return Token(secrets.token_hex(_NBYTES))


def read(path: Path) -> Token:
    """Return the token that is the first line of the file *path*.

    Raises:
        UsageError: if it cannot be read, if others may read it, or if it is too short.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            first = file.read(4 * _LONGEST).partition(b"\n")[0]
    except OSError as error:
        raise UsageError(f"the token file {str(path)!r}: {error.strerror or error}.") from None
    if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
        raise UsageError(
            f"the token file {str(path)!r} may be read or written by others: 'chmod 600' it, and "
            "use a new token."
        )
    try:
        return Token(first.decode().strip())
    except UnicodeDecodeError:
        raise UsageError(f"the token file {str(path)!r} does not begin with a line of text.") from (
            None
        )
    except UsageError as why:
        raise UsageError(f"the token file {str(path)!r}: {why}") from None


def given(environ: Mapping[str, str] = os.environ) -> Token | None:
    """Return the token that the environment gives; None where it gives none.

    Raises:
        UsageError: if it cannot be one.
    """
    secret, path = environ.get(TOKEN, "").strip(), environ.get(TOKEN_FILE, "").strip()
    if secret:
        try:
            return Token(secret)
        except UsageError as why:
            raise UsageError(f"{TOKEN}: {why}") from None
    return read(Path(path)) if path else None
