"""A registration as a form: the fields that people edit, what the form shows of them, and the document it makes.

The document takes the way of every other: the whole effective metadata is checked (idp/registration). A field that the
form does not have stays as it is registered, and is edited as JSON.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from idp.protocol.client import AUTH_METHODS, PROFILES
from idp.registration.errors import RefusedMetadata
from idp.registration.fields import FIELDS, GRANT_TYPES, SUBJECT_TYPES
from idp.registration.waivers import WAIVERS

Shape = Literal["line", "lines", "choice", "several", "flag", "json"]
SCOPE, GROUND, OPTIONAL = "scope.", "ground.", "optional."
"""How the names of the fields of scope values begin: granted, on what ground, and whether people may leave it out."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the provider offers to choose from."""

    scopes: Sequence[str]
    acr_values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Input:
    """One field of the form."""

    name: str  # of the metadata
    shape: Shape
    choices: Sequence[str] = ()
    waives: bool = False  # a protection: shown in red


def groups(choices: Choices) -> Sequence[tuple[str, Sequence[Input]]]:
    """The fields by what they are about; the group of scopes and grounds is drawn by itself."""
    return (
        (
            "who",
            (
                Input("client_name", "line"),
                Input("client_name#ko", "line"),
                Input("client_name#en", "line"),
                Input("contacts", "lines"),
                Input("client_uri", "line"),
                Input("policy_uri", "line"),
                Input("tos_uri", "line"),
            ),
        ),
        (
            "where",
            (
                Input("redirect_uris", "lines"),
                Input("post_logout_redirect_uris", "lines"),
                Input("backchannel_logout_uri", "line"),
                Input("frontchannel_logout_uri", "line"),
                Input("initiate_login_uri", "line"),
            ),
        ),
        (
            "how",
            (
                Input("token_endpoint_auth_method", "choice", tuple(AUTH_METHODS)),
                Input("jwks_uri", "line"),
                Input("jwks", "json"),
                Input("grant_types", "several", GRANT_TYPES),
                Input("profile", "choice", tuple(PROFILES)),
                Input("minimum_acr", "choice", tuple(choices.acr_values)),
                Input("consent", "choice", ("remembered", "always")),
                Input("dpop_bound_access_tokens", "flag"),
                Input("require_pushed_authorization_requests", "flag"),
            ),
        ),
        (
            "subject",
            (
                Input("subject_type", "choice", SUBJECT_TYPES),
                Input("sector", "line"),
                Input("sector_identifier_uri", "line"),
            ),
        ),
        (
            "waivers",
            (
                Input("pkce_required", "flag", waives=True),
                *(Input(name, "line", waives=True) for name in WAIVERS if name != "pkce_required"),
            ),
        ),
        ("machine", (Input("machine_scope", "line"), Input("administers_for", "line"))),
    )


def _inputs(choices: Choices) -> list[Input]:
    return [one for _, inputs in groups(choices) for one in inputs]


def fill(document: Mapping[str, Any], choices: Choices) -> dict[str, str]:
    """What the form shows of a document; what it leaves out has its default."""
    document = {one.name: FIELDS[one.name].default for one in _inputs(choices) if one.name in FIELDS} | dict(document)
    shown = {one.name: _shown(one, document[one.name]) for one in _inputs(choices) if one.name in document}
    shown |= fill_scopes(document, choices.scopes)
    for one in _inputs(choices):
        if one.shape == "several":
            given = document[one.name] or ()
            shown |= {f"{one.name}.{choice}": "yes" if choice in given else "" for choice in one.choices}
    return shown


def fill_scopes(document: Mapping[str, Any], offered: Sequence[str]) -> dict[str, str]:
    """What the fields of scope values show of a document."""
    scopes, optional = document.get("scope", "").split(), document.get("optional_scope", "").split()
    grounds = document.get("legal_grounds", {})
    shown: dict[str, str] = {}
    for scope in offered:
        shown[SCOPE + scope] = "yes" if scope in scopes else ""
        shown[OPTIONAL + scope] = "yes" if scope in optional else ""
        shown[GROUND + scope] = grounds.get(scope, "")
    return shown


def _shown(one: Input, value: Any) -> str:
    if value is None or one.shape == "several":
        return ""
    if one.shape == "lines":
        return "\n".join(value)
    if one.shape == "flag":
        return "yes" if value else ""
    return json.dumps(value, ensure_ascii=False, indent=2) if one.shape == "json" else str(value)


def read(form: Mapping[str, str], registered: Mapping[str, Any], choices: Choices) -> dict[str, Any]:
    """The document that the form makes over what is registered. Raises RefusedMetadata for a broken JSON field."""
    document = dict(registered)
    for one in _inputs(choices):
        value = _typed(one, form)
        if value is None:
            document.pop(one.name, None)
        else:
            document[one.name] = value
    if "authorization_code" in document.get("grant_types", ["authorization_code"]):
        document.pop("response_types", None)
        document |= read_scopes(form, registered, choices.scopes)
    else:
        for name in ("scope", "optional_scope", "legal_grounds", "response_types", "redirect_uris"):
            document.pop(name, None)
    if "client_credentials" not in document.get("grant_types", []):
        document.pop("machine_scope", None)
    if not document.get("legal_grounds"):
        document.pop("legal_grounds", None)
    return document


def _typed(one: Input, form: Mapping[str, str]) -> Any:
    text = form.get(one.name, "").strip()
    if one.shape == "several":
        return [choice for choice in one.choices if f"{one.name}.{choice}" in form]
    if one.shape == "flag":
        return one.name in form
    if one.shape == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if one.shape == "json" and text:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise RefusedMetadata([f"{one.name}: is not JSON"]) from None
    return text or None


def read_scopes(form: Mapping[str, str], registered: Mapping[str, Any], offered: Sequence[str]) -> dict[str, Any]:
    """Granted scope values in the order of the offer, and their grounds; grounds of single claims stay."""
    granted = [scope for scope in offered if scope == "openid" or SCOPE + scope in form]
    grounds = {
        name: ground
        for name, ground in registered.get("legal_grounds", {}).items()
        if name not in offered  # of a single claim
    }
    grounds |= {scope: ground for scope in granted if (ground := form.get(GROUND + scope, "").strip())}
    optional = [scope for scope in granted if OPTIONAL + scope in form]
    return {"scope": " ".join(granted), "optional_scope": " ".join(optional), "legal_grounds": grounds}
