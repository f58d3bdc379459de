"""RFC 7591 §2 and our policy: what the effective metadata may be, and how it is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.protocol.client import MOBILE_ID_ACR
from idp.protocol.errors import InvalidClientMetadata, InvalidRedirectUri, OAuthError
from idp.registration.fields import FIELDS, Offer
from idp.registration.metadata import check_metadata
from idp.registration.unknown_fields import NOT_OFFERED
from tests.registration.examples import DEVELOPMENT, EC, GOV24, LEVELS, PRODUCTION, outcome_of, without

MACHINE = {"scope": None, "grant_types": ["client_credentials"], "machine_scope": "read"}
TWO_HOSTS = ["https://gov24.example/callback", "https://other.example/callback"]

GRANTS_RULE = (
    "grant_types: must be a list of authorization_code, refresh_token, client_credentials, "
    "urn:ietf:params:oauth:grant-type:device_code"
)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"response_types": ["token"]}, "response_types: must be a list of code"),
        ({"response_types": ["code", "id_token"]}, "response_types: must be a list of at most 1 texts"),
        ({"response_types": "code"}, "response_types: must be a list of at most 1 texts"),
        ({"response_types": []}, "response_types: must be code"),
        ({"access_token_format": "JWT"}, "access_token_format: must be opaque or jwt"),
        *(
            (
                {"access_token_seconds": seconds},
                "access_token_seconds: must be a whole number of seconds between 60 and 3600",
            )
            for seconds in (59, 3601, 600.0, "600", True)
        ),
        (MACHINE | {"response_types": ["code"]}, "response_types: must be empty without authorization_code"),
        (
            MACHINE | {"scope": "openid"},
            "scope: must be empty without authorization_code; machine_scope is for machines",
        ),
        (MACHINE | {"machine_scope": ""}, "machine_scope: is required with client_credentials, and only with it"),
        ({"machine_scope": "read"}, "machine_scope: is required with client_credentials, and only with it"),
        (
            MACHINE | {"machine_scope": "read openid"},
            "machine_scope: must contain none of the values that people agree to",
        ),
        (
            MACHINE | {"machine_scope": "read  write"},
            "machine_scope: must be different scope values with one space between them",
        ),
        (
            MACHINE | {"token_endpoint_auth_method": "none"},
            "grant_types: must not contain client_credentials for a public client",
        ),
        ({"grant_types": ["implicit"]}, GRANTS_RULE),
        ({"grant_types": ["password"]}, GRANTS_RULE),
        (
            {"grant_types": ["refresh_token"]},
            "grant_types: must contain authorization_code, or client_credentials alone",
        ),
        ({"grant_types": []}, "grant_types: must contain authorization_code, or client_credentials alone"),
        (
            {"token_endpoint_auth_method": "client_secret_jwt"},
            "token_endpoint_auth_method: must be private_key_jwt or client_secret_basic or client_secret_post or none",
        ),
        (
            {"id_token_signed_response_alg": "none"},
            "id_token_signed_response_alg: must be ES256 or RS256 or PS256 or Ed25519",
        ),
        (
            {"id_token_signed_response_alg": "HS256"},
            "id_token_signed_response_alg: must be ES256 or RS256 or PS256 or Ed25519",
        ),
        ({"application_type": "service"}, "application_type: must be web or native"),
        (
            {"scope": "openid admin"},
            "scope: must contain only address, email, offline_access, openid, overseas, phone, profile",
        ),
        ({"scope": "profile"}, "scope: must contain openid"),
        ({"scope": ""}, "scope: must contain openid"),
        ({"scope": "openid  email"}, "scope: must be different scope values with one space between them"),
        ({"scope": "openid openid"}, "scope: must be different scope values with one space between them"),
        ({"scope": ["openid"]}, "scope: must be a text of scope values with a space between them"),
        ({"optional_scope": "email"}, "optional_scope: must contain only values of scope, without openid"),
        ({"optional_scope": "openid"}, "optional_scope: must contain only values of scope, without openid"),
        ({"pkce_required": "false"}, "pkce_required: must be true or false"),
        ({"pkce_required": 0}, "pkce_required: must be true or false"),
        (
            {"pkce_required": False, "token_endpoint_auth_method": "none"},
            "pkce_required: must be true for a public client",
        ),
        ({"consent": "never"}, "consent: must be remembered or always"),
        ({"minimum_acr": LEVELS[0]}, f"minimum_acr: must be {LEVELS[1]} or {LEVELS[2]}"),
        ({"minimum_acr": ""}, f"minimum_acr: must be {LEVELS[1]} or {LEVELS[2]}"),
        ({"default_acr_values": ["phr"]}, f"default_acr_values: must be a list of {', '.join(LEVELS)}"),
        ({"default_acr_values": LEVELS[0]}, "default_acr_values: must be a list of at most 3 texts"),
        ({"default_acr_values": [LEVELS[0]] * 2}, "default_acr_values: must not list the same text twice"),
        ({"default_max_age": -1}, "default_max_age: must be a whole number of seconds between 0 and 31536000"),
        ({"default_max_age": 1e3}, "default_max_age: must be a whole number of seconds between 0 and 31536000"),
        ({"default_max_age": True}, "default_max_age: must be a whole number of seconds between 0 and 31536000"),
        ({"default_max_age": 10**9}, "default_max_age: must be a whole number of seconds between 0 and 31536000"),
        ({"require_auth_time": "yes"}, "require_auth_time: must be true or false"),
        ({"assertion_audience": "any"}, "assertion_audience: must be issuer or issuer_or_token_endpoint"),
        ({"contacts": "ops@gov24.example"}, "contacts: must be a list of at most 10 texts"),
        ({"contacts": ["a@b.example"] * 11}, "contacts: must be a list of at most 10 texts"),
        ({"contacts": ["a@b.example", ""]}, "contacts[1]: must have 1 to 254 characters"),
        ({"client_uri": "http://gov24.example"}, "client_uri: must be https"),
        ({"logo_uri": "http://localhost/logo.png"}, "logo_uri: must be https"),
        ({"policy_uri": "javascript:alert(1)"}, "policy_uri: must be an absolute https URI"),
        ({"tos_uri": "https://a@gov24.example/"}, "tos_uri: must have no user information before the host"),
        ({"initiate_login_uri": "http://gov24.example/login"}, "initiate_login_uri: must be https"),
        ({"sector": "https://gov24.example"}, "sector: must be a DNS name"),
        ({"sector": "외교부.kr"}, "sector: must be ASCII; write an internationalised name as its xn-- form"),
        ({"sector": 1}, "sector: must be a host name"),
        (
            {"subject_type": "public"},
            "subject_type: must be pairwise unless public_subject_approval says who approved public, and why",
        ),
        ({"subject_type": "ephemeral"}, "subject_type: must be pairwise or public"),
        ({"public_subject_approval": "Kim, pilot"}, "public_subject_approval: is only for subject_type public"),
        (
            {"software_id": "a\x07"},
            "software_id: must have no control, invisible, bidirectional or unassigned character",
        ),
    ],
)
def test_refused_with_the_field_and_the_rule(change, problem):
    with pytest.raises(InvalidClientMetadata) as refused:
        check_metadata(GOV24 | change, PRODUCTION)
    (found,) = refused.value.problems
    assert found.replace("host must", "must") == problem


def test_a_pairwise_subject_has_one_sector():
    metadata = without(GOV24, "post_logout_redirect_uris") | {"redirect_uris": TWO_HOSTS}
    with pytest.raises(InvalidRedirectUri, match="share one host"):
        check_metadata(metadata, PRODUCTION)
    assert check_metadata(metadata | {"sector": "gov24.example"}, PRODUCTION)["sector"] == "gov24.example"
    public = {"subject_type": "public", "public_subject_approval": "Kim Minji, 2026-03-02: paper trail by law"}
    assert check_metadata(metadata | public, PRODUCTION)["subject_type"] == "public"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("redirect_uri", "redirect_uri: unknown field; did you mean redirect_uris?"),
        ("pkce_requird", "pkce_requird: unknown field; did you mean pkce_required?"),
        ("Scope", "Scope: unknown field; did you mean scope?"),
        ("grant_types ", "grant_types?: unknown field; did you mean grant_types?"),
        ("zzzz", "zzzz: unknown field"),
        ("", "(empty): unknown field"),
        ('q"\\한', "q???: unknown field"),
        ("policy_uri#ko", "policy_uri#ko: only client_name may be given in several languages"),
        (
            "software_statement",
            "software_statement: is read by the registration endpoint only; give the metadata itself",
        ),
        ("client_secret", "client_secret: is issued by the provider and cannot be chosen"),
    ],
)
def test_an_unknown_field_is_never_dropped_silently(name, said):
    with pytest.raises(InvalidClientMetadata) as refused:
        check_metadata(GOV24 | {name: "x"}, PRODUCTION)
    assert refused.value.problems == (said,)


@pytest.mark.parametrize("given_value", [None, [], "text", 7, {f"f{i}": 1 for i in range(101)}, {1: 2}])
def test_metadata_is_a_small_json_object(given_value):
    with pytest.raises(InvalidClientMetadata):
        check_metadata(given_value, PRODUCTION)


def test_all_problems_are_told_at_once():
    with pytest.raises(InvalidRedirectUri) as refused:
        check_metadata({"redirect_uris": ["http://a"], "scope": "x", "consnt": 1}, PRODUCTION)
    assert [problem.partition(":")[0] for problem in refused.value.problems] == ["scope", "consnt", "redirect_uris[0]"]


def test_a_machine_has_nothing_of_a_sign_in():
    machine = {"client_name": "Mailroom", "grant_types": ["client_credentials"], "machine_scope": "read write"}
    effective = check_metadata(machine, PRODUCTION)
    assert "redirect_uris" not in effective
    assert (effective["response_types"], effective["scope"]) == ([], "")
    assert check_metadata(effective, PRODUCTION) == effective


def test_defaults_are_the_safe_ones_and_are_spelt_out():
    metadata = check_metadata({"redirect_uris": ["https://gov24.example/cb"]}, PRODUCTION)
    assert metadata == {
        "redirect_uris": ["https://gov24.example/cb"],
        "post_logout_redirect_uris": [],
        "application_type": "web",
        "contacts": [],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "scope": "openid profile email phone address overseas",
        "token_endpoint_auth_method": "client_secret_basic",
        "id_token_signed_response_alg": "ES256",
        "require_signed_request_object": False,
        "require_pushed_authorization_requests": False,
        "authorization_details_types": [],
        "profile": "oidc",
        "environment": "live",
        "resources": [],
        "subject_type": "pairwise",
        "require_auth_time": False,
        "default_acr_values": [],
        "frontchannel_logout_session_required": False,
        "backchannel_logout_session_required": False,
        "pkce_required": True,
        "consent": "remembered",
        "optional_scope": "",
        "machine_scope": "",
        "dpop_bound_access_tokens": False,
        "dpop_nonce_required": False,
        "tls_client_certificate_bound_access_tokens": False,
        "access_token_format": "opaque",
        "access_token_seconds": 600,
        "minimum_acr": MOBILE_ID_ACR,
        "assertion_audience": "issuer_or_token_endpoint",
    }


def test_null_counts_as_absent():
    assert check_metadata(GOV24 | {"logo_uri": None, "jwks": None}, PRODUCTION) == check_metadata(GOV24, PRODUCTION)


def test_addresses_may_be_http_on_loopback_in_development():
    assert check_metadata(GOV24 | {"client_uri": "http://localhost:9001"}, DEVELOPMENT)["client_uri"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_confidential_client_may_waive_pkce(method):
    change = {"token_endpoint_auth_method": method, "pkce_required": False}
    assert check_metadata(GOV24 | change, PRODUCTION)["pkce_required"] is False


def test_the_effective_form_is_json_and_its_own_effective_form():
    everything = GOV24 | {
        "application_type": "web",
        "client_name#en": "Government 24",
        "client_uri": "https://gov24.example",
        "contacts": ["ops@gov24.example", "+82-2-000-0000"],
        "default_acr_values": [LEVELS[2]],
        "default_max_age": 300,
        "grant_types": ["authorization_code", "refresh_token"],
        "initiate_login_uri": "https://gov24.example/login",
        "jwks": {"keys": [EC]},
        "optional_scope": "phone",
        "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
    }
    effective = check_metadata(everything, PRODUCTION)
    assert json.loads(json.dumps(effective)) == effective
    assert check_metadata(effective, PRODUCTION) == effective
    assert everything.items() <= effective.items()


def test_an_offer_must_contain_the_default_level():
    with pytest.raises(ValueError, match="acr:2"):
        Offer(development=True, scopes=("openid",), acr_values=LEVELS[:1])


def test_the_table_of_what_is_not_offered_names_nothing_that_is():
    assert not NOT_OFFERED.keys() & FIELDS.keys()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from([*FIELDS, *NOT_OFFERED, "client_name#ko", "client_name#"]) | st.text(max_size=12)


@settings(max_examples=200)
@given(st.dictionaries(NAMES, JSON, max_size=5), st.booleans())
def test_any_json_is_accepted_or_refused_by_name(change, replace_all):
    result = outcome_of(change if replace_all else GOV24 | change)
    if isinstance(result, OAuthError):
        assert result.code in {"invalid_redirect_uri", "invalid_client_metadata"}
        assert all(" " <= c <= "~" and c not in '"\\' for c in result.description)
    else:
        assert check_metadata(result, PRODUCTION) == result
