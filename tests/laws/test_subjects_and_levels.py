"""Laws 8 and 9: one pairwise `sub` everywhere, by sector; `acr` and `amr` say what happened."""

import pytest

from tests.ground import RECORD, call
from tests.journeys.test_sign_in import verified

ACR2 = "urn:kr:overseas-id:acr:2"
ACR3 = "urn:kr:overseas-id:acr:3"


def subjects(ground, service, citizen):
    """The `sub` of every place where one appears."""
    browser = ground.browser()
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = call(ground, "/token", again, service).get_json()
    return [
        verified(ground, tokens["id_token"])["sub"],
        verified(ground, renewed["id_token"])["sub"],
        browser.userinfo(tokens["access_token"]).get_json()["sub"],
        browser.userinfo(renewed["access_token"]).get_json()["sub"],
        call(ground, "/introspect", {"token": tokens["access_token"]}, service).get_json()["sub"],
    ]


def test_law_8_one_subject_in_every_place_by_sector_and_person(ground, citizen):
    other_person = ground.enrol(RECORD, "+4915187654321")
    a1, a2 = ground.register(sector="a.example"), ground.register(sector="a.example")
    b = ground.register(sector="b.example")
    seen = {
        (name, who.number): set(subjects(ground, service, who))
        for name, service in (("a1", a1), ("a2", a2), ("b", b))
        for who in (citizen, other_person)
    }
    assert all(len(found) == 1 for found in seen.values())
    assert seen["a1", citizen.number] == seen["a2", citizen.number]
    different = [next(iter(seen[name, who.number])) for name in ("a1", "b") for who in (citizen, other_person)]
    assert len(set(different)) == 4
    for subject in different:
        assert len(subject) == 43
        assert str(citizen.person) not in subject


def test_law_8_the_subject_is_the_same_next_year(ground, service, citizen):
    before = set(subjects(ground, service, citizen))
    ground.clock.now += 365 * 86_400
    ground.provider.rotate(0)
    assert set(subjects(ground, service, citizen)) == before


@pytest.mark.parametrize(
    ("backup", "amr"),
    [
        ({}, ["hwk", "user", "sms", "mfa"]),
        ({"backup_eligible": True, "backed_up": False}, ["swk", "user", "sms", "mfa"]),
        ({"backup_eligible": True, "backed_up": True}, ["swk", "user", "sms", "mfa"]),
    ],
    ids=["device-bound", "may be copied", "is copied"],
)
def test_law_9_what_is_said_of_a_passkey_is_what_its_signed_flags_say(ground, service, backup, amr):
    citizen, browser = ground.enrol(**backup), ground.browser()
    browser.authorize(service)
    flags = 0x05 | (0x08 if backup.get("backup_eligible") else 0) | (0x10 if backup.get("backed_up") else 0)
    browser.passkey(citizen, flags=flags)
    browser.code()
    browser.consent()
    tokens = browser.token(service, browser.answer(service)["code"]).get_json()
    claims = verified(ground, tokens["id_token"])
    assert (claims["acr"], claims["amr"]) == (ACR2, amr)
    told = call(ground, "/introspect", {"token": tokens["access_token"]}, service).get_json()
    assert (told["acr"], told["auth_time"]) == (claims["acr"], claims["auth_time"])


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        ({"acr_values": ACR2}, ACR2),
        ({"acr_values": f"{ACR3} {ACR2}"}, ACR2),
        ({"acr_values": "urn:kr:overseas-id:acr:1"}, ACR2),
        ({"acr_values": ACR3}, "unmet_authentication_requirements"),
        ({"acr_values": "urn:unknown"}, "unmet_authentication_requirements"),
        ({"acr_values": f"urn:unknown {ACR2}"}, ACR2),
        ({"claims": f'{{"id_token":{{"acr":{{"essential":true,"value":"{ACR2}"}}}}}}'}, ACR2),
        (
            {"claims": f'{{"id_token":{{"acr":{{"essential":true,"value":"{ACR3}"}}}}}}'},
            "unmet_authentication_requirements",
        ),
        (
            {"claims": '{"id_token":{"acr":{"essential":true,"values":["urn:unknown"]}}}'},
            "unmet_authentication_requirements",
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("signed_in", [False, True], ids=["first sign-in", "single sign-on"])
def test_law_9_a_level_is_reached_or_refused_never_passed_over(ground, service, citizen, asked, outcome, signed_in):
    browser = ground.browser()
    if signed_in:
        browser.sign_in(service, citizen)
    answer = browser.sign_in(service, citizen, **asked)
    if "error" in answer:
        assert answer["error"] == outcome
        return
    claims = verified(ground, browser.token(service, answer["code"]).get_json()["id_token"])
    assert claims["acr"] == outcome
    assert "mfa" in claims["amr"]
