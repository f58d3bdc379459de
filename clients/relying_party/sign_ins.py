"""Who is signed in at this service: kept on the server, known to the browser by a number in its cookie.

Names and tokens never travel in the cookie. This store is the memory of one process; a service with several
processes keeps the same verbs over its own database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from clients.relying_party.authorization import Asked

LIFETIME_SECONDS = 1800
MOST = 10_000
"""Sign-ins kept at once; beyond it the oldest ends early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A verified person: what the ID token said of the event, and what userinfo said of them."""

    claims: dict[str, Any]
    userinfo: dict[str, Any]
    asked: Asked
    id_token: str
    access_token: str
    scope: str
    signed_in_at: int

    @property
    def subject(self) -> str:
        """This person at this service, and only here (pairwise)."""
        return str(self.claims["sub"])

    def proved_for_this(self, *, now: int, within: int) -> bool:
        """Whether the person proved themself anew, because we asked, in the last `within` seconds."""
        return self.asked.max_age is not None and now - int(self.claims["auth_time"]) <= within


class SignIns:
    """The sign-ins of this process, safe for its threads."""

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._kept: dict[str, SignIn] = {}
        self._lock = Lock()

    def add(self, sign_in: SignIn) -> str:
        """Keep `sign_in`; returns the new number that the browser gets."""
        number = self._random_bytes(24).hex()
        with self._lock:
            while len(self._kept) >= MOST:
                del self._kept[next(iter(self._kept))]
            self._kept[number] = sign_in
        return number

    def find(self, number: object, *, now: int) -> SignIn | None:
        """The living sign-in with `number`."""
        with self._lock:
            found = self._kept.get(number) if isinstance(number, str) else None
        return found if found and now < found.signed_in_at + LIFETIME_SECONDS else None

    def end_of(self, subject: str, session: str | None) -> int:
        """Forget a person's sign-ins, of one session at the provider or of all; returns how many there were."""
        with self._lock:
            ended = [
                number
                for number, one in self._kept.items()
                if one.subject == subject and session in {None, one.claims.get("sid")}
            ]
            for number in ended:
                del self._kept[number]
        return len(ended)

    def end(self, number: object) -> None:
        """Forget the sign-in with `number`, if there is one."""
        with self._lock:
            if isinstance(number, str):
                self._kept.pop(number, None)
