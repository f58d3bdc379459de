"""Law 10: discovery lists exactly what is routed, and everything listed works."""

import json

import pytest
from joserfc.jwk import JWKRegistry

from idp.grants import GRANTS
from idp.keys.jose import SIGNING_ALGS
from idp.protocol.authorization_details import TYPES
from idp.protocol.discovery import ENDPOINTS
from tests.endpoints.service_keys import KeyedService
from tests.ground import ORIGIN, RECORD, call, request
from tests.journeys.test_sign_in import verified
from tests.signed_requests import EC, ED, RSA, jwt_claims, push, sign, signer


@pytest.fixture(scope="module")
def metadata(house):
    return house.browser().get("/.well-known/openid-configuration").get_json()


def test_law_10_every_endpoint_listed_is_routed_and_the_other_way_round(house, metadata):
    routes = {rule.rule for rule in house.ground.app.url_map.iter_rules()}
    listed = {value for name, value in metadata.items() if name.endswith(("_endpoint", "_uri"))}
    assert listed == {ORIGIN + path for path in ENDPOINTS.values() if path in routes}
    for address in listed:
        assert house.browser().get(address.removeprefix(ORIGIN)).status_code != 404


def test_law_10_both_documents_are_one(house, metadata):
    assert house.browser().get("/.well-known/oauth-authorization-server").get_json() == metadata
    assert metadata["issuer"] == ORIGIN


def test_law_10_every_grant_listed_is_known_and_no_other(house, metadata):
    assert metadata["grant_types_supported"] == list(GRANTS)
    for grant in metadata["grant_types_supported"]:
        answer = call(house.ground, "/token", {"grant_type": grant}, house.service)
        assert answer.get_json()["error"] != "unsupported_grant_type"


def test_law_10_every_scope_listed_gives_its_claims_and_every_claim_listed_comes(ground, metadata):
    citizen, service = ground.enrol(RECORD), ground.register()
    scopes = " ".join(metadata["scopes_supported"])
    tokens = ground.browser().tokens(service, citizen, scope=scopes)
    assert set(tokens["scope"].split()) == set(metadata["scopes_supported"])
    told = ground.browser().userinfo(tokens["access_token"]).get_json()
    event = verified(ground, tokens["id_token"])
    assert set(told) | set(event) == set(metadata["claims_supported"])


@pytest.mark.parametrize("alg", SIGNING_ALGS)
def test_law_10_every_signing_algorithm_listed_signs(ground, citizen, metadata, alg):
    assert set(metadata["id_token_signing_alg_values_supported"]) == set(SIGNING_ALGS)
    service = ground.register(id_token_signed_response_alg=alg)
    token = ground.browser().tokens(service, citizen)["id_token"]
    assert verified(ground, token)["aud"] == service.id


def test_law_10_every_authentication_method_listed_authenticates(ground, metadata):
    for method in metadata["token_endpoint_auth_methods_supported"]:
        fields = {"grant_type": "authorization_code", "code": "x"}
        if method == "private_key_jwt":
            answer = call(ground, "/token", KeyedService(ground).form(**fields))
        elif method == "client_secret_post":
            service = ground.register(token_endpoint_auth_method=method)
            answer = call(ground, "/token", fields | {"client_id": service.id, "client_secret": service.secret})
        else:
            answer = call(ground, "/token", fields, ground.register(token_endpoint_auth_method=method))
        assert answer.get_json()["error"] == "invalid_grant", method


@pytest.mark.parametrize(
    ("listed", "parameter"),
    [
        ("response_types_supported", "response_type"),
        ("response_modes_supported", "response_mode"),
        ("code_challenge_methods_supported", "code_challenge_method"),
        ("acr_values_supported", "acr_values"),
        ("display_values_supported", "display"),
        ("ui_locales_supported", "ui_locales"),
        ("scopes_supported", "scope"),
    ],
)
def test_law_10_every_value_listed_is_accepted(house, metadata, listed, parameter):
    assert metadata[listed]
    service = house.ground.register(authorization_signed_response_alg="ES256")
    for value in metadata[listed]:
        page = house.browser().authorize(service, **{parameter: value})
        assert page.status_code == 200, value
        if parameter == "ui_locales":
            assert page.headers["Content-Language"] == value


def test_law_10_every_prompt_listed_is_accepted_and_every_no_is_meant(house, metadata):
    for prompt in metadata["prompt_values_supported"]:
        browser = house.browser()
        browser.authorize(house.service, prompt=prompt)
        if prompt == "none":
            assert browser.answer(house.service)["error"] == "login_required"
        else:
            assert browser.page.status_code == 200
    for name in ("request", "request_uri"):
        if not metadata[f"{name}_parameter_supported"]:
            browser = house.browser()
            browser.authorize(house.service, **{name: "x"})
            assert browser.answer(house.service)["error"] == f"{name}_not_supported"


def test_law_10_every_level_listed_is_reached(ground, service, citizen, metadata):
    for acr in metadata["acr_values_supported"]:
        browser = ground.browser()
        claims = f'{{"id_token":{{"acr":{{"essential":true,"value":"{acr}"}}}}}}'
        browser.authorize(service, claims=claims)
        assert "error" not in browser.sign_in(service, citizen, claims=claims), acr


def test_M_04_the_key_set_is_public_parts_only(house):
    answer = house.browser().get("/jwks")
    keys = answer.get_json()["keys"]
    assert {key["alg"] for key in keys} == set(SIGNING_ALGS)
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & set(key)
        assert key["use"] == "sig"
        assert len(key["kid"]) == 43
    assert answer.headers["Cache-Control"].startswith("public, max-age=")


def test_M_04_kids_are_thumbprints(house):
    for key in house.browser().get("/jwks").get_json()["keys"]:
        bare = {name: value for name, value in key.items() if name not in {"kid", "alg", "use"}}
        assert JWKRegistry.import_key(bare).thumbprint() == key["kid"]


def test_law_10_what_discovery_calls_required_is_required(house, metadata):
    sent = request(house.service)
    assert metadata["authorization_response_iss_parameter_supported"] is True
    browser = house.browser()
    browser.get("/authorize", query_string=sent | {"response_type": "token"})
    assert browser.answer(house.service)["iss"] == metadata["issuer"]


def test_law_10_every_algorithm_listed_for_requests_and_answers_works(house, metadata):
    ground, keys = house.ground, {"ES256": EC, "RS256": RSA, "PS256": RSA, "Ed25519": ED}
    for alg in metadata["request_object_signing_alg_values_supported"]:
        service = signer(ground, request_object_signing_alg=alg)
        token = sign(request(service) | jwt_claims(ground, service), keys[alg], alg)
        assert push(ground, service, {"request": token}).status_code == 201, alg
    for alg in metadata["authorization_signing_alg_values_supported"]:
        service = ground.register(authorization_signed_response_alg=alg)
        browser = house.browser()
        browser.authorize(service, response_mode="jwt", prompt="none")
        assert verified(ground, browser.answer(service)["response"])["aud"] == service.id


def test_law_10_every_type_of_details_listed_can_be_asked_for(house, metadata):
    assert metadata["authorization_details_types_supported"] == list(TYPES)
    service = house.ground.register(authorization_details_types=list(TYPES))
    for kind, fields in TYPES.items():
        details = json.dumps([{"type": kind} | {name: values[0] for name, values in fields.items()}])
        assert house.browser().authorize(service, authorization_details=details).status_code == 200
