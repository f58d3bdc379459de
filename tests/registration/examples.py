"""Metadata, keys and a desk that the tests of this room share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.claims.scopes import SCOPES
from idp.protocol.errors import OAuthError
from idp.registration.changes import Change, ClientStore
from idp.registration.errors import RefusedMetadata
from idp.registration.fields import Offer
from idp.registration.metadata import check_metadata
from idp.registration.outbound import OutboundFailed
from idp.registration.registration import Registration

NOW = 1_790_000_000
LEVELS = tuple(f"urn:kr:overseas-id:acr:{level}" for level in (1, 2, 3))
PRODUCTION = Offer(development=False, scopes=tuple(SCOPES), acr_values=LEVELS)
DEVELOPMENT = Offer(development=True, scopes=tuple(SCOPES), acr_values=LEVELS)

GOV24 = {
    "client_name": "Government 24",
    "client_name#ko": "정부24",
    "redirect_uris": ["https://gov24.example/callback"],
    "post_logout_redirect_uris": ["https://gov24.example/signed-out"],
    "scope": "openid profile phone",
}

PRIVATE_EC = ECKey.generate_key("P-256", {"kid": "ec"}).as_dict(private=True)
EC = ECKey.import_key(PRIVATE_EC).as_dict(private=False)
EC_384 = ECKey.generate_key("P-384", {"kid": "p384"}, private=False).as_dict(private=False)
EC_521 = ECKey.generate_key("P-521", {"kid": "p521"}, private=False).as_dict(private=False)
RSA = RSAKey.generate_key(2048, {"kid": "rsa"}, private=False).as_dict(private=False)
ED25519 = OKPKey.generate_key("Ed25519", {"kid": "ed"}, private=False).as_dict(private=False)


def with_keys(*keys: Any, **more: Any) -> dict[str, Any]:
    """GOV24 as a private_key_jwt client with these keys."""
    return GOV24 | {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": list(keys)}} | more


def without(metadata: dict[str, Any], *names: str) -> dict[str, Any]:
    """A copy that lacks `names`."""
    return {name: value for name, value in metadata.items() if name not in names}


def outcome_of(given: Any) -> dict[str, Any] | OAuthError:
    """The effective metadata in production, or the refusal."""
    try:
        return check_metadata(given, PRODUCTION)
    except OAuthError as refusal:
        return refusal


def counting_bytes() -> Any:
    """Random bytes that are different at every call and the same in every run."""
    numbers: Iterator[int] = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


@dataclass
class FakeOutbound:
    """Documents by address, or the error that fetching them raises; and what was fetched."""

    documents: dict[str, Any]
    fetched: list[str] = field(default_factory=list)

    def get_json(self, url: str) -> Any:
        self.fetched.append(url)
        found = self.documents.get(url, OutboundFailed("answered with status 404"))
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class FakeDesk:
    """A Desk over any store, at a clock that the test sets."""

    clients: ClientStore
    offer: Offer = DEVELOPMENT
    outbound: Any = field(default_factory=lambda: FakeOutbound({}))
    invitations: Any = None
    issuer: str = "http://localhost:9000"
    now: int = NOW
    random_bytes: Any = field(default_factory=counting_bytes)

    def clock(self) -> int:
        return self.now


@dataclass
class MemoryStore:
    """A ClientStore in memory, which also keeps what it was asked to store."""

    kept: dict[str, Registration] = field(default_factory=dict)
    saved: list[Change] = field(default_factory=list)

    def get(self, client_id: str) -> Registration | None:
        return self.kept.get(client_id)

    def list(self) -> list[Registration]:
        return [self.kept[name] for name in sorted(self.kept)]

    def refuse_unanswered(self, metadata: Any) -> None:
        """Nobody is on the staff here."""
        if "administers_for" in metadata:
            raise RefusedMetadata(["administers_for: names nobody"])

    def save(self, changes: Any) -> None:
        for change in changes:
            self.saved.append(change)
            if change.before is not None:
                del self.kept[change.before.client_id]
            if change.after is not None:
                self.kept[change.after.client_id] = change.after

    @property
    def tags(self) -> Any:
        return [change.audit.event.tag for change in self.saved]
