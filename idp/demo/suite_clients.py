"""The clients that each plan of the OpenID Foundation's conformance suite wants to find registered.

The suite is a relying service at `{base}/test/a/{alias}/…`. Its OpenID Connect plans send no PKCE, so their
clients carry that waiver by name; everything else is checked as for any other service.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SCOPES = "openid profile email address phone offline_access"
LOGOUT_PLANS = {"logout": None, "frontchannel-logout": "frontchannel", "backchannel-logout": "backchannel"}
"""Plan to the channel by which its client hears of a logout; a call that a plan does not expect would fail it."""
FAPI_PLANS: Mapping[str, Mapping[str, Any]] = {
    "fapi2": {"profile": "fapi2", "dpop_bound_access_tokens": True},
    "fapi2-mtls": {"profile": "fapi2", "tls_client_certificate_bound_access_tokens": True},
    "fapi2-ms": {"profile": "fapi2-message-signing", "dpop_bound_access_tokens": True},
}
"""Plan to what its two clients have besides keys."""
FAPI_SCOPES = "openid email offline_access"
"""What the suite asks for there: several values, for one module changes their order, and a refresh token."""
FAPI_SIGNING_ALGS = {"client": "PS256", "client2": "ES256"}
"""The first key is RSA, for the suite also tries what else such a key can do (RS256, which FAPI forbids)."""
DYNAMIC_PLANS = ("basic-dynamic", "formpost-dynamic", "3rdparty-init")
"""Plans whose clients register themselves with an initial access token."""
PLANS = ("basic", "formpost", "config", *LOGOUT_PLANS, *DYNAMIC_PLANS, *FAPI_PLANS)
GRANTS = ["authorization_code", "refresh_token"]
SECOND_QUERY = "dummy1=lorem&dummy2=ipsum"  # of the redirect URI that the second client of a FAPI plan uses


@dataclass(frozen=True, slots=True)
class SuiteClient:
    """One client of a plan: the member of the suite's configuration that it becomes, and its metadata."""

    member: str
    metadata: Mapping[str, Any]
    signing_alg: str | None = None  # of the key that is made for it, and is then in its metadata


def plan_clients(plan: str, place: str) -> Sequence[SuiteClient]:
    """The static clients of a plan, FAPI clients still without their keys; `place` is `{base}/test/a/{alias}`."""
    if plan in {"basic", "formpost"}:
        return (
            SuiteClient("client", _openid("client_secret_basic", place)),
            SuiteClient("client2", _openid("client_secret_basic", place)),
            SuiteClient("client_secret_post", _openid("client_secret_post", place)),
        )
    if plan in LOGOUT_PLANS:
        return (SuiteClient("client", _logging_out(LOGOUT_PLANS[plan], place)),)
    if plan in FAPI_PLANS:
        return tuple(SuiteClient(member, _fapi(plan, place), alg) for member, alg in FAPI_SIGNING_ALGS.items())
    return ()


def _openid(method: str, place: str, **more: Any) -> dict[str, Any]:
    return {
        "redirect_uris": [f"{place}/callback"],
        "token_endpoint_auth_method": method,
        "grant_types": GRANTS,
        "scope": SCOPES,
        "id_token_signed_response_alg": "RS256",
        "pkce_required": False,
        **more,
    }


def _logging_out(channel: str | None, place: str) -> dict[str, Any]:
    told = {f"{channel}_logout_uri": f"{place}/{channel}_logout", f"{channel}_logout_session_required": True}
    after = [f"{place}/post_logout_redirect"]
    return _openid("client_secret_basic", place, post_logout_redirect_uris=after, **(told if channel else {}))


def _fapi(plan: str, place: str) -> dict[str, Any]:
    return {
        "redirect_uris": [f"{place}/callback", f"{place}/callback?{SECOND_QUERY}"],
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": GRANTS,
        "scope": SCOPES,
        **FAPI_PLANS[plan],
    }
