"""Reading the codes that the demonstration's gateway wrote to its file of messages, as they arrive."""

import json
import time
from functools import cache
from pathlib import Path
from threading import Lock

from tests.bench.http_client import AnswerError

GREATEST_WAIT_SECONDS = 20.0
POLL_SECONDS = 0.01


class Inbox:
    """Follows the file and reads every line once; the file may be replaced by a shorter one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._place = (0, 0)  # inode, bytes read of it
        self._codes: dict[str, str] = {}

    def take(self, phone: str) -> str | None:
        """The newest code sent to the number, once; None while there is none."""
        with self._lock:
            self._read()
            return self._codes.pop(phone, None)

    def _read(self) -> None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return
        inode, offset = self._place
        if inode != status.st_ino:
            offset = 0
        if offset == status.st_size:
            return
        with self._file.open("rb") as file:
            file.seek(offset)
            whole = file.read().rpartition(b"\n")[0]
        for line in whole.splitlines():
            message = json.loads(line)
            self._codes[message["to"]] = message["code"]
        self._place = (status.st_ino, offset + len(whole) + 1 if whole else offset)


def code_sent_to(phone: str, file: Path) -> str:
    """Wait for the code that was sent to the number. Raises AnswerError when none comes."""
    inbox = _inbox(file)
    deadline = time.monotonic() + GREATEST_WAIT_SECONDS
    while time.monotonic() < deadline:
        code = inbox.take(phone)
        if code:
            return code
        time.sleep(POLL_SECONDS)
    raise AnswerError(f"no message arrived within {GREATEST_WAIT_SECONDS:.0f} s; see the worker's log")


@cache
def _inbox(file: Path) -> Inbox:
    """One reader for all clients of a process."""
    return Inbox(file)
