"""The `claims` request parameter: which single claims a client asks for (OpenID Connect Core 1.0 §5.5)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.protocol.errors import InvalidRequest
from idp.protocol.json_parameter import MalformedJson, read_json, write_json

MAX_CLAIMS = 100
MAX_VALUES = 50
MALFORMED = "The claims parameter is malformed."


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """How one claim is asked for (OpenID Connect Core 1.0 §5.5.1)."""

    essential: bool = False
    values: tuple[Any, ...] = ()  # empty: any value


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """Claims asked for at UserInfo and in the ID token."""

    userinfo: Mapping[str, ClaimRequest] = field(default_factory=dict)
    id_token: Mapping[str, ClaimRequest] = field(default_factory=dict)


NO_CLAIMS = ClaimsRequest()


def parse_claims(text: str | None) -> ClaimsRequest:
    """The parameter's meaning. Raises InvalidRequest for anything but the shapes of §5.5."""
    if text is None:
        return NO_CLAIMS
    try:
        document = read_json(text)
    except MalformedJson:
        raise InvalidRequest("claims is not JSON", public=MALFORMED) from None
    if not isinstance(document, dict):
        raise InvalidRequest("claims is not an object", public=MALFORMED)
    # §5.5: members that are not understood are ignored.
    return ClaimsRequest(userinfo=_members(document.get("userinfo")), id_token=_members(document.get("id_token")))


def meaning(text: str | None, subject: str) -> str:
    """The checked parameter, asking for `subject` unless it names somebody already (§5.5.1)."""
    document = read_json(text) if text is not None else {}
    id_token = document.get("id_token") or {}
    wanted = parse_claims(text).id_token.get("sub")
    if wanted is not None and wanted.values:
        return write_json(document)
    document["id_token"] = {**id_token, "sub": {"value": subject}}
    return write_json(document)


def _members(part: Any) -> Mapping[str, ClaimRequest]:
    if part is None:
        return {}
    if not isinstance(part, dict) or len(part) > MAX_CLAIMS:
        raise InvalidRequest("claims member is no object or too large", public=MALFORMED)
    return {name: _one(wanted) for name, wanted in part.items()}


def _one(wanted: Any) -> ClaimRequest:
    if wanted is None:
        return ClaimRequest()
    if not isinstance(wanted, dict) or not isinstance(wanted.get("essential", False), bool):
        raise InvalidRequest("an individual claim request has the wrong shape", public=MALFORMED)
    values = wanted.get("values", [])
    if not isinstance(values, list) or len(values) > MAX_VALUES:
        raise InvalidRequest("values is no list or too long", public=MALFORMED)
    if "value" in wanted:
        values = [wanted["value"]]
    return ClaimRequest(essential=wanted.get("essential", False), values=tuple(values))
