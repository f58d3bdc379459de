"""The same number on several people: a family may, a crowd may not, and nobody outside learns who has one (N, Y-01)."""

import json
import os
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from idp.credential.enrolment import MOST_PEOPLE_A_NUMBER
from idp.demo.authenticator import SoftAuthenticator
from idp.storage.people import People
from idp.storage.shared_numbers import holders_in_turn
from tests.ground import ORIGIN, RECORD, Ground, Walker, visible
from tests.races import race

FAMILY = "+4915112345999"


def named(ground: Ground, number: str, passport: str) -> Walker:
    """Somebody who enrols and has named `number`."""
    link = urlsplit(ground.provider.credential_office.begin_enrolment(replace(RECORD, passport=passport))).fragment
    browser = ground.browser()
    browser.get("/enrol?lang=en")
    browser.submit("/enrol/open", secret=link)
    browser.submit("/enrol/record", decision="confirm")
    browser.submit("/enrol/phone", country="", number=number)
    return browser


def newcomer(ground: Ground, number: str, passport: str) -> Walker:
    """Somebody who enrols with `number`, up to the answer to their new passkey."""
    browser = named(ground, number, passport)
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


def test_one_more_than_a_family_is_told_once_they_have_typed_the_code_and_may_name_another_number(family):
    browser = named(family, FAMILY, "M70689099")
    browser.submit("/enrol/code", code=family.codes(FAMILY)[0])
    assert "Enter another number" in visible(browser.page)
    assert 'action="/enrol/phone"' in browser.page.text
    assert family.rows("persons") == MOST_PEOPLE_A_NUMBER
    assert family.events().count("provider:credential:issued") == 0


def test_another_number_of_the_same_range_is_nobodys_business(family):
    newcomer(family, FAMILY[:-1] + "8", "M70689099")
    assert family.rows("persons") == MOST_PEOPLE_A_NUMBER + 1
    assert "provider:phone:shared" not in family.events()


def test_Y_01_who_only_names_a_number_cannot_tell_whether_anybody_has_it(family):
    said = []
    for place, number in enumerate((FAMILY, FAMILY[:-1] + "8")):
        link = urlsplit(
            family.provider.credential_office.begin_enrolment(replace(RECORD, passport=f"M7068902{place}"))
        ).fragment
        browser = family.browser()
        browser.get("/enrol?lang=en")
        browser.submit("/enrol/open", secret=link)
        browser.submit("/enrol/record", decision="confirm")
        browser.submit("/enrol/phone", country="", number=number)
        said.append((browser.page.status_code, visible(browser.page).replace(f"ending in {number[-2:]}", "")))
    assert said[0] == said[1]


def ready(ground: Ground, number: str, passport: str) -> tuple[Walker, str]:
    """Somebody whose passkey is made and not yet handed in: what stands between them and a credential is one POST."""
    browser = named(ground, number, passport)
    browser.submit("/enrol/code", code=ground.codes(number)[0])
    options = json.loads(browser.form("/enrol/passkey")["options"])
    return browser, json.dumps(SoftAuthenticator(os.urandom).create(options, ORIGIN))


def test_law_3_of_two_who_want_the_last_place_of_a_number_at_once_one_gets_it(either_ground):
    """A sixth person between the counting and the writing of the fifth."""
    for place in range(MOST_PEOPLE_A_NUMBER - 1):
        either_ground.enrol(replace(RECORD, passport=f"M7068901{place}"), FAMILY)
    waiting = [ready(either_ground, FAMILY, f"M7068903{place}") for place in range(2)]

    def hand_in() -> int:
        browser, credential = waiting.pop()
        return browser.submit("/enrol/passkey", credential=credential).status_code

    answers = race(hand_in, callers=2)
    assert sorted(answers) == [200, 409]
    assert either_ground.rows("persons") == MOST_PEOPLE_A_NUMBER


def test_law_3_places_of_a_number_are_given_one_after_the_other(either_ground):
    """Many steps at once, each of which counts and then adds one."""
    wired, fingerprint = either_ground.provider, either_ground.provider.keyed.look_up.of("phone", FAMILY)

    def take() -> bool:
        with wired.database.begin() as step:
            if len(holders_in_turn(step, fingerprint)) >= MOST_PEOPLE_A_NUMBER:
                return False
            person = wired.world.new_id()
            people = People(step)
            people.add(
                person,
                user_handle=os.urandom(64),
                record=b"r",
                identifier=None,
                connecting=None,
                language="ko",
                now=1,
            )
            people.add_phone(wired.world.new_id(), person, sealed=b"s", fingerprint=fingerprint, region="DE", now=1)
            return True

    answers = race(take, callers=4 * MOST_PEOPLE_A_NUMBER)
    assert answers.count(True) == MOST_PEOPLE_A_NUMBER
    assert either_ground.rows("phones") == MOST_PEOPLE_A_NUMBER
