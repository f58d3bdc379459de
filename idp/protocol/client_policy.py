"""How strictly a client is treated: its profile and its own flags, read in this one place.

`oidc` is OpenID Connect Core 1.0 hardened by RFC 9700; `fapi2` is the FAPI 2.0 Security Profile;
`fapi2-message-signing` is FAPI 2.0 Message Signing with signed requests (§5.3) and signed responses (§5.4).
A profile only ever adds to what the registration's own flags demand.
"""

from dataclasses import dataclass

from idp.keys.jose import SIGNING_ALGS, SigningAlg
from idp.protocol.client import Client
from idp.protocol.errors import InvalidRequest

FAPI_ALGS: tuple[SigningAlg, ...] = ("ES256", "PS256", "Ed25519")  # FAPI 2.0 Security Profile §5.4.1
FAPI_AUTH_METHODS = frozenset({"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"})  # §5.3.2.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a client's requests must keep."""

    pushed_requests: bool  # RFC 9126 §6
    signed_requests: bool  # RFC 9101 §10.5
    only_signed_parameters: bool  # RFC 9101 §6.3: nothing outside of the request object counts
    dated_requests: bool  # request objects carry exp and nbf (FAPI 2.0 Message Signing §5.3.1)
    signed_responses: bool  # JARM alone (FAPI 2.0 Message Signing §5.4.1)
    issuer_alone_as_audience: bool  # of client assertions, and as a string (FAPI 2.0 Security Profile §5.3.2.1)
    sender_constrained_tokens: bool  # FAPI 2.0 Security Profile §5.3.2.1; kept at the token endpoint
    proof_nonces: bool  # proofs of possession carry a nonce of ours (RFC 9449 §8)
    signing_algs: tuple[SigningAlg, ...]  # of everything that the client signs


def policy_of(client: Client) -> Policy:
    """The rules for this client."""
    fapi = client.profile != "oidc"
    message_signing = client.profile == "fapi2-message-signing"
    signed_requests = message_signing or client.require_signed_request_object
    return Policy(
        pushed_requests=fapi or client.require_pushed_authorization_requests,
        signed_requests=signed_requests,
        only_signed_parameters=fapi or signed_requests,
        dated_requests=fapi,
        signed_responses=message_signing,
        issuer_alone_as_audience=fapi,
        sender_constrained_tokens=fapi,
        proof_nonces=fapi or client.dpop_nonce_required,
        signing_algs=FAPI_ALGS if fapi else SIGNING_ALGS,
    )


def check_route(client: Client, *, pushed: bool, signed: bool) -> None:
    """Raise InvalidRequest unless the request came the way that this client's requests must come."""
    policy = policy_of(client)
    if policy.pushed_requests and not pushed:
        raise InvalidRequest("not pushed", public="This client must push its authorization requests (RFC 9126).")
    if policy.signed_requests and not signed:
        raise InvalidRequest("not signed", public="This client must sign its authorization requests (RFC 9101).")
