"""What the demo phone remembers: its passkeys, in one file that several workers may use at once.

The file holds private keys, so it is its owner's alone (0600). It is replaced whole, never written in place:
a reader sees either the old one or the new one. A lock file beside it orders those who change it.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.demo.authenticator import SoftAuthenticator

FILE_NAME = "demo-phone.json"


class UnreadablePhone(Exception):
    """The file is not one that this phone wrote. The message is one line for the operator."""


class PhoneMemory:
    """The passkeys of the demo phone in `directory`."""

    def __init__(self, directory: Path, random_bytes: Callable[[int], bytes]) -> None:
        """Nothing is read or made before it is asked for."""
        self._path = directory / FILE_NAME
        self._random_bytes = random_bytes

    def look(self) -> SoftAuthenticator:
        """The phone as it is now; changes to it are not kept. Raises UnreadablePhone."""
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            return SoftAuthenticator(self._random_bytes)
        try:
            return SoftAuthenticator.from_json(json.loads(text), self._random_bytes)
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadablePhone(f"{self._path} does not hold the demo phone's passkeys: {error}") from error

    @contextmanager
    def use(self) -> Iterator[SoftAuthenticator]:
        """The phone in one's hand alone; what the block changes is kept unless it raises."""
        with self._locked():
            phone = self.look()
            yield phone
            self._replace(json.dumps(phone.to_json(), ensure_ascii=False, indent=1))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".json.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _replace(self, text: str) -> None:
        new = self._path.with_suffix(".json.new")
        new.unlink(missing_ok=True)  # left by one that was killed; it may have other rights
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        new.replace(self._path)
