"""The token endpoint on PostgreSQL, where one statement tries first: what is refused is refused as it is elsewhere."""

import pytest

from tests.ground import VERIFIER, Ground, Registered, call

ISSUED, BURNED = "client:token:issued", "client:authorization_code:burned"
REPLAYED = "client:authorization_code:replayed"


class Place:
    """An installation in which one person is signed in."""

    def __init__(self, ground: Ground) -> None:
        self.ground, self.service, self.browser = ground, ground.register(), ground.browser()
        self.citizen = ground.enrol()

    def code(self, service: Registered | None = None, **changed: str) -> str:
        return self.browser.sign_in(service or self.service, self.citizen, **changed)["code"]

    def redeem(self, code: str, service: Registered | None = None, **changed: str) -> str | None:
        """The error, or None."""
        service = service or self.service
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
        answer = call(self.ground, "/token", form | {"redirect_uri": self.service.redirect_uri} | changed, service)
        assert ("access_token" in answer.text) is (answer.status_code == 200)
        return answer.get_json().get("error")

    def told(self) -> list[str]:
        return [event for event in self.ground.events() if event in {ISSUED, BURNED, REPLAYED}]


@pytest.fixture
def place(postgresql_ground):
    made = Place(postgresql_ground)
    assert made.redeem(made.code()) is None  # the worker remembers the client from here on
    return made


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "http://localhost:9001/callback"},
        {"redirect_uri": "\0"},
        {"redirect_uri": "http://localhost:9001/callback1\0"},
        {"redirect_uri": "\U0001f600"},
        {"redirect_uri": ""},
        {"code_verifier": ""},
        {"code_verifier": "a" * 43},
        {"code_verifier": "a" * 42},
        {"code_verifier": VERIFIER + "\0"},
    ],
    ids=repr,
)
def test_T_11_P_03_P_05_P_07_a_code_with_the_wrong_words_is_burned(place, changed):
    code = place.code()
    assert place.redeem(code, **changed) == "invalid_grant"
    assert place.redeem(code) == "invalid_grant"
    assert place.told() == [ISSUED, BURNED, REPLAYED]
    assert place.ground.rows("access_tokens") == 1


def test_C_02_a_code_seen_twice_ends_everything_that_came_of_it(place):
    code = place.code(scope="openid offline_access")
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}
    answer = call(place.ground, "/token", form | {"redirect_uri": place.service.redirect_uri}, place.service).get_json()
    assert place.browser.userinfo(answer["access_token"]).status_code == 200
    assert place.redeem(code) == "invalid_grant"
    assert place.told()[-1] == REPLAYED
    assert place.browser.userinfo(answer["access_token"]).status_code == 401
    again = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    assert call(place.ground, "/token", again, place.service).status_code == 400


def test_T_08_another_client_neither_uses_nor_burns_a_code(place):
    other = place.ground.register()
    assert place.redeem(place.code(other), other, redirect_uri=other.redirect_uri) is None
    code, before = place.code(), place.ground.contents()
    assert place.redeem(code, other) == "invalid_grant"
    assert place.ground.contents() == before
    assert place.redeem(code) is None


@pytest.mark.parametrize(("seconds", "error"), [(59, None), (60, "invalid_grant")])
def test_a_code_lives_for_a_minute(place, seconds, error):
    code = place.code()
    place.ground.clock.now += seconds
    assert place.redeem(code) == error


def test_C_11_what_was_never_a_code_writes_nothing(place):
    code = place.code()
    before = place.ground.contents()
    for wrong in (code[:-1], code + "A", "A" * 64, code[:-2] + "AA", code[:22] + "A" * 42):
        assert place.redeem(wrong) == "invalid_grant"
    assert place.ground.contents() == before
    assert place.redeem(code) is None
