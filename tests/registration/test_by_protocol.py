"""What a service may say about itself: RFC 7591 §2 and §3, RFC 7592 §2.2, and what only an administrator may (G-10)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.protocol.errors import InvalidClientMetadata, OAuthError
from idp.registration.by_protocol import POLICY_DEFAULTS, changed_metadata, new_metadata, without_identity
from idp.registration.fields import FIELDS
from idp.registration.metadata import check_metadata
from idp.registration.register import register
from idp.registration.registration import Metadata
from tests.registration.examples import DEVELOPMENT, EC, GOV24, NOW, PRODUCTION, counting_bytes, with_keys, without


def new(given, *, offer=PRODUCTION, lab=False, **vouched):
    return new_metadata(given, offer, vouched=vouched, lab=lab)


def outcome_of(given):
    try:
        return new(given)
    except OAuthError as refusal:
        return refusal


def registered(given=GOV24, **policy):
    metadata = Metadata({**check_metadata(given, PRODUCTION), **policy})
    return register(metadata, now=NOW, random_bytes=counting_bytes())


def changed(given, existing):
    return changed_metadata(given, existing, PRODUCTION, vouched={})


def test_the_rules_are_those_of_a_file():
    assert new(GOV24) == check_metadata(GOV24, PRODUCTION)
    with pytest.raises(InvalidClientMetadata, match="scope: "):
        new(GOV24 | {"scope": "openid everything"})


@pytest.mark.parametrize(
    "unknown", [{"x_vendor": 1}, {"redirect_uri": "x"}, {"policy_uri#ko": "x"}, {"request_uris": ["x"]}]
)
def test_what_nobody_understands_is_left_out(unknown):
    assert new(GOV24 | unknown) == check_metadata(GOV24, PRODUCTION)


@pytest.mark.parametrize(
    "name",
    ["client_id", "client_secret", "registration_access_token", "registration_client_uri", "client_id_issued_at"],
)
def test_what_is_issued_cannot_be_chosen(name):
    with pytest.raises(InvalidClientMetadata, match=f"{name}: is issued by the provider"):
        new(GOV24 | {name: "mine"})


def test_encryption_that_is_not_offered_is_refused_and_not_left_out():
    with pytest.raises(InvalidClientMetadata, match="id_token_encrypted_response_alg: must be ECDH-ES or RSA-OAEP-256"):
        new(GOV24 | {"id_token_encrypted_response_alg": "RSA1_5"})


CHOSEN = {
    "pkce_required": False,
    "consent": "always",
    "optional_scope": "profile",
    "minimum_acr": "urn:kr:overseas-id:acr:1",
    "sector": "gov24.go.kr",
    "public_subject_approval": "myself",
    "assertion_audience": "issuer",
}


@pytest.mark.parametrize(("name", "value"), CHOSEN.items())
def test_G_10_policy_is_not_the_services_to_choose(name, value):
    with pytest.raises(InvalidClientMetadata, match=f"{name}: is set by an administrator only"):
        new(GOV24 | {name: value})
    with pytest.raises(InvalidClientMetadata, match=f"{name}: is set by an administrator only"):
        new(GOV24, **{name: value})
    with pytest.raises(InvalidClientMetadata, match=f"{name}: is set by an administrator only"):
        changed(GOV24 | {name: value}, registered().registration)


def test_every_policy_is_in_that_table():
    assert CHOSEN.keys() <= POLICY_DEFAULTS.keys()
    for name, default in POLICY_DEFAULTS.items():
        if default is not None:
            assert new(GOV24 | {name: default})[name] == default


def test_a_change_replaces_everything_but_policy():
    existing = registered(GOV24 | {"tos_uri": "https://gov24.go.kr/terms"}, consent="always").registration
    after = changed(GOV24 | {"client_name": "Other"}, existing)
    assert "tos_uri" not in after
    assert (after["client_name"], after["consent"]) == ("Other", "always")


def test_what_an_answer_showed_may_be_sent_back():
    existing = registered(GOV24, consent="always", pkce_required=False).registration
    assert changed(existing.metadata, existing) == existing.metadata


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (with_keys(EC), GOV24),
        (with_keys(EC), GOV24 | {"token_endpoint_auth_method": "client_secret_post"}),
        (with_keys(EC), GOV24 | {"token_endpoint_auth_method": "none"}),
        (GOV24, GOV24 | {"token_endpoint_auth_method": "none"}),
    ],
)
def test_G_10_a_weaker_method_is_refused(before, after):
    with pytest.raises(InvalidClientMetadata, match="only an administrator chooses a weaker method"):
        changed(after, registered(before).registration)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (GOV24, with_keys(EC)),
        (GOV24 | {"token_endpoint_auth_method": "none"}, GOV24),
        (GOV24, GOV24 | {"token_endpoint_auth_method": "client_secret_post"}),
    ],
)
def test_a_method_that_is_not_weaker_is_accepted(before, after):
    assert changed(after, registered(before).registration) == check_metadata(after, PRODUCTION)


@pytest.mark.parametrize(
    "name", ["require_pushed_authorization_requests", "dpop_bound_access_tokens", "require_signed_request_object"]
)
def test_G_10_a_protection_that_was_taken_on_is_not_given_up(name):
    existing = registered(GOV24, **{name: True}).registration
    with pytest.raises(InvalidClientMetadata, match=f"{name}: only an administrator takes this back"):
        changed(GOV24, existing)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"grant_types": ["authorization_code", "password"]}, "grant_types"),
        ({"grant_types": ["authorization_code", "implicit"]}, "grant_types"),
        ({"response_types": ["code", "token"]}, "response_types"),
        ({"subject_type": "public"}, "subject_type"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
    ],
)
def test_G_10_nothing_that_weakens_a_sign_in_can_be_asked_for(wrong, why):
    with pytest.raises(InvalidClientMetadata, match=why):
        new(GOV24 | wrong)
    with pytest.raises(InvalidClientMetadata, match=why):
        changed(GOV24 | wrong, registered().registration)


def test_a_suite_in_development_gets_what_it_needs():
    metadata = new(without(GOV24, "scope"), offer=DEVELOPMENT, lab=True)
    assert (metadata["pkce_required"], metadata["consent"]) == (False, "remembered")
    assert metadata["scope"].split() == list(DEVELOPMENT.scopes)
    assert metadata["id_token_signed_response_alg"] == "RS256"
    assert new(GOV24 | {"token_endpoint_auth_method": "none"}, offer=DEVELOPMENT, lab=True)["pkce_required"]
    with pytest.raises(InvalidClientMetadata, match="minimum_acr: is set by an administrator only"):
        new(GOV24 | {"minimum_acr": "urn:kr:overseas-id:acr:1"}, offer=DEVELOPMENT, lab=True)


def test_G_10_a_suite_gets_nothing_in_production():
    assert new(GOV24, lab=True) == check_metadata(GOV24, PRODUCTION)


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        ({}, "client_id: must be the registered one"),
        ({"client_id": None}, "client_id: must be the registered one"),
        ({"client_id": "another"}, "client_id: must be the registered one"),
        ({"client_id": "OWN", "client_secret": "chosen"}, "client_secret: must be the registered one"),
        ({"client_id": "OWN", "client_secret": 7}, "client_secret: must be the registered one"),
    ],
)
def test_a_change_names_its_client_and_chooses_no_secret(identity, why):
    existing = registered().registration
    own = {name: existing.client_id if value == "OWN" else value for name, value in identity.items()}
    with pytest.raises(InvalidClientMetadata, match=why):
        without_identity(GOV24 | own, existing)


def test_a_change_may_carry_the_secret_that_there_is():
    made = registered()
    given = GOV24 | {"client_id": made.registration.client_id, "client_secret": made.secret}
    assert without_identity(given, made.registration) == GOV24
    without_secret = replace(made.registration, secret_digest=None)
    with pytest.raises(InvalidClientMetadata, match="client_secret"):
        without_identity(given, without_secret)


@pytest.mark.parametrize("document", [None, [], "text", 7, {f"f{i}": 1 for i in range(101)}])
def test_the_document_is_a_small_json_object(document):
    with pytest.raises(InvalidClientMetadata, match="must be a JSON object"):
        new(document)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=20), lambda n: st.lists(n, max_size=3))


@given(st.dictionaries(st.sampled_from([*FIELDS, "client_name#ko", "software_statement", "x"]), JSON, max_size=6))
def test_whatever_is_sent_is_accepted_or_refused_by_name_and_never_waives_anything(given_fields):
    outcome = outcome_of(GOV24 | given_fields)
    if isinstance(outcome, OAuthError):
        assert outcome.code in {"invalid_client_metadata", "invalid_redirect_uri"}
    else:
        assert {name: outcome.get(name, POLICY_DEFAULTS[name]) for name in POLICY_DEFAULTS} == dict(POLICY_DEFAULTS)
