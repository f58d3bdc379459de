"""Warning the contacts of relying services before something ends: one mail for each threshold, with its audit row."""

from idp.audit.catalogue import AuditRow, Event
from idp.delivery.mail import KIND, MAIL_SECONDS, MailKind, MailNotice, to_payload
from idp.keys.sealing import Sealer
from idp.registration.deadlines import Deadline, Kind, mail_addresses, warning_due
from idp.storage.client_deadlines import ClientDeadlines
from idp.storage.clients import Clients
from idp.storage.database import Database, Transaction
from idp.storage.outbox import queue

LANGUAGE = "ko"  # contacts are people of Korean authorities; the letter says the same in English below


def warn_of_ends(database: Database, clients: Clients, outbox: Sealer, *, issuer: str, mail: bool, now: int) -> int:
    """Queue every warning that is due; returns how many. Several workers may do it: each warning leaves once.

    Without `mail` only the service's page warns.
    """
    if not mail:
        return 0
    with database.read() as reading:
        near = ClientDeadlines(reading).near(now)
    warned = 0
    for one in near:
        days = warning_due(one, now)
        client = clients.find(one.client_id) if days is not None else None
        if days is None or client is None or not client.enabled:
            continue
        if one.kind is Kind.SECRET and client.former_until != one.ends_at:
            continue  # that secret was ended, or replaced, another way
        with database.begin() as step:
            if ClientDeadlines(step).warned(one, days):
                told = mail_addresses(client.contacts)
                for address in told:
                    _queue(step, outbox, one, address, f"{issuer}/workbench/clients/{one.client_id}", now)
                detail = {"kind": one.kind.value, "label": one.label, "days": days, "told": len(told)}
                step.record(AuditRow(Event.CLIENT_WARNED, now, client=one.client_id, detail=detail))
                warned += 1
    return warned


def _queue(step: Transaction, outbox: Sealer, one: Deadline, address: str, link: str, now: int) -> None:
    notice = MailNotice(MailKind.ENDS_SOON, address, LANGUAGE, one.ends_at, link)
    queue(step, outbox, KIND, to_payload(notice), now=now, good_for=MAIL_SECONDS)
