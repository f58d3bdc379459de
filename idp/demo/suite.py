"""`idp lab suite`: registers what the OpenID Foundation's conformance suite needs, and prints its configuration."""

import json
from typing import Any

import click

from idp.demo.suite_clients import DYNAMIC_PLANS, FAPI_PLANS, FAPI_SCOPES, PLANS, SuiteClient, plan_clients
from idp.demo.suite_keys import certificate, signing_key
from idp.provider import Provider
from idp.registration.changes import added
from idp.registration.errors import RegistrationRefused
from idp.registration.metadata import check_metadata
from idp.registration.register import register

DISCOVERY = "/.well-known/openid-configuration"
REGISTRATIONS = 200  # of one run of a plan; each module registers one or two clients
INVITATION_SECONDS = 24 * 3600


def configuration(wired: Provider, plan: str, base: str, alias: str) -> dict[str, Any]:
    """Register the clients of a plan and describe them as the suite reads it. Raises RegistrationRefused."""
    document: dict[str, Any] = {
        "alias": alias,
        "description": f"{plan} of {wired.issuer}",
        "server": {"discoveryUrl": wired.issuer + DISCOVERY, "ui_locales": "ko"},
    }
    for one in plan_clients(plan, f"{base}/test/a/{alias}"):
        document[one.member] = _registered(wired, alias, one)
    if plan in DYNAMIC_PLANS:
        document |= _invited(wired, alias)
    if plan in FAPI_PLANS:
        document |= _protected_resource(wired, alias, by_certificate=plan == "fapi2-mtls")
    return document


def _registered(wired: Provider, alias: str, one: SuiteClient) -> dict[str, Any]:
    """The client as the suite plays it: with its secret, or with the private half of a new key."""
    private, public = signing_key(one.signing_alg) if one.signing_alg else (None, None)
    keys = {"jwks": {"keys": [public]}} if public else {}
    metadata = check_metadata({"client_name": f"Suite {alias} {one.member}", **one.metadata, **keys}, wired.offer)
    now = wired.clock()
    outcome = register(metadata, now=now, random_bytes=wired.random_bytes)
    wired.clients.save([added(outcome, now=now)])
    client_id = outcome.registration.client_id
    if private:
        return {"client_id": client_id, "scope": FAPI_SCOPES, "jwks": {"keys": [private]}}
    return {"client_id": client_id, "client_secret": outcome.secret}


def _invited(wired: Provider, alias: str) -> dict[str, Any]:
    """Leave for the suite to register clients by itself: an initial access token (RFC 7591 §3)."""
    now = wired.clock()
    token = wired.invitations.invite(
        note=f"suite {alias}", uses=REGISTRATIONS, lab=True, now=now, expires_at=now + INVITATION_SECONDS
    )
    return {
        member: {"client_name": f"Suite {alias} {member}", "initial_access_token": token}
        for member in ("client", "client2")
    }


def _protected_resource(wired: Provider, alias: str, *, by_certificate: bool) -> dict[str, Any]:
    """Where the suite tries its access tokens, and the certificates of connections that they are bound to."""
    if not by_certificate:
        return {"resource": {"resourceUrl": f"{wired.issuer}/userinfo"}}
    now = wired.clock()
    return {
        "resource": {"resourceUrl": f"{wired.settings.mtls_origin}/userinfo"},
        "mtls": certificate(f"{alias} client", now),
        "mtls2": certificate(f"{alias} client2", now),
    }


@click.command()
@click.option("--plan", required=True, type=click.Choice(PLANS))
@click.option("--base", required=True, help="Where the suite runs, such as https://localhost:8443.")
@click.option("--alias", required=True, help="The name of this run in the suite's addresses.")
@click.pass_obj
def suite(wired: Provider, plan: str, base: str, alias: str) -> None:
    """Register the clients of a conformance plan; prints the suite's configuration JSON."""
    try:
        click.echo(json.dumps(configuration(wired, plan, base.rstrip("/"), alias), indent=2))
    except RegistrationRefused as refused:
        raise click.ClickException("; ".join(refused.problems)) from refused
