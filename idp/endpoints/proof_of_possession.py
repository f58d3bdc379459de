"""What the caller of a request proves to hold: a key (RFC 9449) or a certificate (RFC 8705).

A proof is read from the DPoP header, and taken once with what the request does.
"""

from flask import Blueprint, Response, request

from idp.endpoints.call import Call
from idp.endpoints.client_certificate import presented_certificate
from idp.pages.headers import Headers
from idp.pages.rendering import provider
from idp.protocol.client import Client
from idp.protocol.client_policy import policy_of
from idp.protocol.dpop import Proof, verify_proof
from idp.protocol.errors import InvalidDpopProof, UseDpopNonce
from idp.protocol.sender import Sender
from idp.provider import Provider
from idp.storage import Transaction, once


def read_sender(call: Call, access_token: str | None = None) -> Sender:
    """Who sent this call, as far as it proves it. Raises InvalidDpopProof."""
    wired = call.wired
    proof = verify_proof(
        call.header("DPOP"),
        method=call.method,
        uris=[origin + call.path for origin in (wired.issuer, wired.settings.mtls_origin) if origin],
        now=wired.clock(),
        access_token=access_token,
    )
    return Sender(proof, presented_certificate(call))


def check_nonce(wired: Provider, proof: Proof | None, client: Client) -> None:
    """Raise UseDpopNonce for a nonce that is not ours or no longer good, or missing where one is needed (§8)."""
    if proof is None or (proof.nonce is None and not policy_of(client).proof_nonces):
        return
    if proof.nonce is None or not wired.nonces.is_good(proof.nonce, wired.clock()):
        raise UseDpopNonce("no nonce, or a stale one")


def take_proof(transaction: Transaction, sender: Sender) -> None:
    """Accept the proof once. Raises InvalidDpopProof for a replay (§11.1)."""
    proof = sender.proof
    if proof is not None and not once.take(transaction, proof.used_once, proof.used_once_until):
        raise InvalidDpopProof("proof replayed")


def nonce_header(call: Call) -> Headers:
    """The nonce for the next proof, for who sent one (§8.2)."""
    return [("DPoP-Nonce", call.wired.nonces.at(call.wired.clock()))] if call.header("DPOP") is not None else []


def offer_nonces(endpoint: Blueprint) -> None:
    """Every answer to a request with a proof carries the nonce for the next one (§8.2)."""

    @endpoint.after_request
    def _offer(response: Response) -> Response:
        if "DPoP" in request.headers:
            wired = provider()
            response.headers["DPoP-Nonce"] = wired.nonces.at(wired.clock())
        return response
