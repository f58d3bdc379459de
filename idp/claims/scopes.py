"""Which scope gives which claims (OpenID Connect Core 1.0 §5.4), and our own scope `overseas`."""

from collections.abc import Iterable, Mapping

from idp.protocol.claims_request import ClaimsRequest

NAMES = ("name", "given_name", "family_name")
SCRIPTS = ("ko-Hang", "en")

SCOPES: Mapping[str, tuple[str, ...]] = {
    "openid": (),
    "profile": (
        *NAMES,
        *(f"{name}#{script}" for script in SCRIPTS for name in NAMES),
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
    "overseas": ("overseas_registration",),
    "offline_access": (),  # OpenID Connect Core 1.0 §11: a refresh token
}
"""Every scope the provider knows. What is not listed here cannot be asked for."""

EVENT_CLAIMS = ("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash")


def claims_of(scopes: Iterable[str]) -> tuple[str, ...]:
    """The claims that `scopes` give at UserInfo, in a stable order."""
    return tuple(dict.fromkeys(claim for scope in scopes for claim in SCOPES.get(scope, ())))


def scope_of(claim: str) -> str | None:
    """The scope whose consent covers a claim, or None for a claim we do not have."""
    return next((scope for scope, claims in SCOPES.items() if claim in claims), None)


def scopes_to_ask(scopes: Iterable[str], wanted: ClaimsRequest, allowed: frozenset[str]) -> tuple[str, ...]:
    """The scopes a person is asked to agree to: the requested ones, and those of single claims asked for.

    A single claim is covered by the consent to its scope, and only if the client may have that scope.
    """
    single = (scope_of(claim) for claim in wanted.userinfo)  # the ID token never carries them
    return tuple(dict.fromkeys([*scopes, *(s for s in single if s is not None and s in allowed)]))
