"""`idp lab suite`: the clients of each conformance plan are registered as any service is, and described to it."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from idp.demo.lab import lab
from idp.demo.suite import configuration
from idp.demo.suite_clients import FAPI_PLANS, LOGOUT_PLANS, PLANS
from idp.registration.client_keys import PRIVATE_MEMBERS
from tests.ground import copy_ground

BASE = "https://localhost:8443"
PLACE = f"{BASE}/test/a/one"
SECOND = f"{PLACE}/callback?dummy1=lorem&dummy2=ipsum"


@pytest.fixture
def with_certificates(template, tmp_path):
    """A provider that sees client certificates."""
    ground = copy_ground(template, tmp_path, mtls_origin="https://localhost:9444", behind_proxy=True)
    yield ground
    ground.provider.database.engine.dispose()


def described(ground, plan, member="client"):
    """The configuration of a plan, and the registered client behind one of its members."""
    document = configuration(ground.provider, plan, BASE, "one")
    return document, ground.provider.clients.find(document[member]["client_id"])


@pytest.mark.parametrize("plan", sorted(LOGOUT_PLANS))
def test_each_logout_plan_has_a_client_that_hears_by_its_own_channel(ground, plan):
    document, client = described(ground, plan)
    told = {"frontchannel": client.frontchannel_logout_uri, "backchannel": client.backchannel_logout_uri}
    channel = LOGOUT_PLANS[plan]
    assert told == {name: f"{PLACE}/{name}_logout" if name == channel else None for name in told}
    assert client.post_logout_redirect_uris == (f"{PLACE}/post_logout_redirect",)
    assert document["client"]["client_secret"]


@pytest.mark.parametrize("plan", ["basic", "formpost"])
def test_the_basic_plans_have_three_clients(ground, plan):
    document = configuration(ground.provider, plan, BASE, "one")
    clients = {
        member: ground.provider.clients.find(value["client_id"])
        for member, value in document.items()
        if isinstance(value, dict) and "client_id" in value
    }
    assert {member: client.token_endpoint_auth_method for member, client in clients.items()} == {
        "client": "client_secret_basic",
        "client2": "client_secret_basic",
        "client_secret_post": "client_secret_post",
    }
    assert not any(client.pkce_required for client in clients.values())


@pytest.mark.parametrize(
    ("plan", "profile", "bound"),
    [
        ("fapi2", "fapi2", "dpop"),
        ("fapi2-mtls", "fapi2", "certificate"),
        ("fapi2-ms", "fapi2-message-signing", "dpop"),
    ],
)
def test_a_fapi_plan_has_two_clients_with_keys_of_their_own(with_certificates, plan, profile, bound):
    document = configuration(with_certificates.provider, plan, BASE, "one")
    kids = set()
    for member in ("client", "client2"):
        client = with_certificates.provider.clients.find(document[member]["client_id"])
        [private] = document[member]["jwks"]["keys"]
        [public] = client.jwks
        kids.add(public["kid"])
        assert dict(public) == {name: value for name, value in private.items() if name not in PRIVATE_MEMBERS}
        assert "d" in private
        assert (client.profile, client.token_endpoint_auth_method) == (profile, "private_key_jwt")
        assert client.redirect_uris == (f"{PLACE}/callback", SECOND)
        assert client.dpop_bound_access_tokens is (bound == "dpop")
        assert client.tls_client_certificate_bound_access_tokens is (bound == "certificate")
        assert client.pkce_required
        assert set(document[member]["scope"].split()) <= client.scopes
    assert len(kids) == 2
    algs = [document[member]["jwks"]["keys"][0]["alg"] for member in ("client", "client2")]
    assert algs == ["PS256", "ES256"], "an RSA key first: a module tries RS256 with it, and is skipped without"


def test_tokens_bound_to_certificates_come_with_certificates(with_certificates):
    document = configuration(with_certificates.provider, "fapi2-mtls", BASE, "one")
    assert document["resource"]["resourceUrl"] == "https://localhost:9444/userinfo"
    certificates = [document[member] for member in ("mtls", "mtls2")]
    for one in certificates:
        certificate = x509.load_pem_x509_certificate(one["cert"].encode())
        assert load_pem_private_key(one["key"].encode(), None).public_key() == certificate.public_key()
        assert certificate.not_valid_before_utc.timestamp() == with_certificates.clock()
    assert certificates[0] != certificates[1]


def test_without_certificates_there_is_no_plan_for_them(ground):
    arguments = ["suite", "--plan", "fapi2-mtls", "--base", BASE, "--alias", "one"]
    done = CliRunner().invoke(lab, arguments, obj=ground.provider)
    assert done.exit_code == 1
    assert "mtls_origin is empty" in done.stderr


@pytest.mark.parametrize("plan", ["basic-dynamic", "formpost-dynamic", "3rdparty-init"])
def test_where_the_suite_registers_clients_itself_it_is_invited(ground, plan):
    document = configuration(ground.provider, plan, BASE, "one")
    [invited] = ground.provider.invitations.list(ground.clock())
    assert (invited.lab, invited.uses_left, invited.note) == (True, 200, "suite one")
    assert document["client"]["initial_access_token"] == document["client2"]["initial_access_token"]
    assert "client_id" not in document["client"]


def test_the_command_prints_what_the_suite_reads(ground):
    arguments = ["suite", "--plan", "config", "--base", f"{BASE}/", "--alias", "one"]
    done = CliRunner().invoke(lab, arguments, obj=ground.provider)
    assert json.loads(done.stdout) == {
        "alias": "one",
        "description": "config of http://localhost:9000",
        "server": {
            "discoveryUrl": "http://localhost:9000/.well-known/openid-configuration",
            "ui_locales": "ko",
        },
    }


def test_law_12_nothing_is_registered_where_demo_is_off(ground):
    off = replace(ground.provider, settings=replace(ground.provider.settings, demo=False))
    arguments = ["suite", "--plan", "basic", "--base", BASE, "--alias", "one"]
    done = CliRunner().invoke(lab, arguments, obj=off)
    assert done.exit_code == 1
    assert done.stderr == "Error: idp lab works only with the setting demo = true, never in production\n"
    assert list(off.clients.list()) == []


def test_every_fapi_plan_is_a_plan():
    assert set(FAPI_PLANS) <= set(PLANS)
