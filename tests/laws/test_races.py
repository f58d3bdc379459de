"""Law 3: of many that present one one-time thing at once exactly one wins, and the losers get a plain refusal.

The short run has threads over one engine. The long one (10,000 of each on each database) adds whole granian
workers: tests/laws/test_races_of_workers.py.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select, text

from idp.delivery.text_messages import KIND as TEXT_MESSAGE
from idp.keys.handles import read_handle
from idp.people.registry.contract import RegistryAnswer
from idp.protocol.device_flow import DEVICE_CODE_GRANT
from idp.staff.roles import Role
from idp.storage.authorizations import Authorization
from idp.storage.device_authorizations import DeviceAuthorizations
from idp.storage.models import OutboxRow
from tests.endpoints.service_keys import KeyedService
from tests.ground import ORIGIN, RECORD, VERIFIER, Ground, Walker, call
from tests.hostile.test_forms_and_sessions import Waiting
from tests.missions.counters import Counter as Desk
from tests.missions.counters import Phone, counter
from tests.missions.passports import intake, mrz
from tests.staff.colleagues import appoint, at_desk, open_missions

RUNNERS = 4
SHORT = 200
LONG = 10_000


def race(attempts: Iterable[Callable[[], Any]]) -> list[Any]:
    """What each attempt answered; all of them set out at one signal."""
    start = Barrier(RUNNERS)

    def run(attempt: Callable[[], Any]) -> Any:
        start.wait()
        return attempt()

    with ThreadPoolExecutor(RUNNERS) as runners:
        return list(runners.map(run, attempts))


def race_of(attempts: list[Callable[[], Any]]) -> list[Any]:
    """The same for fewer than all runners: each attempt has one of its own."""
    start = Barrier(len(attempts))

    def run(attempt: Callable[[], Any]) -> Any:
        start.wait()
        return attempt()

    with ThreadPoolExecutor(len(attempts)) as runners:
        return list(runners.map(run, attempts))


def together(attempt: Callable[[], Any]) -> Counter[int]:
    """The status codes when all runners make the same attempt."""
    return Counter(answer.status_code for answer in race([attempt] * RUNNERS))


def codes(ground: Ground, count: int) -> Iterable[tuple[Any, str]]:
    """Fresh codes of one service, by single sign-on, session after session."""
    service, citizen, browser = ground.register(), ground.enrol(), ground.browser()
    for _ in range(count):
        yield service, browser.sign_in(service, citizen)["code"]


ROUNDS = [
    pytest.param(SHORT // 4, id="short"),
    pytest.param(LONG, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_C_01_law_3_one_code_is_redeemed_once(either_ground, rounds):
    ground = either_ground
    for done, (service, code) in enumerate(codes(ground, rounds), 1):
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": service.redirect_uri,
            "code_verifier": VERIFIER,
        }
        answers = together(lambda: call(ground, "/token", form, service))  # noqa: B023 (called within the loop)
        assert answers == {200: 1, 400: RUNNERS - 1}
        assert ground.rows("access_tokens") == done
    assert ground.events().count("client:token:issued") == rounds


@pytest.mark.parametrize("rounds", ROUNDS)
def test_T_06_law_3_one_assertion_is_accepted_once(either_ground, rounds):
    keyed = KeyedService(either_ground)
    for _ in range(rounds):
        form = keyed.form(token="t")
        answers = together(lambda: call(either_ground, "/introspect", form))  # noqa: B023 (called within the loop)
        assert answers == {200: 1, 401: RUNNERS - 1}
    assert either_ground.rows("used_once") == rounds


@pytest.mark.parametrize("rounds", ROUNDS)
def test_C_04_law_3_one_rotating_refresh_token_has_one_child(either_ground, rounds):
    ground = either_ground
    service, citizen, browser = ground.register(token_endpoint_auth_method="none"), ground.enrol(), ground.browser()
    token = browser.tokens(service, citizen, scope="openid offline_access")["refresh_token"]
    for done in range(1, rounds + 1):
        form = {"grant_type": "refresh_token", "refresh_token": token}
        answers = race([lambda: call(ground, "/token", form, service)] * RUNNERS)  # noqa: B023 (called within the loop)
        assert sorted(answer.status_code for answer in answers) == [200, *[400] * (RUNNERS - 1)]
        assert ground.rows("refresh_tokens") == done + 1
        # The only child is presented next: a race that ended the family would end the walk here.
        token = next(answer.get_json()["refresh_token"] for answer in answers if answer.status_code == 200)


def twin(browser: Walker) -> Walker:
    """The same browser in another tab: its cookies, a client of its own."""
    other = Walker(browser.ground)
    other.client._cookies.update(browser.client._cookies)
    other.page = browser.page
    return other


STEPS = {
    # step: what there is one of afterwards
    "passkey": "sign_ins",
    "code": "sessions",
    "consent": "grants",
}


@pytest.mark.parametrize(
    "rounds",
    [pytest.param(5, id="short"), pytest.param(1000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
@pytest.mark.parametrize("step", STEPS)
def test_O_02_W_01_CS_03_law_3_a_step_sent_from_many_tabs_happens_once(either_ground, step, rounds):
    ground = either_ground
    for done in range(1, rounds + 1):
        waiting = Waiting(ground, step)
        tabs = [twin(waiting.browser) for _ in range(RUNNERS)]
        answers = race([lambda tab=tab: tab.post(waiting.path, waiting.form) for tab in tabs])  # noqa: B023
        assert {answer.status_code for answer in answers} <= {200, 303, 400}
        assert ground.rows(STEPS[step]) == done
        if step == "consent":
            assert sum("code=" in answer.headers.get("Location", "") for answer in answers) == 1
        if step == "passkey":
            assert ground.rows("outbox") == done
        ground.clock.now += 2 * 3600  # all of them have one number, to which only so many messages go an hour


@pytest.mark.parametrize("tries", [20])
def test_O_01_law_3_no_guess_too_many_however_many_at_once(either_ground, tries):
    waiting = Waiting(either_ground, "code")
    right = waiting.form["code"]
    guesses = [str((int(right) + 1 + i) % 10**6).zfill(6) for i in range(tries - 1)]
    tabs = [twin(waiting.browser) for _ in range(tries)]
    race(
        [
            lambda tab=tab, g=g: tab.post(waiting.path, waiting.form | {"code": g})
            for tab, g in zip(tabs, [*guesses, "x"], strict=True)
        ]
    )
    with either_ground.provider.database.read() as reading:
        judged = [row.code_attempts for row in reading.all(text("SELECT code_attempts FROM sign_ins"))]
    assert judged == [6]  # it rises to one past the limit and stays there
    waiting.browser.post(waiting.path, waiting.form)  # and now the right one comes too late
    assert either_ground.rows("sessions") == 0, judged


@pytest.mark.parametrize(
    "rounds",
    [pytest.param(5, id="short"), pytest.param(1000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
def test_E_01_law_3_one_enrolment_link_belongs_to_one_browser(either_ground, rounds):
    for _ in range(rounds):
        secret = urlsplit(either_ground.provider.credential_office.begin_enrolment(RECORD)).fragment
        browsers = [either_ground.browser() for _ in range(RUNNERS)]
        for browser in browsers:
            browser.get("/enrol")
        answers = race(
            [lambda b=b: b.post("/enrol/open", b.form("/enrol/open") | {"secret": secret}) for b in browsers]  # noqa: B023
        )
        opened = [answer for answer in answers if answer.status_code == 200]
        assert len(opened) == 1
        assert {answer.status_code for answer in answers} <= {200, 400, 403, 404, 410}
    assert either_ground.events().count("person:enrolment:opened") == rounds


def test_law_3_one_passkey_answer_for_two_services_counts_once(either_ground):
    """Two pages of one browser, one use of the key: the sign count lets one of two answers made at once pass."""
    ground = either_ground
    citizen, browser = ground.enrol(), ground.browser()
    first, second = ground.register(), ground.register()
    tabs = []
    for service in (first, second):
        browser.authorize(service)
        answer = citizen.phone.get(browser.options(), ORIGIN, sign_count=7)
        tabs.append((twin(browser), browser.form("/sign-in/passkey") | {"credential": json.dumps(answer)}))
    start = Barrier(2)

    def send(pair):
        start.wait()
        return pair[0].post("/sign-in/passkey", pair[1])

    with ThreadPoolExecutor(2) as runners:
        list(runners.map(send, tabs))
    # Who comes after the first, and not with it, looks like a copy of the key: of that the person is told as well.
    with ground.provider.database.read() as reading:
        codes = reading.all(select(OutboxRow.id).where(OutboxRow.kind == TEXT_MESSAGE))
    assert ground.rows("sign_ins") == len(codes) == 1


def approved_device_codes(ground: Ground, count: int) -> Iterable[tuple[Any, str]]:
    """Device codes that a person approved, each ready to be fetched."""
    service = ground.register(
        grant_types=["authorization_code", "refresh_token", DEVICE_CODE_GRANT], device_flow_approval="a test"
    )
    browser = ground.browser()
    browser.tokens(service, ground.enrol())
    with ground.provider.database.read() as reading:
        grant = reading.one(text("SELECT * FROM grants"))
        session, person, passkey = (UUID(str(value)) for value in (grant.session_id, grant.person_id, grant.passkey_id))
    what = Authorization(
        person=person, session=session, passkey=passkey, scopes=("openid",), acr=grant.acr, amr=("mfa",), auth_time=1
    )
    for _ in range(count):
        code = call(ground, "/device_authorization", {"scope": "openid"}, service).get_json()["device_code"]
        with ground.provider.database.begin() as transaction:
            assert DeviceAuthorizations(transaction).approve(read_handle(code).id, service.id, what, ground.clock())
        yield service, code


@pytest.mark.parametrize(
    "rounds",
    [pytest.param(20, id="short"), pytest.param(1000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
def test_D_05_law_3_one_device_code_is_redeemed_once(either_ground, rounds):
    ground = either_ground
    for done, (service, code) in enumerate(approved_device_codes(ground, rounds), 1):
        form = {"grant_type": DEVICE_CODE_GRANT, "device_code": code}
        answers = together(lambda: call(ground, "/token", form, service))  # noqa: B023 (called within the loop)
        assert answers == {200: 1, 400: RUNNERS - 1}
        assert ground.rows("access_tokens") == done + 1


@pytest.mark.parametrize(
    "rounds",
    [pytest.param(5, id="short"), pytest.param(1000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)])],
)
def test_law_3_one_passport_at_two_missions_is_one_case(either_ground, rounds):
    open_missions(either_ground)
    desks = [appoint(either_ground, Role.OFFICER, code) for code in ("berlin", "tokyo")]
    browsers = [at_desk(either_ground, colleague) for colleague in desks for _ in range(RUNNERS // 2)]
    forms = [(browser, browser.get("/counter/new") and browser.form("/counter/new")) for browser in browsers]
    for done in range(1, rounds + 1):
        typed = intake(mrz=mrz(number=f"M{done:08}"))
        answers = race([lambda b=b, f=f: b.post("/counter/new", f | typed) for b, f in forms])  # noqa: B023
        assert Counter(answer.status_code for answer in answers) == {303: 1, 422: RUNNERS - 1}
        assert either_ground.rows("cases") == done
        either_ground.clock.now += 1


class OneNational:
    """A registry that knows, whatever the passport, one and the same national."""

    def __init__(self) -> None:
        self.national = 0

    def look(self, _passport, _birthdate) -> RegistryAnswer:
        ci = b64encode(self.national.to_bytes(64, "big")).decode()
        return RegistryAnswer(registration="current", as_of="2026-11-01", ci=ci)


def made_case(at: Desk, phone: Phone, passport: str) -> dict[str, str]:
    """A case whose citizen is done: what the officer sends to confirm it."""
    assert at.start(mrz=mrz(number=passport)).status_code == 303
    number = phone.enrol(at.link())
    at.look()
    return at.desk.form(f"/counter/{at.case}/confirm") | {"number": number}


@pytest.mark.parametrize(
    "rounds",
    [pytest.param(2, id="short"), pytest.param(1000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(7200)])],
)
def test_law_3_one_registration_number_at_two_missions_is_one_person(either_ground, rounds):
    ground, registry = either_ground, OneNational()
    ground.app.extensions["idp"] = replace(ground.provider, registry=registry)
    desks = [counter(ground, code) for code in ("berlin", "tokyo")]
    for done in range(1, rounds + 1):
        registry.national = done
        if done % 400 == 0:  # the eight hours of a desk are nearly over
            desks = [Desk(ground, code) for code in ("berlin", "tokyo")]
        phones = [Phone(ground, f"+4915{desk}{done:08}") for desk in (1, 2)]
        for phone in phones:  # only so many messages leave on the word of one address
            phone.browser.client.environ_base["REMOTE_ADDR"] = f"198.51.{done // 250}.{done % 250}"
        forms = [
            made_case(at, phone, f"M{desk}{done:07}") for desk, at, phone in zip((1, 2), desks, phones, strict=True)
        ]
        answers = race_of(
            [
                lambda at=at, form=form: at.desk.post(f"/counter/{at.case}/confirm", form)
                for at, form in zip(desks, forms, strict=True)
            ]
        )
        assert Counter(answer.status_code for answer in answers) == {303: 1, 409: 1}
        assert ground.rows("persons") == ground.rows("credentials") == done
        ground.clock.now += 60


def test_law_3_a_case_is_confirmed_once_however_often_it_is_sent(either_ground):
    at, phone = counter(either_ground), Phone(either_ground)
    at.start()
    number = phone.enrol(at.link())
    at.look()
    form = at.desk.form(f"/counter/{at.case}/confirm") | {"number": number}
    tabs = [twin(at.desk) for _ in range(3)]  # as many as there are tries at the number
    answers = race([lambda tab=tab: tab.post(f"/counter/{at.case}/confirm", form) for tab in [*tabs, tabs[0]]])
    assert {answer.status_code for answer in answers} <= {200, 303, 409}
    assert either_ground.rows("credentials") == either_ground.rows("persons") == 1
    assert either_ground.events().count("provider:credential:issued") == 1
    assert either_ground.provider.missions.find("berlin").issued == 1
