"""Sender-constrained tokens: to whose key a token is bound, and whether its caller holds that key.

RFC 9449 §5 to §7 (DPoP), RFC 8705 §3 (client certificates). A binding is kept as `jkt:…` or `x5t#S256:…`, the
name of its confirmation method and the key's thumbprint.
"""

from dataclasses import dataclass

from idp.protocol.client import Client
from idp.protocol.client_certificate import ClientCertificate
from idp.protocol.client_policy import policy_of
from idp.protocol.dpop import Proof
from idp.protocol.errors import InvalidDpopProof, InvalidRequest, InvalidToken

KEY = "jkt"  # RFC 9449 §6.1
CERTIFICATE = "x5t#S256"  # RFC 8705 §3.1


@dataclass(frozen=True, slots=True)
class Sender:
    """What the caller of a request proved to hold, beside any credential."""

    proof: Proof | None = None
    certificate: ClientCertificate | None = None

    @property
    def key(self) -> str | None:
        """The binding to the key of its proof."""
        return f"{KEY}:{self.proof.jkt}" if self.proof else None

    @property
    def certified(self) -> str | None:
        """The binding to its certificate."""
        return f"{CERTIFICATE}:{self.certificate.thumbprint}" if self.certificate else None


def key_binding(jkt: str | None) -> str | None:
    """The binding that a `dpop_jkt` means (RFC 9449 §10)."""
    return f"{KEY}:{jkt}" if jkt else None


def binding_of(sender: Sender, client: Client) -> str | None:
    """What tokens for this request are bound to, if anything. Raises InvalidRequest where a proof is missing."""
    if client.dpop_bound_access_tokens and sender.proof is None:  # RFC 9449 §5.2
        raise InvalidRequest("no DPoP proof", public="This client must send a DPoP proof.")
    if client.tls_client_certificate_bound_access_tokens:  # RFC 8705 §3.4
        if sender.proof is not None:
            raise InvalidRequest("two bindings", public="The tokens of this client are bound to its certificate.")
        if sender.certificate is None:
            raise InvalidRequest("no certificate", public="This client must present its certificate.")
        return sender.certified
    binding = sender.key or sender.certified if policy_of(client).sender_constrained_tokens else sender.key
    if binding is None and policy_of(client).sender_constrained_tokens:
        raise InvalidRequest("no proof", public="This client must send a DPoP proof or present its certificate.")
    return binding


def confirmation_claim(binding: str) -> dict[str, str]:
    """`cnf` (RFC 7800 §3.1) of a bound token."""
    method, _, thumbprint = binding.partition(":")
    return {method: thumbprint}


def token_type(binding: str | None) -> str:
    """RFC 9449 §5: `DPoP` for a token bound to a key; one bound to a certificate is a `Bearer` (RFC 8705 §3)."""
    return "DPoP" if binding is not None and binding.startswith(f"{KEY}:") else "Bearer"


def check_holder(binding: str | None, sender: Sender, *, scheme: str) -> None:
    """Raise unless the caller may use a token with this binding (RFC 9449 §7.1, RFC 8705 §3).

    `scheme` is the one of the Authorization header. Raises InvalidToken or InvalidDpopProof.
    """
    if scheme != token_type(binding):  # §7.2: a bound token is never taken as a mere bearer token, nor the reverse
        raise InvalidToken("token of another type than its scheme")
    if scheme == "DPoP" and sender.proof is None:
        raise InvalidDpopProof("no proof with the token")
    if scheme == "DPoP" and sender.key != binding:
        raise InvalidToken("bound to another key")
    if scheme == "Bearer" and binding is not None and sender.certified != binding:
        raise InvalidToken("bound to another certificate")
