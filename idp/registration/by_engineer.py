"""What a service's own engineers may change: the same rules as for an administrator's file, and less policy.

In the sandbox a change holds at once, because only test citizens are concerned. Of a live service it becomes a proposal
that a second person decides (proposals.py); only its keys and its secret are the engineers' own to rotate.
"""

from collections.abc import Mapping
from typing import Any

from idp.registration.documents import Fetcher, confirm_documents
from idp.registration.errors import RefusedMetadata
from idp.registration.fields import POLICY, Offer
from idp.registration.metadata import check_metadata
from idp.registration.registration import Metadata, Registration

CHOSEN_BY_ENGINEERS = frozenset(
    {
        "profile",
        "resources",
        "consent",
        "optional_scope",
        "access_token_format",
        "access_token_seconds",
        "dpop_nonce_required",
        "minimum_acr",
        "assertion_audience",
        "legal_grounds",
    }
)
"""Policy that an engineer may try out; everything else of it, waivers above all, is an administrator's."""

KEY_MEMBERS = frozenset({"jwks", "jwks_uri"})


def engineers_metadata(given: Mapping[str, Any], existing: Registration, offer: Offer, fetcher: Fetcher) -> Metadata:
    """The effective metadata of an engineer's change, which replaces the old as a whole. Raises RegistrationRefused."""
    before = existing.metadata
    reserved = {field.name: field.default for field in POLICY if field.name not in CHOSEN_BY_ENGINEERS}
    kept = {name: before[name] for name in reserved if name in before}
    chosen = [name for name, default in reserved.items() if given.get(name, kept.get(name)) != kept.get(name, default)]
    if chosen:
        raise RefusedMetadata([f"{name}: is set by an administrator only" for name in chosen])
    checked = check_metadata({**given, **kept}, offer)
    if checked != before:
        confirm_documents(checked, fetcher)
    return checked


def with_keys(existing: Registration, keys: Mapping[str, Any], offer: Offer, fetcher: Fetcher) -> Metadata:
    """The metadata with other keys and nothing else changed. Raises RegistrationRefused.

    `keys` is `{"jwks": …}` or `{"jwks_uri": …}`: the two exclude each other.
    """
    if keys.keys() - KEY_MEMBERS or len(keys) != 1:
        raise RefusedMetadata(["jwks: give a key set or its address, not both"])
    rest = {name: value for name, value in existing.metadata.items() if name not in KEY_MEMBERS}
    checked = check_metadata({**rest, **keys}, offer)
    confirm_documents(checked, fetcher)
    return checked
