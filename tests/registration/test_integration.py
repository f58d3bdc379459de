"""What engineers copy: complete, filled in, and nothing in it that the values did not say."""

import ast
import json

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from idp.registration.commands import client
from idp.registration.integration import (
    ANY_CLIENT,
    ANY_URI,
    EXAMPLES,
    FOLDER,
    configuration,
    harmless_id,
    harmless_uri,
    values_of,
)

LEVELS = ("urn:kr:overseas-id:acr:1", "urn:kr:overseas-id:acr:2", "urn:kr:overseas-id:acr:3")


def values(**changed):
    given_values = {
        "issuer": "https://id.example.kr",
        "client_id": "my-service",
        "redirect_uri": "https://my.example.kr/signed/in",
        "acr_values": LEVELS,
    }
    return values_of({"scope": "openid profile", "minimum_acr": LEVELS[1]}, **given_values | changed)


def test_there_is_one_text_for_each_name_and_no_other():
    assert {path.stem for path in FOLDER.iterdir()} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_configuration_is_filled_in(name):
    text = configuration(name, values())
    assert "https://id.example.kr" in text
    assert "my-service" in text
    assert "openid" in text
    assert "S256" in text or "Pkce" in text
    for unfilled in ("$issuer", "$client_id", "$redirect", "$scope", "$levels", "$port"):
        assert unfilled not in text


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"keycloak", "oauth2-proxy"}))
def test_every_configuration_of_an_application_accepts_its_own_levels_and_no_weaker(name):
    text = configuration(name, values())
    assert LEVELS[0] not in text
    assert LEVELS[1] in text
    assert LEVELS[2] in text
    strict = values_of(
        {"minimum_acr": LEVELS[2]}, issuer="https://i.example", client_id="c", redirect_uri=ANY_URI, acr_values=LEVELS
    )
    assert LEVELS[1] not in configuration(name, strict)


def test_secrets_come_from_elsewhere():
    for name in EXAMPLES:
        assert "secret" in configuration(name, values()).lower()


def test_what_is_python_or_json_can_be_read():
    ast.parse(configuration("authlib-flask", values()))
    ast.parse(configuration("django", values()))
    text = configuration("keycloak", values())
    document = json.loads(text.partition("<<JSON\n")[2].partition("\nJSON")[0])  # what the script hands to Keycloak
    assert document["config"]["issuer"] == "https://id.example.kr"


def test_an_unknown_name_is_no_file():
    with pytest.raises(KeyError):
        configuration("../words/en", values())


HOSTILE = ["');system('id');('", '";import os;"', "https://x.example/$(id)", "https://x.example/`id`", "https://x.example/'",
           "https://x.example/a b", "javascript:alert(1)", "https://x.example/\n", "https://x.example/{0}", "https://x.example/\\",
           "https://x.example", "https://x.example/?a=<b>", "https://x.example/%0a", ""]  # fmt: skip


@pytest.mark.parametrize("uri", HOSTILE)
def test_X_01_an_address_that_could_end_a_string_in_code_is_not_put_into_code(uri):
    assert harmless_uri(uri) == ANY_URI


@given(st.text(max_size=80))
def test_X_01_no_value_brings_a_character_that_code_is_made_of(text):
    for kept in (harmless_uri(text), harmless_id(text)):
        assert not set(kept) & set("'\"\\`$(){};<>&#\n\r ")
    assert harmless_id(text) in {text, ANY_CLIENT}


def test_the_command_prints_what_is_registered(ground):
    service = ground.register(id_token_signed_response_alg="RS256", scope="openid phone")
    answer = CliRunner().invoke(client, ["configuration", service.id, "mod-auth-openidc"], obj=ground.provider)
    assert answer.exit_code == 0
    for part in (
        f"OIDCClientID {service.id}",
        f"OIDCRedirectURI {service.redirect_uri}",
        '"openid phone"',
        "Alg RS256",
    ):
        assert part in answer.output
    assert CliRunner().invoke(client, ["configuration", "nobody", "php"], obj=ground.provider).exit_code == 1
