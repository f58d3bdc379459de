"""What every address of the administration API does alike: who calls, pages, versions, errors.

A client that acts for itself (client_credentials), with a token bound to its key or certificate, on behalf of the
member of staff who answers for it. It may do what its scope says and that member may do, whichever is less. Acts are
done by the same verbs as the console's; what takes two people is only asked for here, and decided at a desk.

Errors are problem details (RFC 9457); for a missing or bad token with a challenge (RFC 6750 §3, RFC 9449 §7.1).
"""

import json
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any, TypeVar
from uuid import UUID

from flask import Blueprint, Response, request

from idp.endpoints.call import Call
from idp.endpoints.client_certificate import presented_certificate
from idp.endpoints.proof_of_possession import check_nonce, offer_nonces, read_sender, take_proof
from idp.pages.rendering import provider
from idp.protocol.bearer import presented_token
from idp.protocol.client import Client
from idp.protocol.dpop import PROOF_ALGS
from idp.protocol.errors import InsufficientScope, InvalidDpopProof, InvalidToken, OAuthError, UseDpopNonce
from idp.protocol.sender import Sender, check_holder
from idp.provider import Provider
from idp.registration.changes import Conflict
from idp.registration.errors import BrokenRule, RegistrationRefused
from idp.registration.folders import Unreadable, read_json
from idp.staff.actor import Actor
from idp.staff.appointing import NotAllowed
from idp.staff.member import InvalidAppointment
from idp.staff.pending import NoGround
from idp.staff.roles import Act
from idp.storage.access import find_access
from idp.storage.staff import StaffMembers
from idp.storage.wire import Outdated
from idp.telephony.coverage import CoverageError

log = logging.getLogger(__name__)
T = TypeVar("T")
MOST_ITEMS, USUAL_ITEMS = 200, 50
PROBLEM = "application/problem+json"
TITLES = {
    400: "The request cannot be read",
    401: "No good token",
    403: "Not allowed",
    404: "Not found",
    409: "It was changed in between, or is in no state for this",
    412: "It was changed since you read it",
    415: "The body must be application/json",
    422: "A rule refuses this",
    428: "Name the version that you change: If-Match",
}


class Problem(Exception):
    """An answer that is no success; `problems` are lines for the caller."""

    def __init__(self, status: int, *problems: str) -> None:
        """`status` is of HTTP."""
        super().__init__("; ".join(problems))
        self.status = status
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: on whose behalf, and through which client."""

    actor: Actor
    client: Client


def called(scope: str, act: Act) -> Caller:
    """The caller of this request, who may do this. Raises InvalidToken, InsufficientScope, Problem."""
    wired = provider()
    token = presented_token(request.headers.get("Authorization"), {}, request.args)
    if token is None:
        raise InvalidToken("no token")
    call = Call(wired, request.environ, b"")  # its body is read once it may be
    sender = (
        read_sender(call, token.text) if token.scheme == "DPoP" else Sender(certificate=presented_certificate(call))
    )
    client, scopes = _bearer(wired, token.text, token.scheme, sender)
    if scope not in scopes:
        raise InsufficientScope(f"token without {scope}")
    with wired.database.read() as reading:
        member = StaffMembers(reading).find(UUID(client.extras["administers_for"]))
    if member is None or member.mission is not None or not member.may(act):
        raise Problem(403, f"The member of staff who answers for this client may not {act.value}.")
    if sender.proof is not None:
        with wired.database.begin() as step:
            take_proof(step, sender)
    return Caller(Actor(member, client.id), client)


def _bearer(wired: Provider, text: str, scheme: str, sender: Sender) -> tuple[Client, frozenset[str]]:
    """The administration client behind a token, and what the token may do now. Raises InvalidToken."""
    presented = wired.read_token(text)
    with wired.database.read() as reading:
        access = find_access(reading, presented, wired.clock()) if presented else None
    client = wired.clients.find(access.grant.client_id) if access else None
    if access is None or client is None or not client.enabled or access.grant.person_id is not None:
        raise InvalidToken("token is not good now, or of a person")
    if access.binding is None:  # a token that can be copied administers nothing
        raise InvalidToken("token is bound to nothing")
    check_holder(access.binding, sender, scheme=scheme)
    check_nonce(wired, sender.proof, client)
    if access.audience and f"{wired.issuer}/admin/v1" not in access.audience:
        raise InvalidToken("token is meant for another resource")
    if "administers_for" not in client.extras:
        raise InvalidToken("client administers nothing")
    return client, client.machine_scopes.intersection(access.scopes)


# Bodies.


def read_body(*allowed: str) -> dict[str, Any]:
    """The JSON object of this request, with no member but these. Raises Problem."""
    if request.mimetype != "application/json":
        raise Problem(415)
    try:
        body = read_json(request.get_data().decode("utf-8"))
    except (UnicodeDecodeError, Unreadable):
        raise Problem(400, "The body must be JSON in UTF-8 that names each member once.") from None
    if not isinstance(body, dict):
        raise Problem(400, "The body must be a JSON object.")
    unknown = sorted(set(body) - set(allowed))
    if allowed and unknown:
        raise Problem(400, f"The body may have {', '.join(allowed)} only.")
    return body


def text_of(body: Mapping[str, Any], name: str, longest: int = 1_000) -> str:
    """A text member; empty when it is not there. Raises Problem."""
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise Problem(400, f"{name} must be a text of at most {longest} characters.")
    return value


# Answers.


def answer(body: Any, status: int = 200, location: str | None = None) -> Response:
    """A JSON answer with its version (RFC 9110 §8.8.3)."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    response = Response(content, status, mimetype="application/json")
    if status == 200:
        response.headers["ETag"] = version_of(body)
    if location is not None:
        response.headers["Location"] = location
    return response


def nothing() -> Response:
    """Done, and there is nothing to say."""
    return Response(status=204)


def version_of(body: Any) -> str:
    """The version of what is shown: a digest of it."""
    content = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f'"{sha256(content.encode()).hexdigest()[:32]}"'


def there(found: T | None) -> T:
    """What was looked for. Raises Problem when there is none."""
    if found is None:
        raise Problem(404)
    return found


def as_seen(found: T, show: Callable[[T], Mapping[str, Any]]) -> T:
    """What is there now and the caller changes, who has seen it so (RFC 9110 §13.1.1; RFC 6585 §3). Raises Problem."""
    given = request.headers.get("If-Match")
    if given is None:
        raise Problem(428)
    if given != version_of(show(found)):
        raise Problem(412)
    return found


def item_page(rows: Sequence[T], key: Callable[[T], str], show: Callable[[T], Mapping[str, Any]]) -> Response:
    """A page of rows in the order of their keys, behind the cursor of the request."""
    after, limit = cursor(), page_size()
    rest = sorted((row for row in rows if key(row) > after), key=key)
    onward = key(rest[limit - 1]) if len(rest) > limit else None
    return answer({"items": [show(row) for row in rest[:limit]], "next": make_cursor(onward)})


def page_size() -> int:
    """How many items the caller wants. Raises Problem (abuse case D-12)."""
    text = request.args.get("limit", str(USUAL_ITEMS))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST_ITEMS):
        raise Problem(400, f"limit must be a whole number between 1 and {MOST_ITEMS}.")
    return int(text)


def make_cursor(key: str | None) -> str | None:
    """Where the next page begins: what we said, so that nobody makes one up (abuse case D-12)."""
    if key is None:
        return None
    mark = _cursor_mark(key)
    return urlsafe_b64encode(mark + key.encode()).rstrip(b"=").decode()


def cursor() -> str:
    """The key in the cursor of this request; empty without one. Raises Problem."""
    text = request.args.get("cursor", "")
    if not text:
        return ""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        key = raw[16:].decode()
    except (NotBase64, ValueError):
        raise Problem(400, "cursor must be one of ours.") from None
    if not compare_digest(raw[:16], _cursor_mark(key)):
        raise Problem(400, "cursor must be one of ours.")
    return key


def _cursor_mark(key: str) -> bytes:
    return provider().keyed.form.of("admin-cursor", request.path, key)[:16]


# Errors.


def answer_problems(endpoint: Blueprint) -> None:
    """Every refusal of `endpoint` as problem details, and no answer in a cache."""
    offer_nonces(endpoint)

    @endpoint.errorhandler(Problem)
    def _problem(problem: Problem) -> Response:
        return _refusal(problem.status, list(problem.problems))

    @endpoint.errorhandler(RegistrationRefused)
    def _refused(refused: RegistrationRefused) -> Response:
        return _refusal(422, list(refused.problems))

    @endpoint.errorhandler(OAuthError)
    def _unproven(error: OAuthError) -> Response:
        unproven = isinstance(error, InvalidDpopProof | UseDpopNonce)
        status = 401 if unproven else error.status
        response = _refusal(status, [error.description], error.code)
        if status in {401, 403}:
            sent = f', error="{error.code}"' if "Authorization" in request.headers else ""
            response.headers["WWW-Authenticate"] = f'DPoP realm="administration", algs="{" ".join(PROOF_ALGS)}"{sent}'
        return response

    for kind, status in KINDS.items():
        endpoint.register_error_handler(kind, _handler(status))


KINDS: Mapping[type[Exception], int] = {
    Conflict: 409,
    Outdated: 412,  # changed between the look at If-Match and the change
    BrokenRule: 409,
    NotAllowed: 403,
    InvalidAppointment: 422,
    NoGround: 422,
    CoverageError: 422,
}
"""Refusals of the rooms, and what they are over HTTP."""


def _handler(status: int) -> Callable[[Exception], Response]:
    return lambda error: _refusal(status, [str(error)] if str(error) else [])


def _refusal(status: int, problems: list[str], code: str | None = None) -> Response:
    log.info("refused", extra={"error": code or str(status), "why": "; ".join(problems)[:200], "path": request.path})
    body: dict[str, Any] = {"type": "about:blank", "title": TITLES.get(status, "Refused"), "status": status}
    body |= {"problems": problems} if problems else {}
    body |= {"error": code} if code else {}
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype=PROBLEM)
