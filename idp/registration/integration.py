"""What an engineer copies: configurations of common software, filled with the values of one service.

The texts lie in templates/developers/examples, one for each name in `EXAMPLES`. Values are put into code, so only
such are taken as cannot end a string there: a link to the guide could otherwise carry code for somebody to paste.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from idp.registration.register import CLIENT_ID
from idp.settings import ROOT

FOLDER = ROOT / "templates/developers/examples"
EXAMPLES: Mapping[str, str] = {
    "authlib-flask": "Flask (Authlib)",
    "django": "Django (Authlib)",
    "spring-security": "Spring Security",
    "openid-client": "Node.js (openid-client)",
    "aspnet-core": "ASP.NET Core",
    "php": "PHP",
    "mod-auth-openidc": "Apache (mod_auth_openidc)",
    "keycloak": "Keycloak",
    "oauth2-proxy": "oauth2-proxy",
}
"""Name to what engineers call it, in the order in which the guide offers them."""


@dataclass(frozen=True, slots=True)
class PkceHabit:
    """How some software comes to send PKCE (RFC 7636), which every request needs here."""

    software: str
    setting: str | None  # empty: it does so by itself; None: it cannot
    instead: str = ""  # what to use in its place


PKCE_HABITS = (
    PkceHabit("Authlib (Flask, Django)", 'client_kwargs={"code_challenge_method": "S256"}'),
    PkceHabit("mozilla-django-oidc 4+", "OIDC_USE_PKCE = True"),
    PkceHabit("Spring Security 5.7, 6", "withPkce()"),
    PkceHabit("Spring Security 7+", ""),
    PkceHabit("ASP.NET Core 3.0+", ""),
    PkceHabit("openid-client 6", "code_challenge, code_challenge_method, pkceCodeVerifier"),
    PkceHabit("openid-client/passport 6", ""),
    PkceHabit("passport-oauth2 1.8", "pkce: true, state: true"),
    PkceHabit("passport-openidconnect 0.1", None, "openid-client/passport"),
    PkceHabit("oidc-client-ts", ""),
    PkceHabit("jumbojett/openid-connect-php", "setCodeChallengeMethod('S256')"),
    PkceHabit("mod_auth_openidc 2.4", "OIDCPKCEMethod S256"),
    PkceHabit("Keycloak", '"pkceEnabled": "true", "pkceMethod": "S256"'),
    PkceHabit("oauth2-proxy 7.3+", 'code_challenge_method = "S256"'),
)
"""Common software, told where its makers say so or where it was run against this provider."""

HARMLESS_URI = re.compile(r"https?://[A-Za-z0-9\[\]._:-]{1,260}(?:/[A-Za-z0-9._~/-]{0,500})?")
ANY_CLIENT, ANY_URI = "client-id", "https://service.example/sign-in/callback"
DEFAULT_SCOPE = "openid profile"
DEFAULT_PORT = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What differs from service to service."""

    issuer: str
    client_id: str
    redirect_uri: str
    scope: str
    levels: tuple[str, ...]  # that the service accepts, weakest first
    signing_alg: str = "ES256"


def values_of(
    metadata: Mapping[str, object], *, issuer: str, client_id: str, redirect_uri: str, acr_values: Sequence[str]
) -> Values:
    """The values of a registration; `acr_values` are those of the provider, weakest first."""
    minimum = str(metadata.get("minimum_acr", acr_values[0]))
    accepted = acr_values[acr_values.index(minimum) :] if minimum in acr_values else [minimum]
    return Values(
        issuer=issuer,
        client_id=harmless_id(client_id),
        redirect_uri=harmless_uri(redirect_uri),
        scope=str(metadata.get("scope", DEFAULT_SCOPE)),
        levels=tuple(accepted),
        signing_alg=str(metadata.get("id_token_signed_response_alg", "ES256")),
    )


def harmless_id(text: str) -> str:
    """A client id as it was given, or one that stands for any."""
    return text if CLIENT_ID.fullmatch(text) else ANY_CLIENT


def harmless_uri(text: str) -> str:
    """An address as it was given if it is safe within code, or one that stands for any."""
    return text if HARMLESS_URI.fullmatch(text) and urlsplit(text).path not in {"", "/"} else ANY_URI


def configuration(name: str, values: Values, folder: Path = FOLDER) -> str:
    """The configuration of one software. Raises KeyError for a name that is not in EXAMPLES."""
    if name not in EXAMPLES:
        raise KeyError(name)
    return Template((folder / f"{name}.txt").read_text("utf-8")).substitute(_fields(values))


def _fields(values: Values) -> dict[str, str]:
    address = urlsplit(values.redirect_uri)
    secure = address.scheme == "https"
    scopes = values.scope.split()
    return {
        "issuer": values.issuer,
        "client_id": values.client_id,
        "redirect_uri": values.redirect_uri,
        "redirect_path": address.path,
        "protected_path": address.path.rsplit("/", 1)[0] or "/",
        "port": str(address.port or DEFAULT_PORT),
        "scope": " ".join(scopes),
        "scope_list": ", ".join(scopes),
        "levels": ", ".join(f'"{level}"' for level in values.levels),
        "require_levels": "\n  ".join(_required(values.levels)),
        "id_token_alg": values.signing_alg,
        "secure": str(secure),
        "secure_lower": str(secure).lower(),
        "cookie": "; Secure" if secure else "",
        "insecure": "" if values.issuer.startswith("https://") else ", client.allowInsecureRequests",
    }


def _required(levels: Iterable[str]) -> list[str]:
    """One line a level: Apache lets in whom any of them fits."""
    return [f"Require claim acr:{level}" for level in levels]
