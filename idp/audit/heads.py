"""The second place: a file of all statements, on a disk or share that whoever can change the database cannot.

One line a seal: its number and its statement. The worker appends what the file does not have yet, so that a share
that was away for a while is complete again after the next seal.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

TAIL_BYTES = 8_192  # more than the longest line


class BadHeads(Exception):
    """The file is not what the worker wrote. The message is one line for the operator."""


def append_heads(path: Path, statements_after: Callable[[int], Iterable[tuple[int, str]]]) -> int:
    """Write what is missing at the end of the file; returns how many lines. Raises OSError, BadHeads."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    with os.fdopen(descriptor, "rb+") as file:
        lines = [f"{number} {statement}\n" for number, statement in statements_after(_last_number(file.fileno()))]
        file.write("".join(lines).encode("ascii"))
        file.flush()
        os.fsync(file.fileno())
    return len(lines)


def read_heads(path: Path) -> Iterator[tuple[int, str]]:
    """Numbers and statements, in the order of the file; two workers may both have written a line."""
    with path.open("r", encoding="ascii", errors="strict") as file:
        for line in file:
            yield _parsed(line)


def _last_number(descriptor: int) -> int:
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES))
    if not tail:
        return 0
    if not tail.endswith(b"\n"):
        raise BadHeads("the file of audit heads ends in the middle of a line")
    return _parsed(tail.decode("ascii", "replace").splitlines()[-1])[0]


def _parsed(line: str) -> tuple[int, str]:
    number, _, statement = line.strip().partition(" ")
    if not number.isdecimal() or not statement:
        raise BadHeads("the file of audit heads has a line that is not a number and a statement")
    return int(number), statement
