"""What a relying service registered at the provider, read from its own `registration.toml`.

The same file is applied at the provider, so a service asks for exactly what it registered and accepts nothing
weaker: one place to change, no second copy that drifts.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

ASSURANCE_LADDER = tuple(f"urn:kr:overseas-id:acr:{level}" for level in (1, 2, 3))
"""The provider's assurance levels, weakest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One relying service as registered (RFC 7591 §2)."""

    slug: str
    name_ko: str
    name_en: str
    scope: str
    token_endpoint_auth_method: str
    id_token_algorithm: str
    least_acr: str

    @property
    def accepted_acr(self) -> tuple[str, ...]:
        """Every level from the registered one up; the provider may prove more than was asked."""
        return ASSURANCE_LADDER[ASSURANCE_LADDER.index(self.least_acr) :]


def read_service(folder: Path) -> Service:
    """The service of `folder/registration.toml`. Raises KeyError or ValueError when it is incomplete."""
    registered = tomllib.loads((folder / "registration.toml").read_text("utf-8"))
    least_acr = registered["default_acr_values"][0]
    if least_acr not in ASSURANCE_LADDER:
        raise ValueError(f"{folder.name}: {least_acr!r} is not an assurance level of the provider")
    if not registered["id_token_signed_response_alg"].endswith("256"):
        raise ValueError(f"{folder.name}: only algorithms with SHA-256 have their `at_hash` checked here")
    return Service(
        slug=folder.name,
        name_ko=registered["client_name#ko"],
        name_en=registered["client_name#en"],
        scope=registered["scope"],
        token_endpoint_auth_method=registered["token_endpoint_auth_method"],
        id_token_algorithm=registered["id_token_signed_response_alg"],
        least_acr=least_acr,
    )
