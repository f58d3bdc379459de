"""What the fields about requests and the profiles demand of a registration, one row per refusal."""

import pytest

from idp.registration.errors import RefusedMetadata
from idp.registration.metadata import check_metadata
from tests.registration.examples import DEVELOPMENT, EC, EC_384, ED25519, GOV24, PRODUCTION, RSA, with_keys


@pytest.mark.parametrize("profile", ["fapi2", "fapi2-message-signing"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"id_token_signed_response_alg": "PS256"},
        {"authorization_signed_response_alg": "Ed25519"},
        {"request_object_signing_alg": "ES256", "token_endpoint_auth_signing_alg": "ES256"},
        {"require_pushed_authorization_requests": True, "require_signed_request_object": True},
    ],
)
def test_a_fapi_client_is_registered(profile, more):
    assert check_metadata(with_keys(EC, profile=profile, **more), PRODUCTION)["profile"] == profile


@pytest.mark.parametrize("profile", ["fapi2", "fapi2-message-signing"])
@pytest.mark.parametrize(
    ("why", "more"),
    [
        ("private_key_jwt", {"token_endpoint_auth_method": "client_secret_basic"}),
        ("private_key_jwt", {"token_endpoint_auth_method": "client_secret_post"}),
        ("private_key_jwt", {"token_endpoint_auth_method": "none"}),
        ("pkce_required", {"pkce_required": False}),
        ("application_type web", {"application_type": "native"}),
        ("alone", {"id_token_signed_response_alg": "RS256"}),
        ("alone", {"authorization_signed_response_alg": "RS256"}),
        ("alone", {"request_object_signing_alg": "RS256"}),
        ("alone", {"token_endpoint_auth_signing_alg": "RS256"}),
        ("needs a key", {"jwks": {"keys": [RSA | {"alg": "RS256"}]}}),
    ],
)
def test_a_fapi_profile_refuses_what_contradicts_it(profile, why, more):
    keys = {"jwks": {"keys": [EC, RSA]}}
    with pytest.raises(RefusedMetadata, match=why):
        check_metadata(with_keys(EC, **keys | {"profile": profile} | more), PRODUCTION)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("profile", {"profile": "fapi1"}),
        ("profile", {"profile": 2}),
        ("authorization_signed_response_alg", {"authorization_signed_response_alg": "none"}),
        ("authorization_signed_response_alg", {"authorization_signed_response_alg": "HS256"}),
        ("request_object_signing_alg", {"request_object_signing_alg": "none"}),
        ("request_object_signing_alg", {"request_object_signing_alg": "ES256"}),  # no key
        ("request_object_signing_alg", {"request_object_signing_alg": "PS256", "jwks": {"keys": [EC]}}),
        ("require_signed_request_object", {"require_signed_request_object": True}),  # no key
        ("require_signed_request_object", {"require_signed_request_object": True, "jwks": {"keys": [EC_384]}}),
        ("require_signed_request_object", {"require_signed_request_object": "true"}),
        (
            "require_pushed_authorization_requests",
            {"require_pushed_authorization_requests": True, "token_endpoint_auth_method": "none"},
        ),
        ("authorization_details_types", {"authorization_details_types": ["payment_initiation"]}),
        ("authorization_details_types", {"authorization_details_types": "account_opening"}),
        ("resources", {"resources": ["http://api.example"]}),
        ("resources", {"resources": ["https://api.example/#x"]}),
        ("resources", {"resources": ["https://api.example/ https://b.example"]}),
        ("resources", {"resources": ["api"]}),
        ("resources", {"resources": [f"https://{i}.example" for i in range(21)]}),
        ("request_uris", {"request_uris": ["https://rp.example/request"]}),
        ("request_object_encryption_alg", {"request_object_encryption_alg": "RSA-OAEP"}),
    ],
)
def test_refused(name, given):
    with pytest.raises(RefusedMetadata, match=name):
        check_metadata(GOV24 | given, PRODUCTION)


@pytest.mark.parametrize(
    "given",
    [
        {"request_object_signing_alg": "Ed25519", "jwks": {"keys": [ED25519]}},
        {"require_signed_request_object": True, "jwks": {"keys": [RSA]}},
        {"require_pushed_authorization_requests": True},
        {"authorization_signed_response_alg": "RS256"},
        {"authorization_details_types": ["account_opening"], "resources": ["https://api.example/v1"]},
    ],
)
def test_accepted(given):
    checked = check_metadata(GOV24 | given, PRODUCTION)
    assert {name: checked[name] for name in given} == given


def test_a_resource_may_be_on_this_machine_in_development():
    assert check_metadata(GOV24 | {"resources": ["http://localhost:9005/api"]}, DEVELOPMENT)["resources"]
