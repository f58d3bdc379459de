"""The gateway of the demonstration: messages become lines of a file, which the demo phone shows.

One JSON object a line, `{id, to, text, at, code, channel}`, oldest first. The file is for its owner alone (0600),
keeps the last KEPT messages, and several workers may write to it: a lock file beside it orders them.
"""

import fcntl
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from idp.telephony.channel import Channel
from idp.telephony.gateways.contract import Accepted, Message, TemporaryFailure
from idp.telephony.gateways.voices import WRITTEN
from idp.telephony.numbers import masked

#: Messages a reader sees.
KEPT: Final = 1000
# Lines beyond KEPT that may gather before the file is written anew: appending is cheap, rewriting is not.
_SLACK: Final = 200
_LAST_LINE: Final = re.compile(r"\n@\S+ #(\d+)\Z")
_SAID: Final = re.compile(r"\d(?:, \d){3,9}")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message as the demo phone shows it: `at` in epoch seconds, `code` empty when the text has none.

    `text` of a call is what the voice says.
    """

    id: str
    to: str
    text: str
    at: int
    code: str
    channel: str = Channel.SMS.value


class FileGateway:
    """Appends every message to `path`; the same message twice is one line."""

    carries = frozenset(Channel)
    repeatable = True
    #: Its calls are read by eye.
    speaks = WRITTEN

    def __init__(self, path: Path, clock: Callable[[], int]) -> None:
        self._path = path
        self._clock = clock
        # Which ids the file holds, valid while its (inode, size) are those that we left.
        self._seen: dict[str, None] = {}
        self._left = (0, 0)

    def send(self, message: Message) -> Accepted:
        """Write `message` down once. Raises TemporaryFailure when the file cannot be written."""
        try:
            with _locked(self._path):
                self._write_once(message)
        except OSError as error:
            raise TemporaryFailure(f"messages file: {error.strerror}") from error
        log.info("message %s to %s (%s) written", message.id, masked(message.to), message.region)
        return Accepted(f"file:{message.id}")

    def _write_once(self, message: Message) -> None:
        if self._state() != self._left:
            self._seen = {known.id: None for known in _read(self._path)}
        if str(message.id) in self._seen:
            return
        line = SentMessage(
            str(message.id), message.to, message.body, self._clock(), _code_in(message), message.channel.value
        )
        _append(self._path, [line])
        self._seen[line.id] = None
        if len(self._seen) > KEPT + _SLACK:
            self._seen = _trim(self._path)
        self._left = self._state()

    def _state(self) -> tuple[int, int]:
        with suppress(FileNotFoundError):
            status = self._path.stat()
            return status.st_ino, status.st_size
        return 0, 0


def _code_in(message: Message) -> str:
    """The code as a person would type it who has read the text, or listened to the call."""
    if message.channel is Channel.VOICE:
        said = _SAID.search(message.body)
        return said[0].replace(", ", "") if said else ""
    last_line = _LAST_LINE.search(message.body)
    return last_line[1] if last_line else ""


def read_messages(path: Path, to: str | None = None) -> list[SentMessage]:
    """What the demo phone shows: the last KEPT messages, newest first, of one E.164 number or of all."""
    return [message for message in reversed(_read(path)[-KEPT:]) if to in {None, message.to}]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file beside `path`; the operating system lets go of it when its holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _read(path: Path) -> list[SentMessage]:
    """Every whole line. A torn last line, left by a writer that was killed, is not a message."""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        with suppress(ValueError, TypeError):
            found.append(SentMessage(**json.loads(line)))
    return found


def _append(path: Path, messages: list[SentMessage]) -> None:
    """Add `messages` in one write, on a line of their own even after a torn one."""
    text = "".join(f"{json.dumps(asdict(message), ensure_ascii=False)}\n" for message in messages)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        file.write((("\n" if torn else "") + text).encode())


def _trim(path: Path) -> dict[str, None]:
    """Keep the last KEPT messages: a whole new file takes the old one's name, so a reader never sees half."""
    kept = _read(path)[-KEPT:]
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    _append(new, kept)
    new.replace(path)
    return {message.id: None for message in kept}
