"""The same number on several people: a family may, a crowd may not, and nobody outside learns who has one (N, Y-01)."""

import json
import os
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from idp.credential.enrolment import MOST_PEOPLE_A_NUMBER
from idp.demo.authenticator import SoftAuthenticator
from tests.ground import ORIGIN, RECORD, Ground, Walker, visible

FAMILY = "+4915112345999"


def newcomer(ground: Ground, number: str, passport: str) -> Walker:
    """Somebody who enrols with `number`, up to the answer to their new passkey."""
    link = urlsplit(ground.provider.begin_enrolment(replace(RECORD, passport=passport))).fragment
    browser = ground.browser()
    browser.get("/enrol?lang=en")
    browser.submit("/enrol/open", secret=link)
    browser.submit("/enrol/record", decision="confirm")
    browser.submit("/enrol/phone", country="", number=number)
    browser.submit("/enrol/code", code=ground.codes(number)[0])
    options = json.loads(browser.form("/enrol/passkey")["options"])
    credential = SoftAuthenticator(os.urandom).create(options, ORIGIN)
    browser.submit("/enrol/passkey", credential=json.dumps(credential))
    return browser


@pytest.fixture
def family(ground):
    """As many people as may share a number."""
    for place in range(MOST_PEOPLE_A_NUMBER):
        ground.enrol(replace(RECORD, passport=f"M7068901{place}"), FAMILY)
    return ground


def test_a_second_person_may_have_the_number_and_it_is_seen(ground):
    ground.enrol(replace(RECORD, passport="M70689010"), FAMILY)
    newcomer(ground, FAMILY, "M70689011")
    assert ground.rows("persons") == 2
    assert "provider:phone:shared" in ground.events()


def test_one_more_than_a_family_is_told_and_gets_no_credential(family):
    browser = newcomer(family, FAMILY, "M70689099")
    assert browser.page.status_code == 409
    assert "register another phone number" in visible(browser.page)
    assert family.rows("persons") == MOST_PEOPLE_A_NUMBER
    assert family.events().count("provider:credential:issued") == 0


def test_another_number_of_the_same_range_is_nobodys_business(family):
    newcomer(family, FAMILY[:-1] + "8", "M70689099")
    assert family.rows("persons") == MOST_PEOPLE_A_NUMBER + 1
    assert "provider:phone:shared" not in family.events()


def test_Y_01_who_only_names_a_number_cannot_tell_whether_anybody_has_it(family):
    said = []
    for place, number in enumerate((FAMILY, FAMILY[:-1] + "8")):
        link = urlsplit(family.provider.begin_enrolment(replace(RECORD, passport=f"M7068902{place}"))).fragment
        browser = family.browser()
        browser.get("/enrol?lang=en")
        browser.submit("/enrol/open", secret=link)
        browser.submit("/enrol/record", decision="confirm")
        browser.submit("/enrol/phone", country="", number=number)
        said.append((browser.page.status_code, visible(browser.page).replace(f"ending in {number[-2:]}", "")))
    assert said[0] == said[1]
