"""Canaries: what was secret on the way of a sign-in is in no log, no audit row and no column (Y-04, Y-05, law 2)."""

import json
import logging
import re
from base64 import b32encode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from idp.journal import JsonLines
from idp.people.registry.contract import read_answer
from idp.staff.member import appointment
from idp.staff.roles import Role
from tests.endpoints.service_keys import KeyedService
from tests.ground import ORIGIN, RECORD, VERIFIER, Citizen, Ground, call
from tests.missions.counters import Phone, counter
from tests.missions.passports import mrz
from tests.sandboxes import open_sandbox
from tests.second_proofs import app_code, give_app, give_printed, opt_out, use_app, use_printed
from tests.signed_requests import push
from tests.staff.colleagues import answer

PHONE = "+4915198765432"
PASSPORT = "M70689098"
CITIZEN = replace(RECORD, passport=PASSPORT, email="canary@example.org")
PERSONAL = (PASSPORT, "canary@example.org", "HONG GILDONG", "홍길동", "1980-01-31", "Unter den Linden")


def walk(ground: Ground) -> set[str]:
    """A happy and a sad way, by every endpoint; everything secret that was seen on them."""
    secrets = {PHONE, PHONE[1:], PHONE[4:], *PERSONAL, VERIFIER}
    service, citizen, browser = ground.register(), ground.enrol(CITIZEN, PHONE), ground.browser()
    keyed = KeyedService(ground)
    secrets |= {str(service.secret)}
    browser.authorize(service, scope="openid profile phone offline_access", login_hint=PASSPORT)
    secrets |= {browser.form("/sign-in/passkey")["request"], browser.options()["challenge"]}
    browser.passkey(citizen, challenge="AAAA")  # refused
    assertion = citizen.phone.get(browser.options(), ORIGIN)
    secrets |= {assertion["response"]["signature"], assertion["response"]["clientDataJSON"]}
    browser.submit("/sign-in/passkey", credential=json.dumps(assertion))
    secrets.add(ground.codes(PHONE)[0])
    wrong = "111111" if "111111" not in ground.codes(PHONE) else "222222"
    browser.code(wrong)
    secrets.add(wrong)
    ground.clock.now += 61
    browser.submit("/sign-in/code/resend")
    secrets.add(ground.codes(PHONE)[0])
    browser.code(number=PHONE)
    browser.consent()
    code = browser.answer(service)["code"]
    secrets.add(code)
    browser.token(service, code, code_verifier="w" * 43)  # burned
    browser.authorize(service, scope="openid profile phone offline_access")
    code = browser.answer(service)["code"]
    tokens = browser.token(service, code).get_json()
    secrets |= {code, tokens["access_token"], tokens["refresh_token"], tokens["id_token"]}
    browser.userinfo(tokens["access_token"])
    browser.userinfo(tokens["access_token"] + "x")
    browser.get(f"/userinfo?access_token={tokens['access_token']}")
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    renewed = call(ground, "/token", again, service).get_json()
    secrets |= {renewed["access_token"], renewed["id_token"]}
    client_assertion = keyed.assertion()
    secrets |= {client_assertion, client_assertion.split(".")[2]}
    for path in ("/introspect", "/revoke", "/token"):
        call(ground, path, keyed.form(client_assertion, token=tokens["access_token"]))
        call(ground, path, {"client_id": service.id, "client_secret": service.secret, "token": code})
        call(ground, path, {tokens["access_token"]: "1", "grant_type": code, "token": code}, service)
        call(ground, path, {"token": [code, code]}, service)
    hinted = {"id_token_hint": tokens["id_token"], "login_hint": PASSPORT}
    push(ground, service, **hinted)
    browser.authorize(service, prompt="consent", **hinted)
    browser.token(service, code)  # replayed
    browser.get(f"/logout?id_token_hint={tokens['id_token']}x")
    browser.get(f"/{tokens['access_token']}/{PHONE}")
    browser.get(f"/authorize?client_id={service.id}&redirect_uri={tokens['access_token']}")
    browser.authorize(service, response_type=code, prompt=code, response_mode=code)
    browser.authorize(service, scope=renewed["access_token"], code_challenge_method=VERIFIER)
    secrets |= {cookie.value for cookie in browser.client._cookies.values() if "language" not in cookie.key}
    secrets |= enrol(ground) | work_at_a_counter(ground)
    secrets |= other_ways(ground, citizen) | play_in_the_sandbox(ground)
    return {secret for secret in secrets if secret}


def play_in_the_sandbox(ground: Ground) -> set[str]:
    """The same at a sandbox client while its integration check is on, and a change of its secret."""
    box = open_sandbox(ground)
    here = f"/workbench/clients/{box.service.id}"
    box.browser.get(f"{here}/checks")
    box.browser.submit(f"{here}/checks")
    code = box.sign_in(state="the-secret-state-of-a-test")["code"]
    tokens = box.browser.token(box.service, code).get_json()
    form = {tokens["access_token"]: "1", "grant_type": code, "token": code, "client_id": box.service.id}
    call(ground, "/token", form | {"client_secret": tokens["access_token"]})
    call(ground, "/token", {"grant_type": code, "code": tokens["access_token"]}, box.service)
    box.browser.authorize(box.service, response_type=code, redirect_uri=tokens["access_token"])
    box.browser.authorize(box.service, scope=tokens["access_token"], code_challenge_method=code)
    box.browser.get(here)
    box.browser.submit(f"{here}/secret", days="7")
    answer(box.browser, "/workbench/confirm", box.engineer)
    new = box.browser.page.text.split('id="client-secret"')[1].split("<code>")[1].split("<")[0]
    messages = set(box.messages())
    return {str(box.service.secret), new, code, tokens["access_token"], tokens["id_token"], *messages}


def other_ways(ground: Ground, citizen: Citizen) -> set[str]:
    """The same for everything that stands in for the phone, and for a new number."""
    service, browser = ground.register(), ground.browser()
    secret, codes = give_app(ground, citizen.person), give_printed(ground, citizen.person)
    browser.authorize(service)
    browser.passkey(citizen)
    shown = app_code(ground, secret)
    use_app(browser, "000000" if shown != "000000" else "999999")
    use_app(browser, shown)
    browser.consent()
    browser = ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)
    use_printed(browser, "ZZZZ-ZZZZ")
    use_printed(browser, codes[0])
    browser.get("/account/sign-in?to=phone")
    browser.passkey(citizen)
    use_printed(browser, codes[1])
    browser.get("/account/phone")
    new = "+4915198765433"
    browser.submit("/account/phone", country="DE", number=new)
    code = ground.codes(new)[0]
    browser.submit("/account/phone/code", code=code)
    opt_out(ground, "+4915198765434")
    return {shown, code, new, *codes, *(one.replace("-", "") for one in codes), b32encode(secret).decode()}


def enrol(ground: Ground) -> set[str]:
    """The same for an enrolment: its link and its code."""
    link = urlsplit(ground.provider.credential_office.begin_enrolment(replace(CITIZEN, passport="M70689099"))).fragment
    browser = ground.browser()
    browser.get("/enrol")
    browser.submit("/enrol/open", secret=link[:-1])
    browser.get("/enrol")
    browser.submit("/enrol/open", secret=link)
    browser.submit("/enrol/record", decision="confirm")
    browser.submit("/enrol/phone", country="DE", number=PHONE)
    code = ground.codes(PHONE)[0]
    browser.submit("/enrol/code", code="000000" if code != "000000" else "999999")
    browser.submit("/enrol/code", code=code)
    return {link, code}


def work_at_a_counter(ground: Ground) -> set[str]:
    """The same for staff: an invitation, a session, a passport, the link of a case and the phone that opens it."""
    zone = mrz(number="M70689100", personal="1234567")
    ci = b64encode(b"c" * 64).decode()
    said = {"registration": {"status": "current", "as_of": "2026-11-01"}, "ci": ci}
    ground.provider.registry_table.put([("M70689100", date(1980, 1, 31), read_answer(said))])
    ground.enrol(replace(CITIZEN, passport="M70689101", extra={"ci": ci}), "+4915198765434")
    at, phone = counter(ground), Phone(ground, "+4915198765433")
    invitation = urlsplit(ground.provider.staff.invite(appointment("최등록", Role.REGISTRAR, None))).fragment
    newcomer = ground.browser()
    newcomer.get("/staff/join")
    newcomer.submit("/staff/join", secret=invitation)
    at.start(mrz=zone[:-1] + ("1" if zone[-1] != "1" else "2"))  # refused
    at.start(mrz=zone, email="canary@example.org")
    link = at.link()
    phone.enrol(link)
    at.desk.get(f"/counter/{at.case}/{link}")
    at.confirm("x" + link[:6])
    cookies = {cookie.value for cookie in at.desk.client._cookies.values()}
    return {ci, invitation, link, phone.number, *zone.split(), "M70689100", *cookies}


@pytest.fixture
def walked(ground, caplog):
    with caplog.at_level(logging.DEBUG):
        secrets = walk(ground)
    return ground, secrets, list(caplog.records)


def found(secrets, text):
    """The secrets that stand in a text; short codes only where no longer number or digest surrounds them."""
    return {
        s for s in secrets if (re.search(rf"(?<![0-9a-zA-Z-]){s}(?![0-9a-zA-Z-])", text) if s.isdigit() else s in text)
    }


def test_Y_04_no_secret_is_in_the_log(walked):
    _, secrets, records = walked
    lines = [JsonLines().format(record) for record in records]
    raw = [f"{record.getMessage()} {record.__dict__}" for record in records if record.name.startswith("idp")]
    assert len(lines) > 10
    for line in lines + raw:
        assert not found(secrets, line), line


def test_Y_04_no_secret_is_in_the_audit(walked):
    ground, secrets, _ = walked
    rows = [repr(row) for row in ground.contents()["audit_events"]]
    assert len(rows) > 15
    for row in rows:
        assert not found(secrets, row), row


def test_Y_04_M_06_no_secret_is_readable_in_any_column(walked):
    ground, secrets, _ = walked
    readable = secrets - {VERIFIER}  # never stored at all; its challenge is public
    for table, rows in ground.contents().items():
        for row in rows:
            for value in row:
                text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                assert not found(readable, text), (table, text[:80])
                if isinstance(value, bytes):
                    assert not any(s.encode() in value for s in readable), table


def test_Y_04_no_secret_is_in_the_bytes_of_the_database_file(walked):
    ground, secrets, _ = walked
    path = Path(ground.provider.database.engine.url.database)
    ground.provider.database.engine.dispose()  # the write-ahead log goes into the file
    content = path.read_bytes()
    for secret in secrets:
        if not secret.isdigit() or len(secret) > 9:
            assert secret.encode() not in content, secret


def test_law_2_no_secret_travels_in_an_address_of_ours(ground, service, citizen):
    browser = ground.browser()
    addresses = []
    get, post = browser.client.get, browser.client.post
    browser.client.get = lambda path, **k: addresses.append(path) or get(path, **k)
    browser.client.post = lambda path, **k: addresses.append(path) or post(path, **k)
    browser.authorize(service)
    browser.passkey(citizen)
    pages = [browser.page.text]
    browser.code()
    browser.consent()
    sent = {ground.codes()[0], *(c.value for c in browser.client._cookies.values())}
    assert len(addresses) == 4
    for text in addresses + re.findall(r'(?:href|action)="([^"]*)"', "".join(pages)):
        assert not found(sent, text)


NASTY = ["a\r\nb", "\x1b[31mred", '","level":"ERROR","x":"', "\u2028\u2029", "%0d%0a", "\\", "\ud7ff" * 400]


@pytest.mark.parametrize("text", NASTY, ids=ascii)
def test_Y_05_whatever_is_sent_a_log_line_is_one_line_of_json(house, caplog, text):
    quoted = text.encode("utf-8", "replace").decode()
    with caplog.at_level(logging.DEBUG):
        for name in ("client_id", "redirect_uri", "state", "scope", "prompt", "response_type", "claims", "lang"):
            house.browser().authorize(house.service, **{name: quoted})
            call(house.ground, "/token", {name: quoted, "grant_type": quoted, "code": quoted}, house.service)
        house.ground.app.test_client().post("/token", data={quoted: "1"}, base_url=ORIGIN)
        house.browser().get("/" + quoted.replace("\r", "").replace("\n", ""))
    assert caplog.records
    for record in caplog.records:
        line = JsonLines().format(record)
        assert line.isascii()
        assert line.isprintable()
        assert json.loads(line)["level"] != "ERROR"
        assert len(line) < 3000


def test_the_handles_that_were_looked_for_are_the_real_ones(walked):
    """The search itself can fail: digests of the same secrets are there to be found."""
    ground, secrets, _ = walked
    handles = [s for s in secrets if len(s) == 64]
    stored = {
        bytes(value) for rows in ground.contents().values() for row in rows for value in row if isinstance(value, bytes)
    }
    digests = [sha256(urlsafe_b64decode(handle)[16:]).digest() for handle in handles]
    assert len(handles) >= 5
    assert sum(digest in stored for digest in digests) >= 5
    assert all(UUID(bytes=urlsafe_b64decode(h)[:16]).version == 7 for h in handles)
    assert urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode() in str(ground.contents())
