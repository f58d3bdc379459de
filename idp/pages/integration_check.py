"""The integration check: the last requests of a sandbox client, with what was wrong and how to mend it.

An engineer of the client switches it on for an hour; only then is anything noted, only of sandbox clients, and of each
only the newest. So a live client costs one comparison, and an anonymous visitor causes no write (design law 1), but
where an engineer, for their own test client and for an hour, has asked for the requests that fail before anybody is
known: a wrong secret is the commonest fault of all. How many are noted is limited (MOST_NOTED for each worker).

What is noted is the place, the answer's status, the registered error and its line for the log: never a parameter, a
token, a secret or a person.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from flask import Response
from werkzeug.datastructures import Authorization

from idp.current_request import current_request
from idp.pages.rendering import provider
from idp.protocol.client import Client
from idp.provider import Provider
from idp.storage.checked_requests import Checked, CheckedRequests

log = logging.getLogger(__name__)

LONGEST_WHY = 200


@dataclass(slots=True)
class Noted:
    """What this request has shown so far."""

    client: Client
    error: str | None = None
    why: str | None = None


def is_checked(wired: Provider, client: Client | None) -> bool:
    """Whether this client's requests are being noted."""
    return client is not None and bool(client.checked_until) and wired.clock() < (client.checked_until or 0)


def note_client(client: Client | None) -> None:
    """This request is of this client, as far as it says."""
    if client is not None and is_checked(provider(), client):
        current_request().noted = Noted(client)


def named_client(wired: Provider, authorization: str | None, form: Mapping[str, str]) -> Client | None:
    """The client that a request names, before it has proven to be that client."""
    given = Authorization.from_header(authorization)
    named = given.username if given is not None and given.type == "basic" else form.get("client_id")
    return wired.clients.find(named) if named else None


def note_error(error: str, why: str) -> None:
    """What was wrong with it; the first that is said counts."""
    noted: Noted | None = current_request().noted
    if noted is not None and noted.error is None:
        noted.error, noted.why = error, why[:LONGEST_WHY]


def keep_note(wired: Provider, response: Response) -> Response:
    """After the answer: keep what was noted, if the check is on."""
    asked = current_request()
    noted: Noted | None = asked.noted
    if noted is None or noted.client.environment != "sandbox":
        return response
    now, client_id = wired.clock(), noted.client.id
    if not wired.check_notes.spend(client_id.encode(), now):
        return response
    rule = asked.url_rule.rule if asked.url_rule else "none"
    try:
        with wired.database.begin() as step:
            CheckedRequests(step, client_id).note(Checked(now, rule, response.status_code, noted.error, noted.why))
    except Exception as error:  # noqa: BLE001 (the answer is made: a note that cannot be kept must not undo it)
        log.warning("request not noted", extra={"kind": type(error).__name__})
    return response
