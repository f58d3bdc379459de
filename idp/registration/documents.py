"""Documents that a service publishes and its registration points to: fetched, and held against the metadata.

OpenID Connect Core 1.0 §8.1 and Registration 1.0 §5 (sector identifier), RFC 7591 §2 (jwks_uri). The pure rules
have passed before, so that nothing is fetched for a registration that would be refused anyway.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from idp.keys.jose import SIGNING_ALGS
from idp.registration.client_keys import fetched_key_set, usable_algorithms
from idp.registration.combinations import PRIVATE_KEY_JWT
from idp.registration.errors import BrokenRule, RefusedMetadata
from idp.registration.outbound import OutboundFailed, OutboundRefused
from idp.registration.redirect_uris import MOST_URIS

MOST_SECTOR_ENTRIES = 50 * MOST_URIS  # several services may share a sector


class Fetcher(Protocol):
    """What gets the documents: `outbound.Outbound`, or a test's."""

    def get_json(self, url: str) -> Any:
        """The JSON document at `url`. Raises OutboundRefused, OutboundFailed."""


def confirm_documents(metadata: Mapping[str, Any], fetcher: Fetcher) -> None:
    """Raise RefusedMetadata unless every document that the metadata points to says what it must."""
    problems = list(_problems(metadata, fetcher))
    if problems:
        raise RefusedMetadata(problems)


def _problems(metadata: Mapping[str, Any], fetcher: Fetcher) -> Iterator[str]:
    for name, check in (("sector_identifier_uri", _check_sector), ("jwks_uri", _check_keys)):
        if name not in metadata:
            continue
        try:
            check(fetcher.get_json(metadata[name]), metadata)
        except (BrokenRule, OutboundRefused, OutboundFailed) as problem:
            yield f"{name}: {problem}"


def _check_sector(document: Any, metadata: Mapping[str, Any]) -> None:
    """A JSON array of redirection URIs that contains all registered ones (Registration 1.0 §5; abuse case G-06)."""
    if not isinstance(document, list) or len(document) > MOST_SECTOR_ENTRIES:
        raise BrokenRule(f"must be a JSON array of at most {MOST_SECTOR_ENTRIES} redirection URIs")
    if not all(isinstance(entry, str) for entry in document):
        raise BrokenRule("must list texts only")
    if not set(metadata["redirect_uris"]) <= set(document):
        raise BrokenRule("must list every one of redirect_uris")


def _check_keys(document: Any, metadata: Mapping[str, Any]) -> None:
    """Keys to verify with, when the service will sign (OpenID Connect Core 1.0 §9)."""
    algorithms = usable_algorithms(fetched_key_set(document))
    if metadata["token_endpoint_auth_method"] != PRIVATE_KEY_JWT:
        return
    wanted = metadata.get("token_endpoint_auth_signing_alg")
    if not algorithms & ({wanted} if wanted else set(SIGNING_ALGS)):
        raise BrokenRule(f"must have a key for {wanted or ' or '.join(SIGNING_ALGS)}, for private_key_jwt")
