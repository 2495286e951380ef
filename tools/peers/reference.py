"""The C reference: compiled here, then kept running. This module asks it for single timings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ratios import Timing

HERE = Path(__file__).resolve().parent

# -march=native: what a C programmer would use for this machine. The other one keeps gcc from
# making calls of memcpy and memset, which choose their own stores, of copy and fill.
FLAGS = ("-O3", "-march=native", "-fno-tree-loop-distribute-patterns")


class ReferenceError(Exception):
    """The reference could not be built, or could not do what was asked; the message says why."""


@dataclass(frozen=True)
class Request:
    """What the reference is to run; see reference.c for the meaning of each."""

    kernel: str
    variant: str
    pages: str
    nbytes: int
    style: str = ""
    apart: int = 0

    def line(self, count: int) -> str:
        """Return the request for *count* steps, passes or reads."""
        return (
            f"{self.kernel} {self.variant} {self.style} {self.pages} {self.nbytes} {self.apart} "
            f"{count}\n"
        )


def compiler() -> str | None:
    """Return the path of a C compiler, or None."""
    named = os.environ.get("CC")
    return next((path for path in map(shutil.which, [named or "gcc", "gcc", "cc"]) if path), None)


def build(directory: Path, cc: str) -> Path:
    """Compile the reference into *directory*.

    Raises:
        ReferenceError: with the compiler's own words.
    """
    program = directory / "reference"
    command = [cc, *FLAGS, "-o", str(program), str(HERE / "reference.c")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise ReferenceError(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
    return program


class Reference:
    """A running reference. It answers one request at a time and sleeps between them.

    Attributes:
        styles: for each kernel and variant, who wrote a loop for it.
    """

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self._stdin, self._stdout = stdin, stdout
        listed = self._ask("styles\n")["styles"]
        self._styles = [(kernel, variant, style) for kernel, variant, style in listed]

    def styles(self, request: Request) -> Sequence[str]:
        """Return the styles in which the reference has the kernel of *request*."""
        return [
            style
            for kernel, variant, style in self._styles
            if kernel == request.kernel and variant in ("", request.variant)
        ]

    def time(self, request: Request, count: int) -> Timing:
        """Run *request* and return its timing.

        Raises:
            ReferenceError: if the reference cannot, or computed something wrong.
        """
        answer = self._ask(request.line(count))
        return Timing(answer["wall_s"], answer["cpu_s"], answer["switches"])

    def prepare(self, request: Request) -> None:
        """Map and write the working set of *request*."""
        self.time(request, 1)

    def release(self) -> None:
        """Give the memory back."""
        self._ask("release\n")

    def _ask(self, line: str) -> dict:  # type: ignore[type-arg]
        try:
            self._stdin.write(line)
            self._stdin.flush()
            answered = self._stdout.readline()
        except BrokenPipeError:
            answered = ""
        return answer_of(answered, line)


def answer_of(answered: str, asked: str) -> dict:  # type: ignore[type-arg]
    """Return the answer in one line of the reference.

    Raises:
        ReferenceError: if it is an error, or none.
    """
    if not answered:
        raise ReferenceError(f"the C reference ended at the request {asked.strip()!r}")
    answer: dict = json.loads(answered)  # type: ignore[type-arg]
    if "error" in answer:
        raise ReferenceError(f"{asked.strip()}: {answer['error']}")
    return answer


@contextmanager
def running(program: Path, cpu: int) -> Iterator[Reference]:
    """Run the program on one CPU; end it at the end."""
    process = subprocess.Popen(
        [str(program), str(cpu)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Reference(process.stdin, process.stdout)
    finally:
        process.kill()
        process.communicate()
