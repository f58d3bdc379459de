"""The guide: everything that its words know stands on it, and what an address names is only ever shown as text."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from idp.claims.scopes import EVENT_CLAIMS, SCOPES
from idp.pages.developers import known_errors
from idp.registration.integration import ANY_URI, EXAMPLES, FOLDER, PKCE_HABITS
from idp.registration.sign_in_button import LOOKS, contrast
from tests.ground import ORIGIN


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_sentence_of_the_guide_stands_on_it(house, language):
    words = house.ground.app.extensions["idp-words"]
    shown = html.unescape(house.browser().get(f"/developers?lang={language}").text)
    unreached = {"developers.level.3"}  # no level that nobody can reach is shown
    unreached |= {"developers.button.contrast"}  # with its number, below
    keys = [key for key in words.keys(language) if key.startswith("developers.") and key not in unreached]
    assert [key for key in keys if words.say(language, key) not in shown] == []
    assert words.say(language, "developers.level.3") not in shown


def test_every_error_claim_scope_and_level_that_exists_is_explained(house):
    shown = house.browser().get("/developers").text
    assert set(re.findall(r'id="error-([a-z_]+)"', shown)) == {one.code for one in known_errors()}
    for name in [*EVENT_CLAIMS, *(claim for claims in SCOPES.values() for claim in claims)]:
        assert name in shown
    for level in house.ground.provider.acr_values:
        assert level in shown


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_software_has_its_configuration_with_the_values_of_the_address(house, name):
    page = house.browser().get(f"/developers?for={name}&client_id=abc&redirect_uri=https://abc.example/cb")
    assert page.status_code == 200
    box = re.search(r'<pre id="configuration".*?</pre>', page.text, re.DOTALL)[0]
    assert ORIGIN in box
    assert "abc" in box


def test_an_unknown_software_is_not_found(house):
    assert house.browser().get("/developers?for=nothing").status_code == 404


@pytest.mark.parametrize("value", ["');evil('", "https://x.example/<script>", '"><img src=x>', "{{7*7}}", "a" * 5000])
def test_X_01_a_link_to_the_guide_brings_no_code(house, value):
    page = house.browser().get("/developers", query_string={"client_id": value, "redirect_uri": value})
    assert page.status_code == 200
    assert value not in html.unescape(re.search(r"<main.*</main>", page.text, re.DOTALL)[0])
    assert ANY_URI in page.text
    assert "49" not in re.search(r'<pre id="configuration".*?</pre>', page.text, re.DOTALL)[0]


def test_the_guide_tells_nothing_of_what_is_registered(house):
    service = house.service
    with_id = house.browser().get(f"/developers?client_id={service.id}").text
    assert service.redirect_uri not in with_id
    other = house.browser().get(f"/developers?client_id={'x' * len(service.id)}").text
    assert with_id.replace(service.id, "") == other.replace("x" * len(service.id), "")


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("look", LOOKS)
def test_a_button_of_each_look_and_language_is_copied_as_it_is_shown(house, look, language):
    page = house.browser().get("/developers", query_string={"look": look, "button": language}).text
    code = html.unescape(re.search(r'<pre id="button-code".*?<code>(.*?)</code>', page, re.DOTALL)[1])
    label = house.ground.app.extensions["idp-words"].say(language, "developers.button.label")
    assert f'lang="{language}"' in code
    assert f"<span>{label}</span>" in code
    assert 'aria-hidden="true"' in code
    assert "<script" not in code
    assert "http" not in code
    assert "$" not in code


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_every_look_can_be_read_and_its_edge_and_focus_are_seen(look):
    """WCAG 2.2 §1.4.3 (text) and §1.4.11 (parts of controls)."""
    assert contrast(look.ground, look.ink) >= 4.5
    assert contrast(look.hover, look.ink) >= 4.5
    assert contrast(look.edge, look.page) >= 3
    assert contrast(look.focus, look.page) >= 3


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == 21
    assert contrast("#777777", "#777777") == 1
    assert round(contrast("#0b50d0", "#ffffff"), 1) == 6.8  # as the guide says


@pytest.mark.parametrize("query", [{"look": "none"}, {"button": "fr"}, {"look": "blue", "button": "../ko"}])
def test_no_other_button_is_there(house, query):
    assert house.browser().get("/developers", query_string=query).status_code == 404


def test_what_happens_without_pkce_is_told_as_it_happens(house):
    refused = house.browser().authorize(house.service, code_challenge=None, code_challenge_method=None)
    answered = dict(parse_qsl(urlsplit(refused.headers["Location"]).query))
    told = html.unescape(house.browser().get("/developers").text)
    assert f"error={answered['error']}&error_description={answered['error_description']}" in told


@pytest.mark.parametrize(
    ("name", "software"),
    [
        ("authlib-flask", "Authlib (Flask, Django)"),
        ("django", "Authlib (Flask, Django)"),
        ("spring-security", "Spring Security 5.7, 6"),
        ("php", "jumbojett/openid-connect-php"),
        ("mod-auth-openidc", "mod_auth_openidc 2.4"),
        ("oauth2-proxy", "oauth2-proxy 7.3+"),
    ],
)
def test_the_configurations_send_pkce_as_the_guide_says(name, software):
    setting = next(one.setting for one in PKCE_HABITS if one.software == software)
    words = re.findall(r"\w{4,}", setting)
    assert all(word in (FOLDER / f"{name}.txt").read_text("utf-8") for word in words)
