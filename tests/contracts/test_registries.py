"""One contract for every registry of nationals, and what the counter makes of its answers."""

import json
from base64 import b64encode
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from idp.people.registry.commands import registry
from idp.people.registry.contract import Registry, RegistryUnavailable, read_answer
from idp.people.registry.embedded import EmbeddedRegistry
from idp.people.registry.over_http import HttpRegistry, RegistryAccount
from idp.people.status import PersonStatus
from idp.safety import unsafe
from idp.settings import Settings, SettingsError
from idp.staff.roles import Role
from tests.contracts.authority import TOKEN, authority
from tests.ground import Ground, copy_ground, visible
from tests.missions.counters import Phone, counter, issue
from tests.missions.passports import mrz
from tests.staff.colleagues import appoint

CI = b64encode(bytes(range(64))).decode()
BORN = date(1980, 1, 31)
CURRENT = {"registration": {"status": "current", "as_of": "2026-11-01"}, "resident": True, "ci": CI, "ended": None}
Add = Callable[[str, dict[str, Any]], None]


@pytest.fixture(params=["embedded", "http"])
def both(request, ground) -> tuple[Registry, Add]:
    """A registry, and a way to tell it of somebody."""
    if request.param == "embedded":
        table = ground.provider.registry_table
        yield EmbeddedRegistry(table), lambda number, said: table.put([(number, BORN, read_answer(said))])
        return
    with authority() as known:

        def add(number, said):
            known.people[number, BORN.isoformat()] = said

        yield HttpRegistry(RegistryAccount(known.address, TOKEN)), add


def test_it_says_what_it_was_told_and_nothing_of_others(both):
    asked, add = both
    add("M12345678", CURRENT)
    answer = asked.look("M12345678", BORN)
    assert (answer.registration, answer.as_of, answer.resident, answer.ci) == ("current", "2026-11-01", True, CI)
    assert answer.ended is None
    assert asked.look("M12345679", BORN) is None
    assert asked.look("M12345678", date(1980, 2, 1)) is None


@pytest.mark.parametrize("status", ["current", "struck_off", "none"])
@pytest.mark.parametrize("ended", [None, "deceased", "renounced"])
def test_what_is_not_said_is_not_known(both, status, ended):
    asked, add = both
    add("M12345678", {"registration": {"status": status, "as_of": "2026-11-01"}, "ended": ended})
    answer = asked.look("M12345678", BORN)
    assert (answer.registration, answer.ci, answer.resident) == (status, None, None)
    assert answer.ended is (PersonStatus(ended) if ended else None)


def test_a_later_word_takes_the_place_of_an_earlier_one(both):
    asked, add = both
    add("M12345678", CURRENT)
    add("M12345678", CURRENT | {"registration": {"status": "struck_off", "as_of": "2026-12-01"}})
    assert asked.look("M12345678", BORN).registration == "struck_off"


MALFORMED = [
    [],
    "current",
    {},
    CURRENT | {"registration": "current"},
    CURRENT | {"registration": {"status": "lost", "as_of": "2026-11-01"}},
    CURRENT | {"registration": {"status": "current"}},
    CURRENT | {"registration": {"status": "current", "as_of": "yesterday"}},
    CURRENT | {"resident": "yes"},
    CURRENT | {"ci": "short"},
    CURRENT | {"ci": 5},
    CURRENT | {"ended": "moved"},
]


@pytest.mark.parametrize("document", MALFORMED, ids=str)
def test_half_an_answer_is_none(document):
    with pytest.raises(RegistryUnavailable):
        read_answer(document)


FAILURES = {
    "error": lambda desk: desk.answer(500, {}),
    "redirect": lambda desk: desk.answer(302, {}, Location="http://127.0.0.1:9/"),
    "not json": lambda desk: desk.answer(200, b"<html>"),
    "deep": lambda desk: desk.answer(200, b"[" * 10_000),
    "too large": lambda desk: desk.answer(200, b" " * 20_000),
    "dropped": lambda desk: desk.connection.close(),
    "refused": lambda desk: desk.answer(403, {}),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_an_authority_that_fails_is_unavailable(failure):
    with authority() as known:
        known.next = failure
        with pytest.raises(RegistryUnavailable):
            HttpRegistry(RegistryAccount(known.address, TOKEN)).look("M12345678", BORN)
        assert len(known.asked) == 1  # nothing is repeated, no redirect followed


def test_nobody_listening_is_unavailable_and_a_wrong_token_too():
    with authority() as known:
        with pytest.raises(RegistryUnavailable):
            HttpRegistry(RegistryAccount(known.address, "another")).look("M12345678", BORN)
        address = known.address
    with pytest.raises(RegistryUnavailable):
        HttpRegistry(RegistryAccount(address, TOKEN)).look("M12345678", BORN)


# At the counter.


@pytest.fixture
def asking(template, tmp_path) -> Ground:
    made = copy_ground(template, tmp_path, registry="embedded")
    yield made
    made.provider.database.engine.dispose()


def tell(ground: Ground, number: str = "M12345678", **changed: Any) -> None:
    ground.provider.registry_table.put([(number, BORN, read_answer(CURRENT | changed))])


def test_the_registry_s_word_takes_the_place_of_the_officer_s(asking):
    tell(asking, registration={"status": "struck_off", "as_of": "2026-12-01"}, resident=False)
    at = counter(asking)
    at.start(registration="current", resident_number="yes")
    said = visible(at.look())
    assert "말소됨" in said
    assert "재외국민 등록이 말소되어" in said


def test_somebody_the_registry_does_not_know_has_no_registration(asking):
    at = counter(asking)
    at.start(registration="current")
    assert "등록하지 않음" in visible(at.look())


@pytest.mark.parametrize("ended", ["deceased", "renounced"])
def test_E_09_nothing_is_issued_to_somebody_who_has_ended(asking, ended):
    tell(asking, ended=ended)
    page = counter(asking).start()
    assert page.status_code == 422
    assert "더 이상 발급할 수 없는 사람" in visible(page)


def test_one_connecting_information_is_one_person_whatever_the_passport(asking):
    tell(asking)
    tell(asking, "M99999999")
    at = counter(asking)
    issue(at, Phone(asking))
    page = at.start(mrz=mrz(number="M99999999"))
    assert page.status_code == 422
    assert "이미 발급받은 사람" in visible(page)
    at.start(mrz=mrz(number="M99999999"), kind="replace")
    at.second(appoint(asking, Role.SUPERVISOR, name="박책임"))
    assert at.confirm(Phone(asking, "+4915187654321").enrol(at.link())).status_code == 303
    assert asking.rows("persons") == 1
    assert CI not in repr(asking.contents())


def test_the_connecting_information_reaches_no_service(asking):
    tell(asking)
    phone, at = Phone(asking), counter(asking)
    issue(at, phone)
    service, browser = asking.register(), asking.browser()
    browser.authorize(service, scope="openid profile email phone address overseas")
    given = phone.device.get(browser.options(), "http://localhost:9000")
    browser.submit("/sign-in/passkey", credential=json.dumps(given))
    browser.code(number=phone.number)
    assert CI not in browser.page.text
    browser.consent()
    tokens = browser.token(service, browser.answer(service)["code"]).get_json()
    assert CI not in browser.userinfo(tokens["access_token"]).text


def test_E_10_while_the_registry_is_silent_headquarters_confirms(template, tmp_path):
    token = tmp_path / "registry-token"
    token.write_text(TOKEN)
    with authority() as known:
        made = copy_ground(template, tmp_path, registry="http", registry_url=known.address, registry_token_file=token)
        at = counter(made)
        known.next = FAILURES["error"]
        at.start()
        assert "중앙 등록관이 확인해야" in visible(at.look())
        assert 'id="case-link"' not in at.desk.page.text
        known.next = None
        assert at.second(appoint(made, Role.REGISTRAR, name="최등록")).status_code == 303
        at.look()
        assert 'id="case-link"' in at.desk.page.text
        made.provider.database.engine.dispose()


def test_the_list_of_the_authority_is_read_whole_or_not_at_all(asking, tmp_path):
    good = json.dumps({"passport": "M12345678", "birthdate": "1980-01-31"} | CURRENT)
    file = tmp_path / "list.jsonl"
    for bad in (
        "{}",
        "x",
        json.dumps(json.loads(good) | {"passport": "m 1"}),
        json.dumps(json.loads(good) | {"ci": "x"}),
        "[" * 50_000,
        b"\xc8\xab".decode("latin-1"),  # a list in another encoding than UTF-8
    ):
        file.write_text(f"{good}\n{bad}\n", "latin-1")
        done = CliRunner().invoke(registry, ["import", str(file)], obj=asking.provider.registry_ends)
        assert (done.exit_code, done.stderr) == (1, f"idp: {file}: line 2 is no entry of the registry\n")
    assert asking.rows("registry_entries") == 0
    file.write_text(f"{good}\n", "utf-8")
    done = CliRunner().invoke(registry, ["import", str(file)], obj=asking.provider.registry_ends)
    assert (done.exit_code, done.stdout) == (0, "1 entries\n")
    with asking.provider.database.read() as reading:
        assert "M12345678" not in repr(list(reading.all(text("SELECT * FROM registry_entries"))[0]))


@pytest.mark.parametrize(
    "changed",
    [
        {"registry": "oracle"},
        {"registry": "http"},
        {"registry": "http", "registry_url": "https://registry.example"},
    ],
)
def test_a_registry_that_cannot_be_asked_is_one_clear_line(changed):
    with pytest.raises(SettingsError, match=r"^registry"):
        Settings(**changed)


def test_law_12_production_asks_over_https_with_a_private_token(tmp_path):
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o644)
    settings = Settings(
        environment="production",
        registry="http",
        registry_url="http://registry.example",
        registry_token_file=token,
    )
    reasons = list(unsafe(settings))
    assert "registry_url must be https" in reasons
    assert any("registry_token_file" in reason and "chmod 600" in reason for reason in reasons)
