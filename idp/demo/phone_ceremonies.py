"""What the demo phone does in a ceremony: what it asks its holder, and the answer it gives.

It stands where a browser and a real phone would: a page hands it the options of the ceremony, and its answer
goes, as theirs would, to the endpoint that waits for it. The provider cannot tell the difference.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

from idp.demo.authenticator import CeremonyError, SoftAuthenticator
from idp.demo.ceremony_encoding import from_base64url, to_base64url

MAX_OPTIONS = 16_384


class Kind(Enum):
    """The ceremonies, each with the endpoint that waits for its answer."""

    SIGN_IN = "/sign-in/passkey"
    ENROL = "/enrol/passkey"
    STAFF_SIGN_IN = "/staff/sign-in"
    STAFF_JOIN = "/staff/join/passkey"
    STAFF_TEAM = "/staff/team/confirm"
    STAFF_APPROVE = "/counter/approve"
    STAFF_END = "/counter/end/confirm"
    CONSOLE = "/console/confirm"
    WORKBENCH = "/workbench/confirm"
    ADD = "/account/passkeys/new"
    RESUME = "/account/resume"

    @property
    def creates(self) -> bool:
        """Whether a passkey is made."""
        return self in {Kind.ENROL, Kind.STAFF_JOIN, Kind.ADD}

    @property
    def of_staff(self) -> bool:
        """Whether it is about a passkey of staff."""
        return self.value.startswith(("/staff/", "/counter/", "/console/", "/workbench/"))


STAFF_ACCOUNTS = "staff/"
"""How the account name of a passkey of staff begins (idp/pages/staff_join.py)."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A passkey that its holder may answer with."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A ceremony under way: its kind, the options the page gave, and the origin of that page."""

    kind: Kind
    options: dict[str, Any]
    origin: str

    def choices(self, phone: SoftAuthenticator) -> list[Choice]:
        """The passkeys that can answer, newest first; none when one is to be made. Raises CeremonyError."""
        if self.kind.creates:
            return []
        with _well_formed():
            allowed = [from_base64url(one["id"]) for one in self.options.get("allowCredentials") or []]
            found = phone.discover(self.options["rpId"], allowed)
        # A person knows their passkeys apart by name; the phone shows only those that can answer.
        found = [p for p in found if p.user_name.startswith(STAFF_ACCOUNTS) == self.kind.of_staff]
        return [Choice(to_base64url(p.credential_id), p.display_name or p.user_name) for p in found]

    def answer(self, phone: SoftAuthenticator, choice: str | None) -> str:
        """The credential as JSON text (WebAuthn Level 3 §5.1.8). Raises CeremonyError."""
        with _well_formed():
            if self.kind.creates:
                return json.dumps(phone.create(self.options, self.origin))
            return json.dumps(phone.get(self.options, self.origin, from_base64url(choice) if choice else None))


def read_ceremony(kind: Kind, options: str | None, origin: str) -> Ceremony:
    """The ceremony that a page's form describes. Raises CeremonyError."""
    if not options or len(options) > MAX_OPTIONS:
        raise CeremonyError("TypeError", "the options are missing or too long")
    with _well_formed():
        document = json.loads(options)
    if not isinstance(document, dict):
        raise CeremonyError("TypeError", "the options are no object")
    return Ceremony(kind, document, origin)


@contextmanager
def _well_formed() -> Iterator[None]:
    """A browser throws TypeError for options of another shape; so does this phone."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CeremonyError("TypeError", "the options are not those of a ceremony") from error
