"""E-09: the registry says whose status has ended, and every route to a token stops within a minute."""

import json
from dataclasses import replace
from datetime import date

import pytest
from click.testing import CliRunner

from idp.command import chores_of
from idp.people.registry.commands import registry
from idp.people.registry.contract import EndsAnswer, RegistryUnavailable, StatusEnd, read_ends
from idp.people.registry.ends import FIRST_SECONDS, MOST_ANSWERS, EndsWatch
from idp.people.registry.over_http import HttpRegistry, RegistryAccount
from idp.people.status import PersonStatus
from idp.safety import unsafe
from idp.settings import Settings, SettingsError
from idp.storage.people import People
from tests.contracts.authority import TOKEN, authority
from tests.contracts.test_registries import CI, CURRENT, FAILURES
from tests.ground import RECORD, call, copy_ground

NOW = 1_800_000_000
BORN = date.fromisoformat(RECORD.birthdate)
ONE = {"passport": "M12345678", "birthdate": RECORD.birthdate, "ended": "deceased"}


@pytest.mark.parametrize("ended", ["deceased", "renounced"])
def test_E_09_an_import_that_says_so_stops_every_route_with_the_command(ground, tmp_path, ended):
    """Sign-in, refresh, UserInfo, introspection; the session, and the person is told."""
    service = ground.register(grant_types=["authorization_code", "refresh_token"])
    citizen, browser = ground.enrol(replace(RECORD, passport="M12345678")), ground.browser()
    tokens = browser.tokens(service, citizen, scope="openid offline_access")
    other = ground.enrol(replace(RECORD, passport="M87654321"))
    file = tmp_path / "list.jsonl"
    file.write_text(json.dumps(CURRENT | ONE | {"ended": ended}) + "\n", "utf-8")
    done = CliRunner().invoke(registry, ["import", str(file)], obj=ground.provider.registry_ends)
    assert (done.exit_code, done.stdout) == (0, "1 entries; 1 people ended\n")
    assert browser.userinfo(tokens["access_token"]).status_code == 401
    seen = call(ground, "/introspect", {"token": tokens["access_token"]}, service)
    assert seen.get_json() == {"active": False}
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert call(ground, "/token", refresh, service).get_json()["error"] == "invalid_grant"
    browser.authorize(service)
    assert browser.page.status_code == 200  # no single sign-on any more
    assert 'action="/sign-in/code"' not in browser.passkey(citizen).text
    assert ground.events().count("provider:person:ended") == 1
    assert ground.browser().sign_in(service, other)["code"]
    again = CliRunner().invoke(registry, ["import", str(file)], obj=ground.provider.registry_ends)
    assert again.stdout == "1 entries\n"


def test_somebody_else_s_birth_date_ends_nobody_and_the_connecting_information_finds_whoever_moved_on(ground):
    person = ground.enrol(replace(RECORD, passport="M12345678", extra={"ci": CI})).person
    ends = ground.provider.registry_ends
    gone = StatusEnd(passport="M12345678", birthdate=date(1999, 1, 1), ended=PersonStatus.DECEASED)
    assert ends.end([gone, replace(gone, passport="M00000000", birthdate=BORN)]) == 0
    assert ends.end([replace(gone, passport="M00000000", birthdate=BORN, ci=CI)]) == 1
    assert ends.end([replace(gone, birthdate=BORN, ended=PersonStatus.RENOUNCED)]) == 0  # what has ended stays so
    with ground.provider.database.read() as reading:
        assert People(reading).find(person).status == "deceased"


def test_E_09_the_worker_hears_of_it_over_http_within_the_minute(template, tmp_path):
    token = tmp_path / "registry-token"
    token.write_text(TOKEN)
    with authority() as known:
        settings = {"registry": "http", "registry_url": known.address, "registry_token_file": token}
        made = copy_ground(template, tmp_path, **settings, registry_ends_url=known.ends_address)
        service, citizen, browser = made.register(), made.enrol(replace(RECORD, passport="M12345678")), made.browser()
        tokens = browser.tokens(service, citizen)
        chore = next(one for one in chores_of(made.provider) if isinstance(one.act, EndsWatch))
        assert chore.seconds <= 30
        chore.act(made.clock())
        assert browser.userinfo(tokens["access_token"]).status_code == 200
        known.ends.append((made.clock() - 5, ONE))
        chore.act(made.clock())
        assert browser.userinfo(tokens["access_token"]).status_code == 401
        assert known.asked[0]["since"] == made.clock() - FIRST_SECONDS
        made.provider.database.engine.dispose()


class Told:
    """A registry that gives these answers in turn, and then nothing more."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def ended_since(self, since):
        self.asked.append(since)
        answer = self.answers.pop(0) if self.answers else EndsAnswer(until=since, ends=())
        if isinstance(answer, Exception):
            raise answer
        return answer


GONE = StatusEnd(passport="M12345678", birthdate=BORN, ended=PersonStatus.DECEASED)


def test_it_asks_on_from_where_the_last_answer_ended_and_keeps_its_place_through_an_outage():
    told = Told(EndsAnswer(until=NOW - 50, ends=(GONE,)), RegistryUnavailable("status 503"))
    watch = EndsWatch(told, lambda ends: len(list(ends)))
    assert watch(NOW) == 1
    assert told.asked == [NOW - FIRST_SECONDS, NOW - 50]
    told.answers = [EndsAnswer(until=NOW, ends=(GONE, GONE))]
    assert watch(NOW + 20) == 2
    assert told.asked[2:] == [NOW - 50, NOW]


def test_what_could_not_be_ended_is_asked_for_again():
    answer = EndsAnswer(until=NOW, ends=(GONE,))
    told, away = Told(answer, answer), [True]

    def end(ends):
        if away.pop() if away else False:
            raise ConnectionError
        return len(list(ends))

    watch = EndsWatch(told, end)
    with pytest.raises(ConnectionError):  # the database is away; the worker logs it and goes on
        watch(NOW)
    assert watch(NOW) == 1
    assert told.asked == [NOW - FIRST_SECONDS] * 2 + [NOW]


def test_a_registry_that_is_ahead_or_repeats_itself_loses_nothing_and_holds_nobody_up():
    told = Told(EndsAnswer(until=NOW + 10**6, ends=()))
    watch = EndsWatch(told, lambda ends: len(list(ends)))
    watch(NOW)
    watch(NOW)
    assert told.asked == [NOW - FIRST_SECONDS] * 2
    repeating = Told(*[EndsAnswer(until=NOW - 900 + n, ends=(GONE,)) for n in range(2 * MOST_ANSWERS)])
    EndsWatch(repeating, lambda ends: len(list(ends)))(NOW)
    assert len(repeating.asked) == MOST_ANSWERS


GOOD = {"until": NOW, "ended": [ONE]}


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        GOOD | {"until": None},
        GOOD | {"until": True},
        GOOD | {"until": -1},
        GOOD | {"ended": {}},
        GOOD | {"ended": [ONE] * 501},
        GOOD | {"ended": ["M12345678"]},
        GOOD | {"ended": [ONE | {"ended": None}]},
        GOOD | {"ended": [ONE | {"ended": "moved"}]},
        GOOD | {"ended": [ONE | {"passport": "m 1"}]},
        GOOD | {"ended": [ONE | {"passport": 5}]},
        GOOD | {"ended": [ONE | {"birthdate": "yesterday"}]},
        GOOD | {"ended": [ONE | {"ci": "short"}]},
    ],
    ids=lambda document: str(document)[:60],
)
def test_half_an_answer_ends_nobody(document):
    assert read_ends(GOOD).ends == (GONE,)
    with pytest.raises(RegistryUnavailable):
        read_ends(document)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_an_authority_that_fails_tells_nothing(failure):
    with authority() as known:
        known.next = failure
        account = RegistryAccount(known.address, TOKEN, ends_url=known.ends_address)
        with pytest.raises(RegistryUnavailable):
            HttpRegistry(account).ended_since(NOW)
        assert len(known.asked) == 1


def test_law_12_it_is_asked_over_https_and_only_where_there_is_an_authority(tmp_path):
    with pytest.raises(SettingsError, match=r"^registry_ends_url"):
        Settings(registry="embedded", registry_ends_url="https://registry.example/ends")
    token = tmp_path / "token"
    token.write_text(TOKEN)
    asked = {"registry_url": "https://registry.example", "registry_token_file": token}
    settings = Settings(
        environment="production", registry="http", registry_ends_url="http://registry.example/ends", **asked
    )
    assert "registry_ends_url must be https" in list(unsafe(settings))
