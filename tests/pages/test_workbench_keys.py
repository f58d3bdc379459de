"""The workbench: secrets and keys change by the engineer's passkey alone, and what ends is told before it does."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from idp.audit.catalogue import Event
from idp.delivery.mail import read_payload
from idp.keys.sealing import row_context
from idp.registration.deadlines import DAY, Deadline, Kind, days_left, warning_due
from idp.storage.client_warnings import warn_of_ends
from idp.storage.models import OutboxRow
from tests.ground import call, copy_ground
from tests.pages.workbench_walks import confirm, here
from tests.sandboxes import open_sandbox
from tests.signed_requests import JWKS

# Secrets and keys.


def token_status(ground, service, secret):
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": service.redirect_uri}
    return call(ground, "/token", form, replace(service, secret=secret)).status_code


def test_a_rotated_secret_overlaps_as_long_as_was_chosen(ground):
    box = open_sandbox(ground)
    old = box.service.secret
    box.browser.get(here(box))
    box.browser.submit(here(box, "/secret"), days="7")
    page = confirm(box)
    new = page.text.split('id="client-secret"')[1].split("<code>")[1].split("</code>")[0]
    for secret in (old, new):
        assert token_status(ground, box.service, secret) == 400  # authenticated: the code is what is wrong
    assert new not in box.browser.get(here(box)).text  # once
    ground.clock.now += 7 * DAY - 1
    assert token_status(ground, box.service, old) == 400
    ground.clock.now += 1
    assert token_status(ground, box.service, old) == 401
    assert token_status(ground, box.service, new) == 400


def test_the_old_secret_can_be_ended_at_once(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box))
    box.browser.submit(here(box, "/secret"), days="30")
    confirm(box)
    assert token_status(ground, box.service, box.service.secret) == 400
    box.browser.get(here(box))
    assert (
        box.browser.post(here(box, "/secret"), {**box.browser.form(here(box, "/secret")), "act": "end"}).status_code
        == 200
    )
    confirm(box)
    assert token_status(ground, box.service, box.service.secret) == 401


@pytest.mark.parametrize(
    "how", ["no passkey", "another's passkey", "twice", "late", "another act", "not theirs any more"]
)
def test_V_05_no_secret_is_changed_without_the_engineers_passkey_for_this_very_act(ground, how):
    box = open_sandbox(ground)
    box.browser.get(here(box))
    box.browser.submit(here(box, "/secret"), days="7")
    form = box.browser.form("/workbench/confirm")
    signs = open_sandbox(ground).engineer.device if how == "another's passkey" else box.engineer.device
    options = json.loads(form["options"]) | ({"allowCredentials": []} if how == "another's passkey" else {})
    credential = json.dumps(signs.get(options, "http://localhost:9000"))
    fields = form | {"credential": credential}
    if how == "no passkey":
        fields["credential"] = ""
    elif how == "twice":
        assert box.browser.post("/workbench/confirm", fields).status_code == 200
    elif how == "late":
        ground.clock.now += 301
    elif how == "another act":
        box.browser.get("/staff/sign-in")
        fields["request"] = box.browser.form("/staff/sign-in")["request"]
    elif how == "not theirs any more":
        ground.provider.staff.unbind(box.engineer.id, box.service.id)
    before = ground.provider.clients.get(box.service.id)
    status = box.browser.post("/workbench/confirm", fields).status_code
    assert status == (404 if how == "not theirs any more" else 403)
    assert ground.provider.clients.get(box.service.id) == before


@pytest.mark.parametrize("days", ["31", "-1", "365", "x", ""])
def test_no_other_overlap_can_be_asked_for(box, days):
    box.browser.get(here(box))
    assert box.browser.submit(here(box, "/secret"), days=days).status_code == 400


def test_keys_are_uploaded_and_a_private_one_is_refused(ground):
    box = open_sandbox(ground)
    box.browser.get(here(box, "/keys"))
    private = {"keys": [JWKS["keys"][0] | {"d": "AAAA"}]}
    assert box.browser.submit(here(box, "/keys"), jwks=json.dumps(private)).status_code == 422
    box.browser.get(here(box, "/keys"))
    box.browser.submit(here(box, "/keys"), jwks=json.dumps(JWKS), ends="2027-02-01")
    confirm(box)
    assert ground.provider.clients.find(box.service.id).jwks
    assert "2027-02-02" in box.browser.get(here(box)).text
    box.browser.get(here(box, "/keys"))
    box.browser.submit(here(box, "/keys"), jwks=json.dumps(JWKS), ends="2027-03-01")
    before = ground.provider.clients.get(box.service.id)
    confirm(box)
    assert "2027-03-02" in box.browser.get(here(box)).text
    assert ground.provider.clients.get(box.service.id) == before
    assert ground.events()[-1] == "staff:client:changed", "the same keys, dated anew"
    box.browser.get(here(box, "/keys"))
    both = box.browser.submit(here(box, "/keys"), jwks=json.dumps(JWKS), jwks_uri="https://keys.example/jwks")
    assert both.status_code == 422


# What ends.


def certificate(days):
    """A certificate in PEM that ends so many days after START."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "service.ministry.example")])
    start = datetime.fromtimestamp(1_800_000_000, UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def test_a_noted_certificate_warns_on_the_page_and_by_mail_once_for_each_threshold(template, tmp_path):
    ground = copy_ground(template, tmp_path, mail="file", mails_file=tmp_path / "mails.jsonl")
    box = open_sandbox(ground, contacts=["oncall@ministry.example", "the team"])
    box.browser.get(here(box, "/keys"))
    noted = box.browser.submit(here(box, "/keys"), act="certificate", certificate=certificate(61))
    assert noted.status_code == 303
    wired, sent = ground.provider, []
    for day in range(63):
        ground.clock.now = 1_800_000_000 + day * DAY
        for _ in range(2):
            warn_of_ends(
                wired.database, wired.clients, wired.sealers.outbox, issuer=wired.issuer, mail=True, now=ground.clock()
            )
        found = ground.rows("outbox")
        sent += [61 - day] * (found - len(sent))
    assert sent == [60, 30, 7, 1]
    with wired.database.read() as reading:
        rows = reading.all(select(OutboxRow.id, OutboxRow.payload))
    opened = [wired.sealers.outbox.open(row.payload, row_context("outbox", "payload", row.id)) for row in rows]
    assert {read_payload(one).to for one in opened} == {"oncall@ministry.example"}
    assert ground.events().count(Event.CLIENT_WARNED.tag) == 4
    ground.provider.database.engine.dispose()


@pytest.mark.parametrize(
    ("left", "warned", "due"),
    [
        (61 * DAY, None, None),
        (60 * DAY, None, 60),
        (60 * DAY, 60, None),
        (30 * DAY, 60, 30),
        (30 * DAY + 1, 60, None),
        (5 * DAY, None, 7),
        (5 * DAY, 60, 7),
        (DAY, 7, 1),
        (DAY, 1, None),
        (1, None, 1),
        (0, None, None),
        (-DAY, None, None),
    ],
)
def test_when_a_warning_is_due(left, warned, due):
    one = Deadline(client_id="a", kind=Kind.KEY, label="k", ends_at=1000 + left, warned_days=warned)
    assert warning_due(one, 1000) == due


@pytest.mark.parametrize(("seconds", "days"), [(0, 0), (-5, 0), (1, 1), (DAY, 1), (DAY + 1, 2)])
def test_days_left_are_rounded_up(seconds, days):
    assert days_left(1000 + seconds, 1000) == days


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "\0"])
def test_what_is_no_certificate_is_refused_in_one_line(box, text):
    box.browser.get(here(box, "/keys"))
    assert box.browser.submit(here(box, "/keys"), act="certificate", certificate=text).status_code == 422
