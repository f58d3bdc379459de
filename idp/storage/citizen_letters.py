"""Writing to a citizen: a letter to the address that they confirmed, queued in the transaction of the act.

Every letter about a mobile ID that can still be stopped holds the link with which its owner stops it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idp.credential.address_link import address_secret
from idp.credential.stop_link import stop_secret
from idp.delivery.mail import KIND, MAIL_SECONDS, NO_VALUES, NOTHING_TO_STOP, MailKind, MailNotice, to_payload
from idp.keys.fingerprints import Fingerprints
from idp.keys.sealing import Sealer, row_context
from idp.people.record import Record
from idp.storage.account import Account
from idp.storage.database import Transaction
from idp.storage.outbox import queue

LETTERS: Mapping[str, MailKind] = {
    "issued": MailKind.ISSUED,
    "second_issued": MailKind.SECOND_ISSUED,
    "replaced": MailKind.REPLACED,
    "case_begun": MailKind.CASE_BEGUN,
    "suspended": MailKind.STOPPED,
    "resumed": MailKind.LIFTED,
    "revoked": MailKind.REVOKED,
    "expired": MailKind.EXPIRED,
    "expires_soon": MailKind.EXPIRES_SOON,
    "ended": MailKind.ENDED,
}
"""Which letter goes with a notice (templates/messages/notices.*.toml), so that no channel is forgotten."""


@dataclass(frozen=True, slots=True)
class CitizenLetters:
    """What writing a letter takes."""

    record: Sealer
    outbox: Sealer
    stop_link: Fingerprints
    address_link: Fingerprints
    issuer: str
    posted: bool  # whether letters leave this installation at all

    def write(
        self, step: Transaction, person: UUID, kind: MailKind, now: int, values: Mapping[str, str] = NO_VALUES
    ) -> bool:
        """Queue the letter. False when letters are not sent here, or the person has no confirmed address."""
        found = Account(step, person).person() if self.posted else None
        if found is None or found.sandbox_of is not None:
            return False
        record = self._record(found)
        if not record.email or not record.email_verified:
            return False
        return self.write_to(step, found, record.email, kind, now, values)

    def write_to(
        self,
        step: Transaction,
        found: Any,
        address: str,
        kind: MailKind,
        now: int,
        values: Mapping[str, str] = NO_VALUES,
    ) -> bool:
        """Queue the letter to an address that was the person's until a moment ago. `found`: Account.person()."""
        if not self.posted:
            return False
        step.flush()  # a credential that this very step adds is the one to be stopped
        credentials = Account(step, found.id).credentials()
        if not credentials:
            return False
        link = "" if kind in NOTHING_TO_STOP else self.stop_address(found.id, credentials[-1].id)
        self._queue(step, MailNotice(kind, address, found.language, now, link, values))
        return True

    def ask_to_confirm(self, step: Transaction, person: UUID, now: int) -> bool:
        """Queue the letter that only the owner of the mailbox can answer. False when there is nothing to confirm."""
        step.flush()
        found = Account(step, person).person() if self.posted else None
        if found is None:
            return False
        record = self._record(found)
        if not record.email or record.email_verified:
            return False
        link = f"{self.issuer}/email#{address_secret(person, record.email, now, self.address_link)}"
        self._queue(step, MailNotice(MailKind.CONFIRM_ADDRESS, record.email, found.language, now, link))
        return True

    def stop_address(self, person: UUID, credential: UUID) -> str:
        """The link that stops, its secret in the fragment: browsers send that to nobody."""
        return f"{self.issuer}/lost#{stop_secret(person, credential, self.stop_link)}"

    def _record(self, found: Any) -> Record:
        return Record.from_json(self.record.open(found.record, row_context("persons", "record", found.id)))

    def _queue(self, step: Transaction, notice: MailNotice) -> None:
        queue(step, self.outbox, KIND, to_payload(notice), now=notice.at, good_for=MAIL_SECONDS)
