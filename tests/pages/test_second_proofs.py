"""No dead end: every other way to the second proof, through the pages, and what amr says of it."""

import json
from base64 import urlsafe_b64decode

import pytest
from sqlalchemy import text, update

from idp.claims.assurance import Fact
from idp.storage.models import OutboxRow, Passkey, Phone
from idp.storage.phone_changes import PhoneChanges
from tests.ground import PHONE, visible
from tests.second_proofs import (
    app_code,
    give_app,
    give_passkey,
    give_printed,
    here,
    opt_out,
    use_app,
    use_passkey,
    use_printed,
)

CONSENT = 'action="/sign-in/consent"'
CODE = 'action="/sign-in/code"'


def at_second_proof(ground, service, citizen):
    browser = ground.browser()
    browser.authorize(service)
    browser.passkey(citizen)
    return browser


def claims_of(browser, service):
    browser.consent()
    answer = browser.token(service, browser.answer(service)["code"]).get_json()
    payload = answer["id_token"].split(".")[1]
    return json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def refuse(ground, why="gave up"):
    """The worker could not deliver the newest message."""
    with ground.provider.database.begin() as transaction:
        transaction.run(update(OutboxRow).values(failed_at=ground.clock(), due_at=None, payload=None, why=why))


def lock_phone(ground, citizen):
    with ground.provider.database.begin() as transaction:
        mine = Phone.person_id == citizen.person
        transaction.run(update(Phone).where(mine).values(locked_until=ground.clock() + 900))


def silence_limit(ground, citizen):
    hour = ground.clock() // 3600
    with ground.provider.database.begin() as transaction:
        mine = Passkey.person_id == citizen.person
        transaction.run(update(Passkey).where(mine).values(sends_hour=hour, sends_in_hour=8, sends_in_day=8))


def silence_optout(ground, citizen):
    opt_out(ground, citizen.number)


def silence_stale(ground, citizen):
    with ground.provider.database.begin() as transaction:
        transaction.run(update(Phone).where(Phone.person_id == citizen.person).values(verified_at=1))


def silence_moved(ground, citizen):
    wired = ground.provider
    fingerprint = wired.keyed.look_up.of("phone", citizen.number)
    with wired.database.begin() as transaction:
        assert PhoneChanges(transaction).moved(fingerprint, ground.clock() - 3_600)


def no_silence(ground, citizen):
    pass


SILENCES = {
    "nothing": no_silence,
    "phone locked": lock_phone,
    "limit met": silence_limit,
    "opted out": silence_optout,
    "number uncertain": silence_stale,
    "number moved": silence_moved,
}
WAYS = {
    "app": (["hwk", "user", "otp", "mfa"], lambda g, c: give_app(g, c.person)),
    "printed": (["hwk", "user", "otp", "mfa"], lambda g, c: give_printed(g, c.person)),
    "passkey": (["hwk", "user", "mfa"], give_passkey),
}


def walk(ground, browser, way, given):
    if way == "app":
        return use_app(browser, app_code(ground, given))
    return use_printed(browser, given[3]) if way == "printed" else use_passkey(browser, given)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("silence", SILENCES)
def test_O_13_whatever_silences_the_phone_another_way_leads_on_and_amr_says_which(ground, service, silence, way):
    citizen = ground.enrol()
    expected, give = WAYS[way]
    given = give(ground, citizen)
    SILENCES[silence](ground, citizen)
    browser = at_second_proof(ground, service, citizen)
    assert (len(ground.codes()) == 1) is (silence == "nothing")
    assert f'id="way-{way}"' in browser.page.text
    walk(ground, browser, way, given)
    assert CONSENT in browser.page.text, visible(browser.page)[:300]
    claims = claims_of(browser, service)
    assert claims["amr"] == expected
    assert claims["acr"] == "urn:kr:overseas-id:acr:2"


def test_a_call_is_the_same_code_and_amr_says_so(ground, service, citizen):
    browser = at_second_proof(ground, service, citizen)
    ground.clock.now += 60
    browser.submit("/sign-in/code/call")
    assert ground.rows("outbox") == 2
    browser.code()
    assert claims_of(browser, service)["amr"] == ["hwk", "user", "tel", "mfa"]


def test_a_call_shares_the_sends_of_messages(ground, service, citizen):
    browser = at_second_proof(ground, service, citizen)
    for act in ("resend", "call"):
        ground.clock.now += 60
        browser.submit(f"/sign-in/code/{act}")
    ground.clock.now += 60
    assert ground.rows("outbox") == 3
    assert 'action="/sign-in/code/call"' not in browser.page.text
    form = browser.form("/sign-in/code")
    for act in ("resend", "call"):
        browser.post(f"/sign-in/code/{act}", form)
    assert ground.rows("outbox") == 3


@pytest.mark.parametrize("way", ["app", "printed"])
def test_O_02_nothing_that_was_typed_is_good_twice(ground, service, citizen, way):
    given = WAYS[way][1](ground, citizen)
    walk(ground, at_second_proof(ground, service, citizen), way, given)
    browser = at_second_proof(ground, service, citizen)
    walk(ground, browser, way, given)
    assert CONSENT not in browser.page.text
    assert "code-error" in browser.page.text


@pytest.mark.parametrize("way", ["app", "printed"])
def test_O_01_after_five_wrong_tries_the_right_one_is_refused_and_the_phone_still_works(ground, service, citizen, way):
    given = WAYS[way][1](ground, citizen)
    browser = at_second_proof(ground, service, citizen)
    use = use_app if way == "app" else use_printed
    wrong = "000000" if way == "app" else "0000-0000"
    for _ in range(5):
        use(browser, wrong)
    assert 'name="code"' not in browser.page.text
    browser.get(here(browser))
    walk(ground, browser, way, given)
    assert CONSENT not in browser.page.text
    browser.get(here(browser))
    browser.code()
    assert CONSENT in browser.page.text


def test_O_14_wrong_tries_lock_what_is_typed_and_never_passkey_or_phone(ground, service, citizen):
    secret = give_app(ground, citizen.person)
    for _ in range(2):
        browser = at_second_proof(ground, service, citizen)
        for _ in range(5):
            use_app(browser, "000000")
    browser = at_second_proof(ground, service, citizen)
    assert 'id="way-app"' not in browser.page.text
    browser.get(f"{here(browser)}/app")
    assert CODE in browser.page.text  # the page of all ways instead
    browser.code()
    assert CONSENT in browser.page.text
    ground.clock.now += 900
    browser = at_second_proof(ground, service, citizen)
    use_app(browser, app_code(ground, secret))
    assert CONSENT in browser.page.text


def test_O_03_an_app_or_a_printed_code_of_another_person_proves_nothing(ground, service, citizen):
    other = ground.enrol(number="+4915187654321")
    give_app(ground, citizen.person)
    give_printed(ground, citizen.person)
    theirs, codes = give_app(ground, other.person), give_printed(ground, other.person)
    browser = at_second_proof(ground, service, citizen)
    use_app(browser, app_code(ground, theirs))
    assert "code-error" in browser.page.text
    browser.get(here(browser))
    use_printed(browser, codes[0])
    assert "code-error" in browser.page.text


PASSKEYS = {
    "the same again": lambda _, c: c.phone,
    "one that is copied": lambda g, c: give_passkey(g, c, backup_eligible=True),
    "another person's": lambda g, _: g.enrol(number="+4915187654321").phone,
}


@pytest.mark.parametrize("which", PASSKEYS)
def test_what_is_no_second_passkey(ground, service, citizen, which):
    give_passkey(ground, citizen)  # so that the way is open
    wrong = PASSKEYS[which](ground, citizen)
    browser = at_second_proof(ground, service, citizen)
    use_passkey(browser, wrong)
    assert CONSENT not in browser.page.text
    assert 'action="/sign-in/other-passkey"' in browser.page.text


@pytest.mark.parametrize(
    "falsified", [{"challenge": "AAAA"}, {"signature": b"x" * 70}, {"client_origin": "https://evil.example"}]
)
def test_W_01_a_falsified_second_assertion_proves_nothing(ground, service, citizen, falsified):
    phone = give_passkey(ground, citizen)
    browser = at_second_proof(ground, service, citizen)
    use_passkey(browser, phone, **falsified)
    assert CONSENT not in browser.page.text


def test_W_01_a_second_assertion_is_of_its_sign_in_and_five_minutes_only(ground, service, citizen):
    phone = give_passkey(ground, citizen)
    first, second = at_second_proof(ground, service, citizen), at_second_proof(ground, service, citizen)
    first.get(f"{here(first)}/passkey")
    second.get(f"{here(second)}/passkey")
    options = json.loads(first.page.text.split('data-options="')[1].split('"')[0].replace("&#34;", '"'))
    form = first.form("/sign-in/other-passkey") | {
        "credential": json.dumps(phone.get(options, "http://localhost:9000"))
    }
    second.post("/sign-in/other-passkey", second.form("/sign-in/other-passkey") | {"credential": form["credential"]})
    assert CONSENT not in second.page.text
    ground.clock.now += 300
    first.post("/sign-in/other-passkey", form)
    assert CONSENT not in first.page.text


def test_K_03_no_way_is_weaker_than_the_level_that_is_asked_for():
    """A way that would not reach the wanted level is not offered: here one that proved no second thing."""
    from idp.claims.assurance import load_assurance
    from idp.interaction.second_proof import PROVES, Holdings, Line, Way, offers
    from idp.settings import Settings

    assurance = load_assurance(Settings().assurance_file)
    passkey = frozenset({Fact.PASSKEY, Fact.USER_VERIFIED, Fact.PROOFED})
    everything = Holdings(app=True, printed=3, other_keys=1)
    line = Line(voice=True)
    found = offers(line, everything, facts=passkey, wanted=assurance.acr_values[1], assurance=assurance, now=0)
    assert [offer.way for offer in found] == list(Way)
    found = offers(line, everything, facts=passkey, wanted=assurance.acr_values[2], assurance=assurance, now=0)
    assert found == ()
    assert all(Fact.SECOND_PROOF in proven for proven in PROVES.values())


# What becomes of the message.


def test_the_page_learns_of_a_failure_by_looking_and_offers_another_message_at_once(ground, service, citizen):
    browser = at_second_proof(ground, service, citizen)
    at = here(browser)
    assert browser.get(f"{at}/message").get_json() == {"state": "waiting"}
    refuse(ground)
    before = ground.contents()
    assert browser.get(f"{at}/message").get_json() == {"state": "failed"}
    assert ground.contents() == before
    browser.get(at)
    assert 'id="message-failed"' in browser.page.text
    assert 'data-wait="0"' in browser.page.text
    browser.submit("/sign-in/code/resend")
    browser.code()
    assert CONSENT in browser.page.text


def test_the_fate_of_a_message_is_told_to_its_own_browser_only(ground, service, citizen):
    browser = at_second_proof(ground, service, citizen)
    stranger = ground.browser()
    stranger.authorize(service)
    assert stranger.get(f"{here(browser)}/message").get_json() == {"state": "none"}


def test_a_locked_phone_of_somebody_who_holds_nothing_else_says_when_to_come_back(ground, service, citizen):
    lock_phone(ground, citizen)
    browser = at_second_proof(ground, service, citizen)
    assert browser.page.status_code == 403
    assert "access_denied" in browser.page.text  # the way back to the service
    ground.clock.now += 900
    browser.get(browser.page.text.split('data-here="')[1].split('"')[0])
    assert browser.page.status_code == 200
    browser.submit("/sign-in/code/resend")
    browser.code()
    assert CONSENT in browser.page.text


def test_O_12_a_number_that_moved_gets_no_code_for_three_days_and_the_passkey_is_not_affected(ground, service, citizen):
    silence_moved(ground, citizen)
    browser = at_second_proof(ground, service, citizen)
    assert browser.page.status_code == 403
    assert "UTC" in visible(browser.page)
    assert ground.codes() == []
    give_app(ground, citizen.person)
    browser = at_second_proof(ground, service, citizen)
    assert 'id="silence"' in browser.page.text
    assert 'id="way-app"' in browser.page.text
    assert 'action="/sign-in/code/' not in browser.page.text
    ground.clock.now += 3 * 86_400
    at_second_proof(ground, service, citizen)
    assert len(ground.codes()) == 1


def test_O_12_a_move_that_the_worker_hears_of_stops_the_code_and_the_page_says_why(ground, service, citizen):
    """The vendor is asked when the message leaves: the person is at the page already."""
    give_app(ground, citizen.person)
    browser = at_second_proof(ground, service, citizen)
    at = here(browser)
    refuse(ground)
    silence_moved(ground, citizen)
    assert browser.get(f"{at}/message").get_json() == {"state": "failed"}
    browser.get(at)
    assert 'id="silence"' in browser.page.text
    assert 'id="message-failed"' not in browser.page.text
    assert 'action="/sign-in/code"' not in browser.page.text


def test_a_met_limit_says_when_to_try_again_and_lets_the_passkey_be(ground, service, citizen):
    silence_limit(ground, citizen)
    browser = at_second_proof(ground, service, citizen)
    assert browser.page.status_code == 429
    assert "UTC" in visible(browser.page)
    assert ground.codes() == []
    ground.clock.now = (ground.clock() // 3600 + 1) * 3600
    browser = at_second_proof(ground, service, citizen)
    assert len(ground.codes()) == 1


def test_who_opted_out_is_told_and_may_opt_in(ground, service, citizen):
    opt_out(ground, PHONE)
    browser = at_second_proof(ground, service, citizen)
    assert ground.codes() == []
    assert 'id="opt-in"' in browser.page.text
    browser.submit("/sign-in/opt-in")
    browser.submit("/sign-in/code/resend")
    browser.code()
    assert CONSENT in browser.page.text
    assert "person:phone_number:opted_in" in ground.events()


def test_E_07_a_number_that_may_be_somebody_else_s_by_now_is_asked_about_first(ground, service, citizen):
    silence_stale(ground, citizen)
    browser = at_second_proof(ground, service, citizen)
    assert ground.codes() == []
    assert 'id="silence"' in browser.page.text
    browser.submit("/sign-in/code/resend")
    browser.code()
    assert CONSENT in browser.page.text
    with ground.provider.database.read() as reading:
        assert reading.all(text("SELECT verified_at FROM phones"))[0].verified_at == ground.clock()


def test_a_wrong_code_a_new_message_a_reload_and_going_back_are_no_dead_end(ground, service, citizen):
    """What strands people elsewhere, in one walk."""
    browser = at_second_proof(ground, service, citizen)
    at, old = here(browser), browser.form("/sign-in/code")
    wrong = "111111" if "111111" not in ground.codes() else "222222"
    browser.code(wrong)
    ground.clock.now += 60
    browser.submit("/sign-in/code/resend")
    assert browser.get(at).status_code == 200
    browser.code(wrong if wrong not in ground.codes() else "333333")
    assert "code-error" in browser.page.text
    browser.post("/sign-in/code", old | {"code": ground.codes()[0]})  # the form of the page before
    assert CONSENT in browser.page.text
