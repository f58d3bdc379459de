"""What a person of a test holds besides their phone: an authenticator app, printed codes, another passkey."""

import html
import json
import os
from uuid import UUID

from idp.authenticators import printed_code, totp
from idp.authenticators.passkey_registration import NewPasskey
from idp.demo.authenticator import SoftAuthenticator
from idp.demo.passkey import Passkey
from idp.keys.sealing import row_context
from idp.storage.opt_outs import OptOuts
from idp.storage.people import People
from idp.storage.second_proofs import SecondProofs
from tests.ground import ORIGIN, Citizen, Ground, Walker


def give_app(ground: Ground, person: UUID) -> bytes:
    """Its secret; no code of it was used yet."""
    wired, secret = ground.provider, os.urandom(20)
    sealed = wired.sealers.app_secret.seal(secret, row_context("authenticator_apps", "secret", person))
    with wired.database.begin() as transaction:
        SecondProofs(transaction).add_app(person, sealed, 0, ground.provider.clock())
    return secret


def app_code(ground: Ground, secret: bytes, steps: int = 0) -> str:
    """The code that the app shows, or will show so many steps later."""
    return totp.code_at(secret, totp.step_at(ground.provider.clock()) + steps)


def give_printed(ground: Ground, person: UUID) -> list[str]:
    """A sheet of codes as they are printed."""
    wired = ground.provider
    codes = printed_code.new_codes(os.urandom)
    with wired.database.begin() as transaction:
        digests = [printed_code.digest_of(code, person, wired.keyed.printed_code) for code in codes]
        SecondProofs(transaction).replace_printed(person, digests, ground.provider.clock())
    return [printed_code.shown(code) for code in codes]


def give_passkey(ground: Ground, citizen: Citizen, **flags: bool) -> SoftAuthenticator:
    """Another authenticator that holds another passkey of the person."""
    phone = SoftAuthenticator(os.urandom)
    passkey = Passkey.new(
        rp_id="localhost",
        user_handle=citizen.passkey.user_handle,
        user_name="p",
        display_name="p",
        random_bytes=os.urandom,
    )
    phone.add(passkey)
    new = NewPasskey(
        webauthn_id=passkey.credential_id,
        public_key=passkey.cose_public_key,
        sign_count=0,
        aaguid="00000000-0000-0000-0000-000000000000",
        attestation_format="none",
        transports="usb",
        backup_eligible=flags.get("backup_eligible", False),
        backed_up=False,
    )
    with ground.provider.database.begin() as transaction:
        people = People(transaction)
        credential = people.credentials(citizen.person)[-1].id
        people.add_passkey(transaction.new_id(), citizen.person, credential, new, name="", now=ground.provider.clock())
    return phone


def opt_out(ground: Ground, number: str) -> None:
    """The number answers STOP."""
    with ground.provider.database.begin() as transaction:
        OptOuts(transaction).add(ground.provider.keyed.look_up.of("phone", number), ground.provider.clock())


def here(browser: Walker) -> str:
    """The address of the sign-in that the present page belongs to."""
    return f"/sign-in/{browser.form('/sign-in/cancel')['sign_in']}"


def use_app(browser: Walker, code: str):
    """Choose the authenticator app on the page of the second proof, and type a code."""
    browser.get(f"{here(browser)}/app")
    return browser.submit("/sign-in/app", code=code)


def use_printed(browser: Walker, code: str):
    """The same with a printed code."""
    browser.get(f"{here(browser)}/printed")
    return browser.submit("/sign-in/printed", code=code)


def use_passkey(browser: Walker, phone: SoftAuthenticator, **falsified):
    """The same with another passkey."""
    browser.get(f"{here(browser)}/passkey")
    options = json.loads(html.unescape(browser.page.text.split('data-options="')[1].split('"')[0]))
    return browser.submit("/sign-in/other-passkey", credential=json.dumps(phone.get(options, ORIGIN, **falsified)))
