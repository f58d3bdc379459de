"""The one decision of the house: which step a sign-in needs next. Pure.

OpenID Connect Core 1.0 §3.1.2.1 (prompt, max_age, acr_values), §3.1.2.3 (authentication), §3.1.2.4 (consent).
"""

from dataclasses import dataclass
from enum import Enum

from idp.claims.assurance import Assurance, Fact
from idp.claims.scopes import scopes_to_ask
from idp.interaction.second_proof import PROVES
from idp.protocol.authorization_request import AuthorizationRequest
from idp.protocol.client import Client
from idp.protocol.errors import (
    ConsentRequired,
    InteractionRequired,
    LoginRequired,
    OAuthError,
    UnmetAuthenticationRequirements,
)


class Step(Enum):
    """What a page can ask a person for."""

    PASSKEY = "passkey"
    PHONE_CODE = "phone_code"
    CONSENT = "consent"


class Reason(Enum):
    """Why a person who is already signed in must prove themself again; a key of the words files."""

    NONE = ""
    LOGIN_AGAIN = "notice.login_again"
    STEP_UP = "notice.step_up"


@dataclass(frozen=True, slots=True)
class Ask:
    """A page must ask for one thing."""

    step: Step
    reason: Reason = Reason.NONE


@dataclass(frozen=True, slots=True)
class Refuse:
    """The request cannot be satisfied: the client gets this error."""

    error: OAuthError


@dataclass(frozen=True, slots=True)
class Return:
    """Everything is there: the client gets a code, and tokens will say `acr`."""

    acr: str
    scopes: tuple[str, ...]


NextStep = Ask | Refuse | Return

REACHABLE = frozenset().union(*PROVES.values())
"""What the steps after the passkey can still add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known of the person right now: an assertion just verified, or a live session."""

    facts: frozenset[Fact]
    auth_time: int
    subject: str | None  # as this client sees the person; worked out only for a request that hints at somebody
    has_phone: bool = True
    complete: bool  # False between passkey and second proof: not a session yet
    made_for_this_request: bool  # False for single sign-on


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the person agreed to give this client, if they ever did."""

    scopes: frozenset[str]
    declined: frozenset[str] = frozenset()


def next_step(
    request: AuthorizationRequest,
    client: Client,
    assurance: Assurance,
    *,
    proof: Proof | None,
    agreed: Agreed | None,
    hinted_subject: str | None,
    now: int,
) -> NextStep:
    """What comes next. `agreed` is None when consent was never given, has expired, or must be asked anew."""
    missing = _authentication(request, client, assurance, proof, hinted_subject, now)
    if isinstance(missing, Ask) and request.is_silent:
        return Refuse(_silent_error(missing, proof))
    if missing is not None or proof is None:
        return missing or Ask(Step.PASSKEY)
    reached = assurance.reached(_facts(proof))
    if reached is None or not assurance.satisfies(reached, wanted_acr(request, client, assurance)):
        return Refuse(UnmetAuthenticationRequirements(f"reached {reached}"))
    if not consent_covers(request, client, agreed):
        return Refuse(ConsentRequired()) if request.is_silent else Ask(Step.CONSENT)
    assert agreed is not None
    return Return(acr=reached, scopes=tuple(s for s in request.scopes if s in agreed.scopes))


def _authentication(
    request: AuthorizationRequest,
    client: Client,
    assurance: Assurance,
    proof: Proof | None,
    hinted_subject: str | None,
    now: int,
) -> Ask | Refuse | None:
    """What the person must still prove, or None."""
    if wanted_acr(request, client, assurance) == "":
        return Refuse(UnmetAuthenticationRequirements("none of acr_values is one of ours"))
    if proof is None:
        return Ask(Step.PASSKEY)
    if not proof.made_for_this_request:
        reason = _must_prove_again(request, client, assurance, proof, now)
        if reason is not None:
            return Ask(Step.PASSKEY, reason)
    if hinted_subject is not None and hinted_subject != proof.subject:
        # §3.1.2.1 id_token_hint: another person than the one meant MUST NOT be answered for.
        return Refuse(LoginRequired("somebody else signed in than the hint means"))
    if proof.complete:
        return None
    wanted = wanted_acr(request, client, assurance)
    if not assurance.satisfies(assurance.reached(_facts(proof) | REACHABLE), wanted):
        # Said now rather than after a message was sent and a code typed in vain.
        return Refuse(UnmetAuthenticationRequirements("out of reach of this passkey and record"))
    if not assurance.satisfies(assurance.reached(_facts(proof)), wanted):
        return Ask(Step.PHONE_CODE)
    return None


def _must_prove_again(
    request: AuthorizationRequest, client: Client, assurance: Assurance, proof: Proof, now: int
) -> Reason | None:
    """Why a live session is not enough. Judged once, when the request arrives: a slow sign-in must not loop."""
    if request.prompts & {"login", "select_account"}:
        return Reason.LOGIN_AGAIN
    if request.max_age is not None and now - proof.auth_time > request.max_age:
        return Reason.LOGIN_AGAIN
    if request.max_age == 0:  # §3.1.2.1: zero asks for authentication now
        return Reason.LOGIN_AGAIN
    if not assurance.satisfies(assurance.reached(_facts(proof)), wanted_acr(request, client, assurance)):
        return Reason.STEP_UP
    return None


def wanted_acr(request: AuthorizationRequest, client: Client, assurance: Assurance) -> str:
    """The least level that satisfies request and registration; "" when no requested value is ours.

    `acr_values` lists what the client accepts, so the weakest of them suffices, but never less than the
    registration's minimum. An essential `acr` claim (§5.5.1.1) is read the same way.
    """
    essential = request.claims_request.id_token.get("acr")
    asked = request.acr_values
    if essential is not None and essential.values:
        asked = tuple(str(value) for value in essential.values)
    if not asked:
        return client.minimum_acr
    ours = [acr for acr in asked if assurance.rank(acr) >= 0]
    if not ours or assurance.rank(client.minimum_acr) < 0:  # a minimum that the table lost is not no minimum
        return ""
    return max(min(ours, key=assurance.rank), client.minimum_acr, key=assurance.rank)


def consent_covers(request: AuthorizationRequest, client: Client, agreed: Agreed | None) -> bool:
    """Whether what was agreed covers what is asked, optional scopes that were declined included."""
    if agreed is None:
        return False
    asked = scopes_to_ask(request.scopes, request.claims_request, client.scopes)
    return all(s in agreed.scopes or (s in agreed.declined and s in client.optional_scopes) for s in asked)


def must_ask_consent_anew(request: AuthorizationRequest, client: Client) -> bool:
    """Whether remembered consent does not count for this request (prompt=consent, or by registration).

    What exactly a person allows (RFC 9396) was never remembered: it is asked each time, and prompt=none fails.
    """
    if request.details is not None:
        return True
    if "consent" in request.prompts or client.consent == "always":
        return not request.is_silent
    return False


def _facts(proof: Proof) -> frozenset[Fact]:
    return proof.facts | ({Fact.FRESH} if proof.made_for_this_request else set())


def _silent_error(missing: Ask, proof: Proof | None) -> OAuthError:
    """prompt=none: which error names what is missing (§3.1.2.6)."""
    if missing.step is Step.PASSKEY and (proof is None or missing.reason is Reason.LOGIN_AGAIN):
        return LoginRequired()
    return InteractionRequired()
