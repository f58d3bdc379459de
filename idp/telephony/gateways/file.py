"""The gateway of the demonstration: messages become lines of a file, which the demo phone shows.

One JSON object a line, `{id, to, text, at, code, channel}`, oldest first. The file is for its owner alone (0600),
keeps the last KEPT messages, and several workers may write to it: a lock file beside it orders them.
"""

import fcntl
import json
import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
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
_OPEN: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_APPEND: Final = _OPEN | os.O_APPEND
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode
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
        self._lock = path.with_name(f"{path.name}.lock")
        self._clock = clock
        # Which ids the file holds, valid while its (inode, size) are those that we left.
        self._seen: dict[str, None] = {}
        self._left = (0, 0)

    def send(self, message: Message) -> Accepted:
        """Write `message` down once. Raises TemporaryFailure when the file cannot be written."""
        key = str(message.id)
        try:
            lock = _locked(self._lock)
            try:
                self._write_once(key, message)
            finally:
                os.close(lock)
        except OSError as error:
            raise TemporaryFailure(f"messages file: {error.strerror}") from error
        log.debug("message %s to %s (%s) written", message.id, masked(message.to), message.region)
        return Accepted(f"file:{key}")

    def _write_once(self, key: str, message: Message) -> None:
        handle = os.open(self._path, _APPEND, 0o600)
        try:
            status = os.fstat(handle)
            changed = (status.st_ino, status.st_size) != self._left
            if changed:
                self._seen = {known.id: None for known in _read(self._path)}
            if key in self._seen:
                return
            line = SentMessage(key, message.to, message.body, self._clock(), _code_in(message), message.channel.value)
            written = _append(handle, [line], status.st_size if changed else 0)
        finally:
            os.close(handle)
        self._seen[key] = None
        self._left = status.st_ino, status.st_size + written
        if len(self._seen) > KEPT + _SLACK:
            self._seen = _trim(self._path)
            self._left = (0, 0)


def _code_in(message: Message) -> str:
    """The code as a person would type it who has read the text, or listened to the call."""
    if message.channel is Channel.VOICE:
        said = _SAID.search(message.body)
        return said[0].replace(", ", "") if said else ""
    last_line = _LAST_LINE.search(message.body)
    return last_line[1] if last_line else ""


def read_messages(path: Path, to: str | None = None) -> list[SentMessage]:
    """What the demo phone shows: the last KEPT messages, newest first, of one E.164 number or of all."""
    newest = sorted(_read(path)[-KEPT:], key=_asked_at)[::-1]
    return [message for message in newest if to in {None, message.to}]


def _asked_at(message: SentMessage) -> tuple[int, str]:
    """When it was handed over; of one second, by the time in its id: several leave at once, whoever is first."""
    of_its_time = message.id[14:15] == "7"  # RFC 9562 §5.7: the first 48 bits are milliseconds
    return message.at, message.id[:13] if of_its_time else ""


def _locked(lock: Path) -> int:
    """A handle that holds the lock file until it is closed; the operating system lets go of it when its holder dies."""
    try:
        handle = os.open(lock, _OPEN, 0o600)
    except FileNotFoundError:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, _OPEN, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


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


def _append(handle: int, messages: list[SentMessage], size: int = 0) -> int:
    """Add `messages` in one write; of a file of this size, which somebody else wrote to, on a line of their own.

    Returns how many bytes that were. A writer that is killed leaves a torn line.
    """
    torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
    lines = [_ENCODE({name: getattr(message, name) for name in SentMessage.__slots__}) for message in messages]
    text = ("\n" if torn else "") + "".join(f"{line}\n" for line in lines)
    whole = text.encode()
    written = 0
    while written < len(whole):  # a disk that is nearly full takes less, and then nothing
        written += os.write(handle, whole[written:])
    return written


def _trim(path: Path) -> dict[str, None]:
    """Keep the last KEPT messages: a whole new file takes the old one's name, so a reader never sees half."""
    kept = _read(path)[-KEPT:]
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, _APPEND, 0o600)
    try:
        _append(handle, kept)
    finally:
        os.close(handle)
    new.replace(path)
    return {message.id: None for message in kept}
