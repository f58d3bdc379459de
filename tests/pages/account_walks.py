"""How a person comes to their own pages, for the tests of these."""

import json
import os
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from idp.demo.authenticator import SoftAuthenticator
from idp.storage.models import Passkey
from tests.ground import ORIGIN, Citizen, Ground, Walker

READ = ("/account", "/account/services", "/account/sessions", "/account/history", "/account/passkeys", "/account/data")
READ += ("/account/stop", "/account/feedback")
FRESH = ("/account/passkeys/new", "/account/close", "/account/email")


def enter(browser: Walker, citizen: Citizen, path: str = "/account") -> TestResponse:
    """Open a page of one's own, giving whatever proof it asks for."""
    browser.get(path)
    if 'action="/sign-in/passkey"' in browser.page.text:
        browser.passkey(citizen)
        browser.code(number=citizen.number)
        assert browser.page.status_code == 303, browser.page.text[:500]
        assert browser.page.headers["Location"] == f"{ORIGIN}{path}"
        browser.get(path)
    assert browser.page.status_code == 200
    return browser.page


def made(browser: Walker, **falsified: Any) -> tuple[SoftAuthenticator, str]:
    """A further phone, and its answer to the open page that has a passkey made."""
    phone = SoftAuthenticator(os.urandom)
    return phone, json.dumps(
        phone.create(json.loads(browser.form("/account/passkeys/new")["options"]), ORIGIN, **falsified)
    )


def add_passkey(browser: Walker, citizen: Citizen, name: str = "Second") -> Citizen:
    """One more passkey: the same person with a further phone."""
    enter(browser, citizen, "/account/passkeys/new")
    phone, credential = made(browser)
    browser.submit("/account/passkeys/new", credential=credential, name=name)
    assert browser.page.status_code == 303, browser.page.text[:500]
    return replace(citizen, phone=phone, passkey=phone.passkeys[0])


def passkeys(ground: Ground, citizen: Citizen) -> list[tuple[str, str, str]]:
    """Key, name and state of a person's passkeys, oldest first."""
    with ground.provider.database.read() as reading:
        rows = reading.all(select(Passkey).where(Passkey.person_id == citizen.person).order_by(Passkey.id))
    return [(str(row.id), row.name, row.state) for row in rows]


def resume(browser: Walker, citizen: Citizen) -> TestResponse:
    """Answer the page that lifts a stop with a passkey."""
    browser.get("/account/resume")
    options = json.loads(browser.form("/account/resume")["options"])
    return browser.submit("/account/resume", credential=json.dumps(citizen.phone.get(options, ORIGIN)))
