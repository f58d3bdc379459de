"""Every way a sign-in can end without one. What the person reads of each stands in `refusals.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What happened and what to do next, and whether trying again is worth offering."""

    status: int
    again: bool
    title_ko: str
    title_en: str
    text_ko: str
    text_en: str


class SignInRefusedError(Exception):
    """The sign-in ended. `reason` names a row of REFUSALS; `detail` is for the operator's log alone."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else reason)
        self.reason = reason
        self.detail = detail


def _read() -> dict[str, Refusal]:
    rows = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text("utf-8"))
    return {reason: Refusal(**row) for reason, row in rows.items()}


REFUSALS = _read()

# Errors that mean the same to a person (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
AUTHORIZATION_ERRORS = {
    "access_denied": "access_denied",
    "login_required": "login_required",
    "interaction_required": "login_required",
    "consent_required": "consent_required",
    "account_selection_required": "login_required",
    "unmet_authentication_requirements": "acr",
    "temporarily_unavailable": "unavailable",
    "server_error": "unavailable",
}


def authorization_refusal(error: str) -> SignInRefusedError:
    """The refusal for an `error` parameter; one that no person can mend is a fault of the set-up."""
    return SignInRefusedError(AUTHORIZATION_ERRORS.get(error, "misconfigured"), f"error={error[:64]!r}")
