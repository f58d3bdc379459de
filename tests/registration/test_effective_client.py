"""A stored registration and the protocol's Client say the same."""

from dataclasses import fields

import pytest

from idp.protocol.client import Client
from idp.registration.effective_client import effective_client
from idp.registration.metadata import check_metadata
from idp.registration.register import register, with_status
from tests.registration.examples import EC, GOV24, LEVELS, NOW, PRODUCTION, counting_bytes, without

EVERYTHING = GOV24 | {
    "client_name#en": "Gov24",
    "client_uri": "https://gov24.example",
    "policy_uri": "https://gov24.example/privacy",
    "tos_uri": "https://gov24.example/terms",
    "logo_uri": "https://gov24.example/logo.svg",
    "initiate_login_uri": "https://gov24.example/login",
    "contacts": ["ops@gov24.example"],
    "application_type": "native",
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "jwks": {"keys": [EC]},
    "grant_types": ["authorization_code", "refresh_token"],
    "optional_scope": "phone",
    "id_token_signed_response_alg": "PS256",
    "subject_type": "public",
    "public_subject_approval": "Kim",
    "sector": "sector.example",
    "minimum_acr": LEVELS[2],
    "default_acr_values": [LEVELS[2]],
    "default_max_age": 60,
    "require_auth_time": True,
    "pkce_required": False,
    "consent": "always",
    "assertion_audience": "issuer",
    "software_id": "s1",
    "authorization_signed_response_alg": "PS256",
    "request_object_signing_alg": "ES256",
    "require_signed_request_object": True,
    "require_pushed_authorization_requests": True,
    "authorization_details_types": ["account_opening"],
    "resources": ["https://api.gov24.example/v1"],
}


def stored(given):
    return register(
        check_metadata(given, PRODUCTION), now=NOW, random_bytes=counting_bytes(), client_id="gov24"
    ).registration


def test_every_field_arrives():
    client = effective_client(with_status(stored(EVERYTHING), "disabled", now=NOW))
    assert client == Client(
        id="gov24",
        enabled=False,
        names={"": "Government 24", "ko": "정부24", "en": "Gov24"},
        redirect_uris=("https://gov24.example/callback",),
        post_logout_redirect_uris=("https://gov24.example/signed-out",),
        application_type="native",
        token_endpoint_auth_method="private_key_jwt",
        jwks=(EC,),
        token_endpoint_auth_signing_alg="ES256",
        grant_types=frozenset({"authorization_code", "refresh_token"}),
        response_types=frozenset({"code"}),
        scopes=frozenset({"openid", "profile", "phone"}),
        optional_scopes=frozenset({"phone"}),
        id_token_signed_response_alg="PS256",
        subject_type="public",
        sector="sector.example",
        minimum_acr=LEVELS[2],
        default_acr_values=(LEVELS[2],),
        default_max_age=60,
        require_auth_time=True,
        pkce_required=False,
        consent="always",
        assertion_audience="issuer",
        client_uri="https://gov24.example",
        policy_uri="https://gov24.example/privacy",
        tos_uri="https://gov24.example/terms",
        logo_uri="https://gov24.example/logo.svg",
        initiate_login_uri="https://gov24.example/login",
        contacts=("ops@gov24.example",),
        authorization_signed_response_alg="PS256",
        request_object_signing_alg="ES256",
        require_signed_request_object=True,
        require_pushed_authorization_requests=True,
        authorization_details_types=frozenset({"account_opening"}),
        resources=("https://api.gov24.example/v1",),
        extras={"software_id": "s1", "public_subject_approval": "Kim"},
    )


def test_the_defaults_of_both_sides_are_the_same():
    registration = stored({"redirect_uris": ["https://gov24.example/cb"]})
    client = effective_client(registration)
    plain = Client(id="gov24", names={}, redirect_uris=("https://gov24.example/cb",))
    given = {"sector", "secret_digests"}
    assert client.secret_digests == (registration.secret_digest,)
    for field in fields(Client):
        if field.name not in given:
            assert getattr(client, field.name) == getattr(plain, field.name), field.name


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
@pytest.mark.parametrize(("more", "sector"), [({}, ""), ({"sector": "apps.example"}, "apps.example")])
def test_a_native_application_on_loopback_is_a_sector_of_its_own_unless_an_administrator_set_one(host, more, sector):
    native = {"application_type": "native", "redirect_uris": [f"http://{host}/cb"]}
    given = without(GOV24, "post_logout_redirect_uris") | native | more
    assert effective_client(stored(given)).sector == sector


@pytest.mark.parametrize(("more", "sector"), [({}, "gov24.example"), ({"sector": "go.example"}, "go.example")])
def test_the_sector_is_the_host_unless_an_administrator_set_it(more, sector):
    assert effective_client(stored(GOV24 | more)).sector == sector


def test_a_client_without_name_has_none():
    assert effective_client(stored(without(GOV24, "client_name", "client_name#ko"))).names == {}


def test_a_client_shows_its_name_in_the_language_of_the_reader():
    client = effective_client(stored(GOV24))
    assert (client.name("ko"), client.name("en")) == ("정부24", "Government 24")
