"""A person's claims: what UserInfo answers, and what the consent page shows before it (they must agree).

OpenID Connect Core 1.0 §5.1 (claims), §5.2 (languages and scripts, BCP 47 tags), §5.3.2 (claims without a
value are left out, never null or empty).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from idp.claims.scopes import claims_of, scope_of
from idp.people.record import Name, Record
from idp.protocol.claims_request import ClaimRequest


def person_claims(record: Record, phone: str | None) -> dict[str, Any]:
    """Every claim the provider has of a person; `phone` is the verified number in E.164."""
    claims: dict[str, Any] = {
        # Untagged names are in Latin script, as the passport has them: services abroad and old clients read these.
        **_name(record.latin, ""),
        **_name(record.korean, "#ko-Hang"),
        **_name(record.latin, "#en"),
        "middle_name": record.middle_name,
        "nickname": record.nickname,
        "preferred_username": record.preferred_username,
        "profile": record.profile,
        "picture": record.picture,
        "website": record.website,
        "gender": record.gender,
        "birthdate": record.birthdate,
        "zoneinfo": record.zoneinfo,
        "locale": record.locale,
        "updated_at": record.updated_at or None,
        "email": record.email,
        "email_verified": record.email_verified if record.email else None,
        "phone_number": phone,
        "phone_number_verified": True if phone else None,
        "address": dict(record.address) if record.address else None,
        "overseas_registration": {
            "status": record.registration.status,
            "as_of": record.registration.as_of,
            "mission": record.registration.mission,
            "enrolment_mission": record.mission,
            "residence_country": record.residence,
        },
    }
    return {name: value for name, value in claims.items() if value is not None}


def released(
    claims: Mapping[str, Any],
    scopes: Iterable[str],
    wanted: Mapping[str, ClaimRequest],
    consented: Iterable[str],
) -> dict[str, Any]:
    """The claims that go out: those of the granted scopes, and single ones whose scope the person agreed to.

    A single claim asked for with values is left out when ours is another (§5.5.1): never an error, no oracle.
    """
    agreed = frozenset(consented)
    names = claims_of(scopes) + tuple(name for name in wanted if scope_of(name) in agreed)
    out = {name: claims[name] for name in dict.fromkeys(names) if name in claims}
    return {n: v for n, v in out.items() if not (n in wanted and wanted[n].values and v not in wanted[n].values)}


def _name(name: Name, tag: str) -> dict[str, str]:
    given = {f"given_name{tag}": name.given} if name.given else {}  # §5.3.2: what there is not is left out
    return {f"name{tag}": name.full, **given, f"family_name{tag}": name.family}
