"""Authlib's validation of RFC 7591 and OpenID Connect Registration as a second opinion."""

import pytest

from idp.protocol.errors import InvalidClientMetadata, InvalidRedirectUri
from idp.registration import metadata
from idp.registration.metadata import check_metadata
from idp.registration.standard_validation import standard_objections
from tests.registration.examples import EC, GOV24, PRODUCTION, with_keys


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"redirect_uris": ["https://gov24.example/cb#part"]}, "redirect_uris"),
        ({"redirect_uris": ["https://gov24.example@evil.test/"]}, "redirect_uris"),
        ({"client_uri": "gov24"}, "client_uri"),
        ({"scope": "openid admin"}, "scope"),
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"response_types": ["token"]}, "response_types"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "token_endpoint_auth_method"),
        ({"id_token_signed_response_alg": "HS256"}, "id_token_signed_response_alg"),
        ({"subject_type": "ephemeral"}, "subject_type"),
        ({"default_acr_values": ["phr"]}, "default_acr_values"),
        ({"jwks": {"keys": [EC]}, "jwks_uri": "https://gov24.example/jwks"}, "jwks"),
    ],
)
def test_it_objects_to_what_the_standards_refuse(change, field):
    assert list(standard_objections(GOV24 | change, PRODUCTION)) == [field]


@pytest.mark.parametrize("given", [GOV24, with_keys(EC)])
def test_it_agrees_with_what_we_accept(given):
    assert list(standard_objections(check_metadata(given, PRODUCTION), PRODUCTION)) == []


@pytest.mark.parametrize(
    ("field", "refusal"), [("scope", InvalidClientMetadata), ("redirect_uris", InvalidRedirectUri)]
)
def test_an_objection_refuses_the_registration(monkeypatch, field, refusal):
    monkeypatch.setattr(metadata, "standard_objections", lambda *_: [field])
    with pytest.raises(refusal, match=f"{field}: is refused by the validation of RFC 7591"):
        check_metadata(GOV24, PRODUCTION)
