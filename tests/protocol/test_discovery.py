"""OpenID Connect Discovery 1.0 §3, RFC 8414 §2: what the document says, and that a reader of others accepts it."""

import json

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from idp.protocol.discovery import ENDPOINTS, provider_metadata
from tests.protocol.examples import ISSUER

ALL_ROUTES = frozenset(ENDPOINTS.values())


def metadata(routes=ALL_ROUTES):
    return provider_metadata(
        issuer=ISSUER,
        routes=routes,
        grant_types=["authorization_code", "refresh_token"],
        scopes=["openid", "profile"],
        claims=["sub", "name"],
        acr_values=["urn:kr:overseas-id:acr:2"],
        locales=["ko", "en"],
    )


@pytest.mark.parametrize("reader", [AuthorizationServerMetadata, OpenIDProviderMetadata])
def test_an_independent_reader_accepts_the_document(reader):
    read = reader(json.loads(json.dumps(metadata())))
    read.validate()
    assert read["issuer"] == ISSUER


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_without_route_is_not_listed(endpoint):
    assert metadata()[endpoint] == ISSUER + ENDPOINTS[endpoint]
    assert endpoint not in metadata(ALL_ROUTES - {ENDPOINTS[endpoint]})


def test_only_what_is_supported_is_offered():
    document = metadata()
    assert document["response_types_supported"] == ["code"]
    assert document["response_modes_supported"] == ["form_post", "query", "jwt", "query.jwt", "form_post.jwt"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert "none" not in document["id_token_signing_alg_values_supported"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert document["require_pushed_authorization_requests"] is False
    for name in ("request_object", "authorization", "id_token"):
        algorithms = document[f"{name}_signing_alg_values_supported"]
        assert "none" not in algorithms
        assert {"ES256", "PS256", "RS256"} <= set(algorithms)
    assert document["authorization_details_types_supported"] == ["account_opening"]


def test_U_04_introspection_offers_no_public_clients_and_revocation_does():
    document = metadata()
    assert "none" not in document["introspection_endpoint_auth_methods_supported"]
    assert "none" in document["revocation_endpoint_auth_methods_supported"]


def test_methods_of_endpoints_that_are_not_there_are_not_listed():
    document = metadata(frozenset({"/authorize", "/token"}))
    assert not [name for name in document if name.startswith(("introspection_", "revocation_"))]
