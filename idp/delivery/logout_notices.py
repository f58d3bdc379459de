"""Delivering an item of kind `logout_notice`: a service hears that a session has ended, with a logout token.

OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8. What is stored names the service, the person and the
session; the token is made when it leaves. The id of the item is the token's `jti`: one event, one `jti`,
however often it is tried.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol
from uuid import UUID

from idp.delivery.outbox import Deliver, NotDelivered, OutboxItem, Undeliverable
from idp.protocol.client import Client
from idp.protocol.logout_token import SessionEnd, logout_token_claims

KIND: Final = "logout_notice"
NOTICE_SECONDS: Final = 86_400  # a service that is down comes back within a day, or its sessions have ended
DONE: Final = frozenset({200, 204})  # §2.8
REFUSED: Final = 400  # §2.8: the service understood, and cannot; asking again changes nothing
FIRST_WAIT_SECONDS: Final = 10
WAIT_FACTOR_LOG2: Final = 2  # each wait is four times the one before
LONGEST_WAIT_SECONDS: Final = 3_600
"""10 s, 40 s, 3 min, 11 min, 43 min, then hourly: fewer than outbox.MAX_ATTEMPTS in a day."""


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """What the outbox keeps, sealed."""

    client: str
    person: str
    session: str


class PostForm(Protocol):
    """The guarded client for calls to relying services. It follows no redirect and always ends soon."""

    def __call__(self, url: str, fields: Mapping[str, str], /) -> int:
        """The status of the answer. Raises CallFailed."""
        ...


class CallFailed(Exception):
    """No usable answer in time, or an address that may not be called. The text is short, without personal data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMint:
    """What it takes to make a logout token: who we are, how to sign, how each client sees person and session."""

    issuer: str
    sign: Callable[[str, Mapping[str, Any]], str]  # (alg, claims) -> compact JWT of type logout+jwt
    subject: Callable[[Client, UUID], str]
    session: Callable[[Client, UUID], str]


def to_payload(notice: LogoutNotice) -> bytes:
    """The payload to seal into the outbox row."""
    return json.dumps(asdict(notice), separators=(",", ":")).encode()


def read_payload(payload: bytes) -> LogoutNotice:
    """The notice in an opened payload. Raises Undeliverable."""
    try:
        notice = LogoutNotice(**json.loads(payload))
        UUID(notice.person), UUID(notice.session)
    except (ValueError, TypeError, AttributeError):
        raise Undeliverable("payload is not a logout notice") from None
    return notice


def deliver_logout_notices(
    find_client: Callable[[str], Client | None], mint: NoticeMint, post: PostForm, clock: Callable[[], int]
) -> Deliver:
    """The function that delivers this kind with `post`."""

    def deliver(item: OutboxItem, payload: bytes) -> None:
        notice = read_payload(payload)
        client = find_client(notice.client)
        if client is None or not client.enabled or client.backchannel_logout_uri is None:
            raise Undeliverable("the service no longer takes logout tokens")
        token = _token(item, notice, client, mint, clock())
        _judge(item, _post(item, post, client.backchannel_logout_uri, token))

    return deliver


def _token(item: OutboxItem, notice: LogoutNotice, client: Client, mint: NoticeMint, now: int) -> str:
    """Signed as this client's ID tokens are (§2.4)."""
    ended = SessionEnd(
        event_id=str(item.id),
        client_id=client.id,
        subject=mint.subject(client, UUID(notice.person)),
        session=mint.session(client, UUID(notice.session)),
    )
    return mint.sign(client.id_token_signed_response_alg, logout_token_claims(ended, issuer=mint.issuer, now=now))


def _post(item: OutboxItem, post: PostForm, url: str, token: str) -> int:
    try:
        return post(url, {"logout_token": token})
    except CallFailed as failure:
        raise NotDelivered(str(failure), wait=_wait(item)) from None


def _judge(item: OutboxItem, status: int) -> None:
    if status in DONE:
        return
    if status == REFUSED:
        raise Undeliverable("the service refused the logout token")
    raise NotDelivered(f"answered with status {status}", wait=_wait(item))


def _wait(item: OutboxItem) -> int:
    doubled = FIRST_WAIT_SECONDS << min(WAIT_FACTOR_LOG2 * (item.attempts - 1), 20)
    wait = min(doubled, LONGEST_WAIT_SECONDS)
    # Up to a quarter more, by the random tail of the id: services that failed together are not called together.
    return wait + wait * (item.id.int & 0xFF) // 1024
