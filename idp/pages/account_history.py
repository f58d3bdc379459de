"""What happened to a person's mobile ID, in words: chosen from the audit rows that name them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from idp.audit.catalogue import Event
from idp.missions.cases import Outcome
from idp.missions.evidence import Kind
from idp.pages.missions import mission_name
from idp.pages.rendering import page_language, say
from idp.pages.times import readable_time
from idp.protocol.device_flow import DeviceKind
from idp.provider import Provider
from idp.storage.account import Happened
from idp.telephony.numbers import country_name

SIGN_IN_SECONDS = 1800  # a sign-in is over by then
KINDS = frozenset(kind.value for kind in DeviceKind)
WAYS = frozenset(kind.value for kind in Kind)
OUTCOMES = frozenset(outcome.value for outcome in Outcome)
WITH_REASON = frozenset({Event.CREDENTIAL_CHANGED.tag, Event.PERSON_CHANGED.tag, Event.PERSON_LOOKED_UP.tag})
MOVED = frozenset({"active", "replaced"})
OFFICIAL = frozenset({"operator", "staff", "officer"})
"""Sources of acts that somebody in office did: every one is shown, whether it has words of its own or not."""

EVENTS = {
    Event.SESSION_STARTED.tag: "account_event.signed_in",
    Event.PASSKEY_VERIFIED.tag: "account_event.passkey_only",
    Event.PASSKEY_CLONE_SUSPECTED.tag: "account_event.passkey_copied",
    Event.CODE_REFUSED.tag: "account_event.code_refused",
    Event.SESSION_ENDED.tag: "account_event.signed_out",
    Event.SESSION_STOPPED.tag: "account_event.session_stopped",
    Event.SIGN_IN_CANCELLED.tag: "account_event.cancelled",
    Event.CONSENT_GIVEN.tag: "account_event.consent_given",
    Event.CONSENT_DECLINED.tag: "account_event.consent_declined",
    Event.CONSENT_WITHDRAWN.tag: "account_event.consent_withdrawn",
    Event.CODE_ISSUED.tag: "account_event.visited",
    Event.DEVICE_APPROVED.tag: "account_event.device_approved",
    Event.DEVICE_DENIED.tag: "account_event.device_denied",
    Event.CREDENTIAL_ISSUED.tag: "account_event.issued",
    Event.CREDENTIAL_CHANGED.tag: "account_event.credential_changed",
    Event.PERSON_CHANGED.tag: "account_event.person_changed",
    Event.PASSKEY_REGISTERED.tag: "account_event.passkey_registered",
    Event.PASSKEY_RENAMED.tag: "account_event.passkey_renamed",
    Event.PASSKEY_DISTRUSTED.tag: "account_event.passkey_distrusted",
    Event.PASSKEY_REMOVED.tag: "account_event.passkey_removed",
    Event.CREDENTIAL_STOPPED.tag: "account_event.stopped",
    Event.CREDENTIAL_RESUMED.tag: "account_event.resumed",
    Event.PROOF_REFUSED.tag: "account_event.proof_refused",
    Event.APP_ADDED.tag: "account_event.app_added",
    Event.APP_REMOVED.tag: "account_event.app_removed",
    Event.PRINTED_CODES_MADE.tag: "account_event.printed_made",
    Event.PRINTED_CODE_USED.tag: "account_event.printed_used",
    Event.NUMBER_CHANGED.tag: "account_event.number_changed",
    Event.FEEDBACK_GIVEN.tag: "account_event.feedback",
    Event.ADDRESS_CHANGED.tag: "account_event.address_changed",
    Event.ADDRESS_CONFIRMED.tag: "account_event.address_confirmed",
    Event.PERSON_LOOKED_UP.tag: "account_event.looked_up",
    Event.CASE_STARTED.tag: "account_event.case_begun",
    Event.CASE_BARRED.tag: "account_event.case_barred",
    Event.CASE_APPROVED.tag: "account_event.case_approved",
    Event.CASE_LINKED.tag: "account_event.case_linked",
    Event.CASE_NUMBER_REFUSED.tag: "account_event.case_number",
    Event.CASE_CONFIRMED.tag: "account_event.case_done",
    Event.CASE_ENDED.tag: "account_event.case_ended",
    Event.CREDENTIAL_MOVED.tag: "account_event.moved",
    Event.APP_ENDED.tag: "account_event.app_ended",
    Event.PERSON_ENDED.tag: "account_event.ended",
    Event.PERSON_ENDED_AT_REGISTRY.tag: "account_event.ended_at_registry",
    Event.CREDENTIAL_EXPIRED.tag: "account_event.expired",
    Event.CREDENTIAL_REMINDED.tag: "account_event.reminded",
    Event.PHONE_SHARED.tag: "account_event.phone_shared",
    Event.LANGUAGE_CHOSEN.tag: "account_event.language",
    Event.DATA_TAKEN.tag: "account_event.data_taken",
    Event.ACCOUNT_CLOSED.tag: "account_event.closed",
}
SIGN_INS = frozenset(
    {Event.SESSION_STARTED.tag, Event.PASSKEY_VERIFIED.tag, Event.CODE_REFUSED.tag, Event.DEVICE_APPROVED.tag}
)
"""What somebody else could have done with a stolen key: beside these stands the way to stop everything."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history."""

    id: UUID
    at: str
    what: str
    notes: tuple[str, ...]  # service, device, country, reason
    official: bool
    doubtful: bool


def entries(wired: Provider, happened: Sequence[Happened]) -> list[Entry]:
    """The lines of a history, newest first."""
    return [_entry(wired, one) for one in told(happened)]


def told(happened: Sequence[Happened]) -> list[Happened]:
    """The rows worth a line: a passkey check that led to a sign-in is not told beside it."""
    completed = [(one.client, one.at) for one in happened if one.event == Event.SESSION_STARTED.tag]
    return [one for one in happened if _is_told(one) and not _was_completed(one, completed)]


def _is_told(one: Happened) -> bool:
    return one.event in EVENTS or is_official(one)


def is_official(one: Happened) -> bool:
    """Whether somebody in office did it."""
    return one.event.partition(":")[0] in OFFICIAL


def _was_completed(one: Happened, completed: Iterable[tuple[str | None, int]]) -> bool:
    if one.event != Event.PASSKEY_VERIFIED.tag:
        return False
    return any(client == one.client and 0 <= at - one.at <= SIGN_IN_SECONDS for client, at in completed)


def _entry(wired: Provider, one: Happened) -> Entry:
    return Entry(
        id=one.id,
        at=readable_time(one.at),
        what=_what(one),
        notes=tuple(_notes(wired, one)),
        official=is_official(one),
        doubtful=one.event in SIGN_INS,
    )


def _what(one: Happened) -> str:
    """The sentence of an act; what an office did says what came of it."""
    detail, key = one.detail, EVENTS.get(one.event, "account_event.official")
    if one.event == Event.CREDENTIAL_MOVED.tag and detail.get("to") in MOVED:
        return say(f"account_event.moved_{detail['to']}")
    if one.event == Event.CASE_CONFIRMED.tag and detail.get("kind") in WAYS:
        return say(f"account_event.case_{detail['kind']}")
    kind = say(f"counter.kinds.{detail['kind']}") if detail.get("kind") in WAYS else ""
    outcome = say(str(detail["outcome"])) if detail.get("outcome") in OUTCOMES else ""
    return say(key, kind=kind, outcome=outcome, days=detail.get("days", ""))


def _notes(wired: Provider, one: Happened) -> Iterable[str]:
    if one.client is not None:
        yield service_name(wired, one.client)
    if one.detail.get("mission"):
        yield say("account_event.place", place=mission_name(wired, str(one.detail["mission"])))
    if one.detail.get("on") in KINDS:
        yield say(f"device.kinds.{one.detail['on']}")
    if one.detail.get("code_sent"):
        yield say("account_event.code_sent", country=country_name(str(one.detail["code_sent"]), page_language()))
    if one.event in WITH_REASON and one.detail.get("why"):
        yield say("account_event.why", why=str(one.detail["why"]))


def service_name(wired: Provider, client_id: str) -> str:
    """How a page calls a service that may be gone by now."""
    if client_id.endswith(":"):  # no registered id does: it was these very pages
        return say("account.name")
    client = wired.clients.find(client_id)
    return client.name(page_language()) if client is not None else client_id
