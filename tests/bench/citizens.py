"""Enrols many fictitious people at once, in a process of its own: `python -m tests.bench.citizens COUNT`.

One JSON object a line, as `idp lab citizen --json` prints one. A command per person would take longer than the
whole measurement.
"""

import json
import secrets
import sys

from idp import create_app
from idp.demo.ceremony_encoding import to_base64url
from idp.demo.citizens import citizen_record
from idp.demo.enrolled import enrol_at_once
from idp.demo.passkey import Passkey
from idp.people.record import read_record
from idp.provider import Provider
from idp.settings import load_settings
from idp.telephony.numbers import parse_number


def main(count: int) -> None:
    """Enrol `count` people in the database that the settings name."""
    app = create_app(load_settings())
    with app.app_context():
        for _ in range(count):
            sys.stdout.write(json.dumps(_enrol(app.extensions["idp"])) + "\n")


def _enrol(wired: Provider) -> dict[str, str]:
    """One person with a number of their own, because sends to one number are limited."""
    record = read_record(citizen_record("DE", random_bytes=wired.random_bytes, now=wired.clock()))
    phone = parse_number(f"+49151{secrets.randbelow(9 * 10**7) + 10**7}", None, fictional=True)
    passkey = Passkey.new(
        rp_id=wired.settings.rp_id,
        user_handle=wired.random_bytes(64),
        user_name=record.korean.full,
        display_name=record.korean.full,
        random_bytes=wired.random_bytes,
    )
    enrol_at_once(wired, record, phone, passkey, "en")
    return {
        "rp_id": passkey.rp_id,
        "credential_id": to_base64url(passkey.credential_id),
        "user_handle": to_base64url(passkey.user_handle),
        "private_key": to_base64url(passkey.pkcs8),
        "phone": phone.e164,
    }


if __name__ == "__main__":
    main(int(sys.argv[1]))
