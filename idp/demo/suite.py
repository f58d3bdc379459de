"""`idp lab suite`: registers what the OpenID Foundation's conformance suite needs, and prints its configuration.

The suite is a relying service at `{base}/test/a/{alias}/…`. Its Basic plan sends no PKCE, so its clients carry
that waiver by name; everything else is checked as for any other service.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from idp.provider import Provider
from idp.registration.changes import added
from idp.registration.errors import RegistrationRefused
from idp.registration.metadata import check_metadata
from idp.registration.register import register

SCOPES = "openid profile email address phone offline_access"
LOGOUT_PLANS = {"logout": None, "frontchannel-logout": "frontchannel", "backchannel-logout": "backchannel"}
"""Plan to the channel by which its client hears of a logout; a call that a plan does not expect would fail it."""
BASIC_GRANTS = ["authorization_code", "refresh_token"]


@dataclass(frozen=True, slots=True)
class SuiteClient:
    """One client of a plan: the member of the suite's configuration that it becomes, and its metadata."""

    member: str
    metadata: Mapping[str, Any]


def _basic(method: str, callback: str, **more: Any) -> dict[str, Any]:
    return {
        "redirect_uris": [callback],
        "token_endpoint_auth_method": method,
        "grant_types": BASIC_GRANTS,
        "scope": SCOPES,
        "id_token_signed_response_alg": "RS256",
        "pkce_required": False,
        **more,
    }


def plan_clients(plan: str, place: str) -> Sequence[SuiteClient]:
    """The static clients of a plan; `place` is the suite's `{base}/test/a/{alias}`."""
    callback = f"{place}/callback"
    if plan in {"basic", "formpost"}:
        return (
            SuiteClient("client", _basic("client_secret_basic", callback)),
            SuiteClient("client2", _basic("client_secret_basic", callback)),
            SuiteClient("client_secret_post", _basic("client_secret_post", callback)),
        )
    if plan in LOGOUT_PLANS:
        after = [f"{place}/post_logout_redirect"]
        channel = LOGOUT_PLANS[plan]
        told = {f"{channel}_logout_uri": f"{place}/{channel}_logout", f"{channel}_logout_session_required": True}
        metadata = _basic("client_secret_basic", callback, post_logout_redirect_uris=after, **(told if channel else {}))
        return (SuiteClient("client", metadata),)
    return ()


def configuration(wired: Provider, plan: str, base: str, alias: str) -> dict[str, Any]:
    """Register the clients of a plan and describe them as the suite reads it. Raises RegistrationRefused."""
    document: dict[str, Any] = {
        "alias": alias,
        "description": f"{plan} of {wired.issuer}",
        "server": {"discoveryUrl": f"{wired.issuer}/.well-known/openid-configuration", "ui_locales": "ko"},
    }
    now = wired.clock()
    for one in plan_clients(plan, f"{base}/test/a/{alias}"):
        metadata = check_metadata({"client_name": f"Suite {alias} {one.member}", **one.metadata}, wired.offer)
        outcome = register(metadata, now=now, random_bytes=wired.random_bytes)
        wired.clients.save([added(outcome, now=now)])
        document[one.member] = {"client_id": outcome.registration.client_id, "client_secret": outcome.secret}
    return document


@click.command()
@click.option("--plan", required=True, type=click.Choice(["basic", "formpost", "config", *LOGOUT_PLANS]))
@click.option("--base", required=True, help="Where the suite runs, such as https://localhost:8443.")
@click.option("--alias", required=True, help="The name of this run in the suite's addresses.")
@click.pass_obj
def suite(wired: Provider, plan: str, base: str, alias: str) -> None:
    """Register the clients of a conformance plan; prints the suite's configuration JSON."""
    try:
        click.echo(json.dumps(configuration(wired, plan, base.rstrip("/"), alias), indent=2))
    except RegistrationRefused as refused:
        raise click.ClickException("; ".join(refused.problems)) from refused
