"""What a browser presents as its first proof, and what one look tells of it; nothing is judged here."""

from dataclasses import dataclass

from idp.authenticators.ceremony import CeremonyRefused
from idp.authenticators.passkey import Assertion, read_assertion
from idp.interaction.sealed_request import SealedRequest
from idp.interaction.second_proof import Holdings
from idp.pages.sending import address_count, sent_was_seen
from idp.provider import Provider
from idp.storage.assertions import look_at_assertion
from idp.storage.passkeys import Holder
from idp.storage.sign_ins import SignIns


class NothingProven(Exception):
    """The assertion is no proof; the message is for the log."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An assertion, and what one look tells of it."""

    assertion: Assertion
    holder: Holder | None
    spent_by: bytes | None  # the browser of the sign-in that its challenge began
    holdings: Holdings | None


def see(wired: Provider, travelling: SealedRequest, credential: str) -> Seen | NothingProven:
    """What is known of whatever a browser presents. How the client stands is told on the way."""
    try:
        assertion = read_assertion(credential)
    except CeremonyRefused as refused:
        return NothingProven(str(refused))
    row, client_id, now = travelling.sign_in, travelling.request.client_id, wired.clock()
    with wired.database.read() as reading:
        found = look_at_assertion(reading, assertion.webauthn_id, row, client_id, address_count(wired), now)
        if found is None:
            return Seen(assertion, None, SignIns(reading).browser_of(row), None)
    wired.clients.told(found.client)
    if found.holder.phone_id is not None:
        sent_was_seen(wired, found.holder.phone_id, found.sent)
    return Seen(assertion, found.holder, found.spent_by, found.holdings)
