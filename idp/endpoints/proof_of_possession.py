"""What the caller of a request proves to hold: a key (RFC 9449) or a certificate (RFC 8705).

A proof is read from the DPoP header, and taken once with what the request does.
"""

from flask import Blueprint, Response, request

from idp.endpoints.client_certificate import presented_certificate
from idp.pages.rendering import provider
from idp.protocol.client import Client
from idp.protocol.client_policy import policy_of
from idp.protocol.dpop import Proof, verify_proof
from idp.protocol.errors import InvalidDpopProof, UseDpopNonce
from idp.protocol.sender import Sender
from idp.storage import Transaction, once


def read_sender(access_token: str | None = None) -> Sender:
    """Who sent this request, as far as it proves it. Raises InvalidDpopProof."""
    wired = provider()
    proof = verify_proof(
        request.headers.get("DPoP"),
        method=request.method,
        uris=[origin + request.path for origin in (wired.issuer, wired.settings.mtls_origin) if origin],
        now=wired.clock(),
        access_token=access_token,
    )
    return Sender(proof, presented_certificate())


def check_nonce(proof: Proof | None, client: Client) -> None:
    """Raise UseDpopNonce for a nonce that is not ours or no longer good, or missing where one is needed (§8)."""
    wired = provider()
    if proof is None or (proof.nonce is None and not policy_of(client).proof_nonces):
        return
    if proof.nonce is None or not wired.nonces.is_good(proof.nonce, wired.clock()):
        raise UseDpopNonce("no nonce, or a stale one")


def take_proof(transaction: Transaction, sender: Sender) -> None:
    """Accept the proof once. Raises InvalidDpopProof for a replay (§11.1)."""
    proof = sender.proof
    if proof is not None and not once.take(transaction, proof.used_once, proof.used_once_until):
        raise InvalidDpopProof("proof replayed")


def offer_nonces(endpoint: Blueprint) -> None:
    """Every answer to a request with a proof carries the nonce for the next one (§8.2)."""

    @endpoint.after_request
    def _offer(response: Response) -> Response:
        if "DPoP" in request.headers:
            wired = provider()
            response.headers["DPoP-Nonce"] = wired.nonces.at(wired.clock())
        return response
